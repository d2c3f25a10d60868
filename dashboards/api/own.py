"""A partner's own accounts and calls: of the account the user is tied to, of no other."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.exceptions import HTTPException

from clickhouse import account_sheet, call_search, credit
from dashboards.account_schemas import Role
from dashboards.api.account_desk import known
from dashboards.api.call_query import TEXT_MAX, After, Window
from dashboards.api.calls import PAGE_CALLS
from dashboards.api.state import Parts
from dashboards.api.who import REFUSALS, Partner
from dashboards.call_views import cursor_of
from dashboards.own_schemas import OwnAccounts, OwnCalls, own_accounts, own_call

router = APIRouter(prefix="/v1/own", tags=["own"], responses=REFUSALS)


def own(person: Partner) -> str:
    """The account of whoever asks. Raises HTTPException 403: an admin has none."""
    if not person.partner:
        raise HTTPException(HTTPStatus.FORBIDDEN, "This is for partners; you have no account.")
    return person.partner


Own = Annotated[str, Depends(own)]
Called = Annotated[str, Query(max_length=TEXT_MAX, pattern=r"^\+?\d*$")]


@router.get("/accounts")
def read_own_accounts(parts: Parts, account: Own) -> OwnAccounts:
    """The own accounts: charged, paid, balance, what may still be spent; payments."""
    accounts = [each for each in known(parts) if each.account == account]
    with parts.reader.client() as client:
        mine = account_sheet.sheets(client, accounts)
        roles = {sheet.account.role for sheet in mine}
        moved = [
            m for role in sorted(roles) for m in account_sheet.movements(client, role, account)
        ]
        states = {row["account"]: row for row in credit.states(client, account)}
    return own_accounts(mine, states, moved)


@router.get("/calls")
def read_own_calls(
    parts: Parts,
    account: Own,
    span: Window,
    after: After,
    role: Role = "customer",
    called: Called = "",
) -> OwnCalls:
    """The own calls of a window, newest first, as a customer or as a vendor."""
    wanted = call_search.Wanted(*span, called=called.removeprefix("+"))
    if role == "customer":
        wanted = wanted._replace(customer=account)
    else:
        wanted = wanted._replace(vendor=account)
    with parts.reader.client() as client:
        found = call_search.page(client, wanted, after, PAGE_CALLS + 1)
    shown = found[:PAGE_CALLS]
    more = cursor_of(shown[-1]) if len(found) > PAGE_CALLS else None
    return OwnCalls(calls=[own_call(call, role) for call in shown], next=more)
