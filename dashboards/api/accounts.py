"""Accounts with their money: all of them, and one with what was paid and what credit said."""

from http import HTTPStatus

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException

from clickhouse import account_sheet, credit
from dashboards.account_schemas import AccountList, Role, WholeAccount
from dashboards.account_views import account_views, event_view, movement_view
from dashboards.api.account_desk import known
from dashboards.api.state import Parts
from dashboards.api.who import REFUSALS, STAFF_ONLY

router = APIRouter(
    prefix="/v1/accounts",
    tags=["accounts"],
    dependencies=[Depends(STAFF_ONLY)],
    responses=REFUSALS,
)


@router.get("")
def read_accounts(parts: Parts) -> AccountList:
    """Every account: charged, paid, balance, and what a customer may still spend."""
    accounts = known(parts)
    with parts.reader.client() as client:
        found = account_sheet.sheets(client, accounts)
        states = {row["account"]: row for row in credit.states(client)}
    return AccountList(accounts=account_views(found, states))


@router.get("/{role}/{account}")
def read_account(parts: Parts, role: Role, account: str) -> WholeAccount:
    """One account, with its newest movements and events."""
    accounts = [own for own in known(parts) if (own.role, own.account) == (role, account)]
    if not accounts:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no {role} {account!r}.")
    with parts.reader.client() as client:
        own = account_sheet.sheets(client, accounts)
        customer = role == "customer"
        rows = credit.states(client, account) if customer else []
        events = account_sheet.credit_events(client, account) if customer else []
        moved = account_sheet.movements(client, role, account)
    return WholeAccount(
        sheets=account_views(own, {row["account"]: row for row in rows}),
        movements=[movement_view(each) for each in moved],
        events=[event_view(each) for each in events],
    )
