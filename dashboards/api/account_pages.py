"""The pages of accounts: all of them, and one."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from clickhouse.reference import list_versions
from dashboards.account_schemas import Role
from dashboards.api import page
from dashboards.api.account_terms import read_terms
from dashboards.api.accounts import read_account, read_accounts
from dashboards.api.state import Parts
from dashboards.api.who import APPROVES, Staff

router = APIRouter(include_in_schema=False)


@router.get("/accounts")
def open_accounts(request: Request, person: Staff, parts: Parts) -> Response:
    """Every account; for an approver also the form for a new one."""
    found, may = read_accounts(parts).accounts, person.may(APPROVES.roles)
    decks = _decks(parts, "sell") | _decks(parts, "buy")
    about: dict[str, Any] = {"accounts": found, "may": may, "decks": sorted(decks)}
    return page.shown(request, "accounts.html", person, **about)


@router.get("/accounts/{role}/{account}")
def open_account(
    request: Request, person: Staff, parts: Parts, role: Role, account: str
) -> Response:
    """One account: its money, and for an approver what it is and a payment."""
    found, may = read_account(parts, role, account), person.may(APPROVES.roles)
    terms = read_terms(parts, role, account, Response())
    decks = _decks(parts, "sell" if role == "customer" else "buy")
    about: dict[str, Any] = {"found": found, "terms": terms, "may": may, "decks": sorted(decks)}
    return page.shown(request, "account.html", person, **about)


def _decks(parts: Parts, side: str) -> set[str]:
    with parts.reader.client() as client:
        return {each.deck for each in list_versions(client) if each.side == side}
