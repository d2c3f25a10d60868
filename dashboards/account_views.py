"""Accounts as the API and the pages show them. Pure: rows of `clickhouse` in."""

from collections.abc import Mapping, Sequence
from typing import Any

from billing.money import format_nanos
from clickhouse.account_sheet import CreditEvent, Movement, Sheet
from dashboards.account_schemas import AccountView, CreditView, EventView, MovementView

States = Mapping[str, Mapping[str, Any]]
"""rows of clickhouse.credit.states by account"""


def account_views(sheets: Sequence[Sheet], states: States) -> list[AccountView]:
    """Accounts with their credit."""
    return [_view(sheet, states) for sheet in sheets]


def movement_view(found: Movement) -> MovementView:
    """A payment or an adjustment."""
    own = found._asdict()
    return MovementView(money=format_nanos(own.pop("nanos")), **own)


def event_view(found: CreditEvent) -> EventView:
    """An event of credit control."""
    own = found._asdict()
    return EventView(money=format_nanos(own.pop("nanos")), **own)


def _view(sheet: Sheet, states: States) -> AccountView:
    account = sheet.account
    own = account.role == "customer" and sheet.currency == account.currency
    state = states.get(account.account) if own else None
    fields: dict[str, Any] = {**account._asdict(), "currency": sheet.currency}
    return AccountView(
        **fields,
        charged=format_nanos(sheet.charged_nanos),
        paid=format_nanos(sheet.paid_nanos),
        balance=format_nanos(sheet.paid_nanos - sheet.charged_nanos),
        credit=_credit(state) if state and state["limited"] else None,
    )


def _credit(state: Mapping[str, Any]) -> CreditView:
    money: dict[str, Any] = {
        name: format_nanos(state[f"{name}_nanos"])
        for name in ("limit", "reserved", "free", "overrun")
    }
    counts: dict[str, Any] = {
        "calls": state["calls"],
        "blocks": state["blocks"],
        "at_ms": state["at_ms"],
    }
    return CreditView(**money, **counts, used_percent=state["level"])
