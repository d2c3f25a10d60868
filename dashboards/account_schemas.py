"""What the API says of accounts: `/v1/accounts` and one of them."""

from typing import Literal

from dashboards.schemas import Money, Schema

Role = Literal["customer", "vendor"]


class CreditView(Schema):
    """What a customer may spend, as credit control wrote it last."""

    limit: Money
    reserved: Money
    free: Money
    overrun: Money
    calls: int
    used_percent: int
    blocks: int
    at_ms: int


class AccountView(Schema):
    """An account in one currency; `balance` is what it has paid less what it was charged.

    credit: of customers with a limit, in their own currency.
    """

    role: Role
    account: str
    name: str
    deck: str
    currency: str
    charged: Money
    paid: Money
    balance: Money
    credit: CreditView | None


class AccountList(Schema):
    """All accounts, customers first."""

    accounts: list[AccountView]


class MovementView(Schema):
    """A payment or an adjustment."""

    at_ms: int
    id: str
    kind: str
    money: Money
    currency: str
    ordered_by: str
    note: str


class EventView(Schema):
    """Something that credit control said of an account."""

    at_ms: int
    kind: str
    money: Money
    detail: str


class WholeAccount(Schema):
    """An account in each of its currencies, with its newest movements and events."""

    sheets: list[AccountView]
    movements: list[MovementView]
    events: list[EventView]
