"""What a partner may see: the own accounts and the own side of calls. Pure; rows in.

Nothing of anybody else: no other leg, no margin, no reason why a price is still missing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billing.money import format_nanos
from clickhouse.account_sheet import Movement, Sheet
from clickhouse.call_search import Call
from dashboards.account_schemas import CreditView, Role
from dashboards.account_views import account_views, movement_view
from dashboards.schemas import Money, Schema

SIDES: Final[Mapping[Role, str]] = {"customer": "sell", "vendor": "buy"}


class OwnAccount(Schema):
    """An account in one currency: what its calls came to, what was paid, the difference.

    charged: to a customer by us, to us by a vendor. credit: of customers with a limit.
    """

    role: Role
    account: str
    name: str
    currency: str
    charged: Money
    paid: Money
    balance: Money
    credit: CreditView | None


class OwnMovement(Schema):
    """A payment or an adjustment."""

    at_ms: int
    id: str
    kind: str
    money: Money
    currency: str


class OwnAccounts(Schema):
    """The accounts of a partner, each with its newest payments and adjustments."""

    accounts: list[OwnAccount]
    movements: list[OwnMovement]


class OwnCall(Schema):
    """A call as its partner sees it; money is None while it has no price yet."""

    id: str
    at_ms: int
    calling: str
    called: str
    duration_ms: int
    sip_code: int
    billed_s: int
    money: Money | None
    currency: str


class OwnCalls(Schema):
    """Calls, newest first; `next` is the cursor of the page after, None on the last one."""

    calls: list[OwnCall]
    next: str | None


def own_accounts(
    sheets: Sequence[Sheet], states: Mapping[str, Mapping[str, Any]], moved: Sequence[Movement]
) -> OwnAccounts:
    """Accounts as their partner sees them."""
    views = account_views(sheets, states)
    shown = [OwnAccount(**_of(view, OwnAccount)) for view in views]
    paid = [OwnMovement(**_of(movement_view(each), OwnMovement)) for each in moved]
    return OwnAccounts(accounts=shown, movements=paid)


def own_call(call: Call, role: Role) -> OwnCall:
    """The own side of a call."""
    own = _of(call, OwnCall)
    leg = next((each for each in call.legs if each.side == SIDES[role]), None)
    if leg is None or leg.reason:
        return OwnCall(**own, billed_s=0, money=None, currency="")
    money = format_nanos(leg.nanos)
    return OwnCall(**own, billed_s=leg.billed_s, money=money, currency=leg.currency)


def _of(found: object, shape: type[Schema]) -> dict[str, Any]:
    return {name: getattr(found, name) for name in shape.model_fields if hasattr(found, name)}
