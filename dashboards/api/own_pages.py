"""The page of a partner: the own accounts, and the own calls of a window."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dashboards.account_schemas import Role
from dashboards.api.call_pages import filtered
from dashboards.api.call_query import After, Window
from dashboards.api.own import Called, Own, read_own_accounts, read_own_calls
from dashboards.api.state import Parts
from dashboards.api.who import Partner
from dashboards.lining import lined

router = APIRouter(include_in_schema=False)


@router.get("/own")
def open_own(
    request: Request,
    person: Partner,
    parts: Parts,
    account: Own,
    span: Window,
    after: After,
    role: Role | None = None,
    called: Called = "",
) -> Response:
    """Accounts and calls of whoever looks; calls of the first of the own roles unless asked."""
    found = read_own_accounts(parts, account)
    roles = list(dict.fromkeys(each.role for each in found.accounts)) or ["customer"]
    calls = read_own_calls(parts, account, span, after, role or roles[0], called)
    return filtered(
        request,
        person,
        "own.html",
        found=found,
        roles=roles,
        role=role or roles[0],
        page=calls,
        money=lined(call.money or "" for call in calls.calls),
    )
