"""The pages of accounts: all of them, and one."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dashboards.account_schemas import Role
from dashboards.api import page
from dashboards.api.accounts import read_account, read_accounts
from dashboards.api.state import Parts
from dashboards.api.who import Staff

router = APIRouter(include_in_schema=False)


@router.get("/accounts")
def open_accounts(request: Request, person: Staff, parts: Parts) -> Response:
    """Every account."""
    return page.shown(request, "accounts.html", person, accounts=read_accounts(parts).accounts)


@router.get("/accounts/{role}/{account}")
def open_account(
    request: Request, person: Staff, parts: Parts, role: Role, account: str
) -> Response:
    """One account."""
    found = read_account(parts, role, account)
    return page.shown(request, "account.html", person, found=found)
