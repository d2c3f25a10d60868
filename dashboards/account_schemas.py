"""What the API says of accounts: `/v1/accounts` and one of them."""

from typing import Annotated, Literal

from pydantic import Field

from billing.credit.limits import CALLS_MAX, TRUNKS_MAX
from dashboards.schemas import Money, Schema

Role = Literal["customer", "vendor"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Amount = Annotated[str, Field(max_length=40, examples=["1000.00"])]
Calls = Annotated[int, Field(ge=0, le=CALLS_MAX)]
Why = Annotated[str, Field(max_length=1_000)]


class TrunkCaps(Schema):
    """Calls at once and new calls a second over one trunk; 0 = as many as they like."""

    max_calls: Calls = 0
    max_calls_per_s: Calls = 0


class LimitTerms(TrunkCaps):
    """What an account may owe (a vendor: be owed), in its currency; calls are a customer's."""

    limit: Amount
    when_recovering: Literal["refuse", "allow"] = "refuse"
    """what new calls get while nobody knows the balance"""
    trunks: Annotated[dict[Name, TrunkCaps], Field(default_factory=dict, max_length=TRUNKS_MAX)]


class TermsSent(Schema):
    """An account as it shall be. Without a limit, one that it has stays as it is."""

    name: Name
    deck: Name
    """that prices its calls: of customers a sell deck, of vendors a buy deck"""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
    limit: LimitTerms | None = None
    why: Why = ""


class TermsView(Schema):
    """An account as it is kept. handed_over: the workers have been told of this revision."""

    role: Role
    account: str
    name: str
    deck: str
    currency: str
    limit: LimitTerms | None
    revision: int
    changed_ms: int
    handed_over: bool


class FileLoaded(Schema):
    """What a file of accounts has done: how many it names, and how many of them it changed."""

    accounts: int
    changed: int


class OrderSent(Schema):
    """A payment, an adjustment or an opening balance, in the account's currency.

    id: the sender's own, which never counts twice; without one it is made up.
    """

    kind: Literal["payment", "adjustment", "opening"] = "payment"
    amount: Amount
    """what it adds to the account's money; a payment is above 0"""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
    note: Annotated[str, Field(max_length=200)] = ""
    id: Annotated[str, Field(max_length=64)] = ""


class OrderTaken(Schema):
    """It is on its way to credit control, which books it within seconds."""

    id: str


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
