"""What people order of credit control: payments, adjustments, blocks; JSON to values."""

from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from billing.cdr import TEXT_MAX, normalise
from billing.errors import BadField
from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN
from billing.money import parse_nanos
from billing.parties import Account

Kind = Literal["opening", "payment", "adjustment", "block", "unblock"]
MONEY: Final = ("opening", "payment", "adjustment")
NANOS_MAX: Final = 10**18
CALLS_PER_MIN_MAX: Final = 60_000
_Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One order as it is sent to credit.order: JSON of these fields.

    id: the sender's; the same id never counts twice. amount: decimal text of the account's
    currency; what it adds to the account's money (a payment is above 0). prefix, reason,
    until_ms, disconnect: of blocks; prefix "" = every call. calls_per_min: of new calls that a
    block lets through. source: the alert it is about; people's own blocks have none.
    """

    kind: Kind
    id: _Name
    role: Literal["customer", "vendor"]
    account: _Name
    by: _Name
    at_ms: int
    amount: _Text = ""
    currency: _Text = ""
    note: _Text = ""
    prefix: _Text = ""
    reason: _Text = ""
    until_ms: int = 0
    disconnect: bool = False
    calls_per_min: Annotated[int, msgspec.Meta(ge=0, le=CALLS_PER_MIN_MAX)] = 0
    source: _Text = ""


class Accepted(NamedTuple):
    """An order and what it is worth."""

    order: Order
    nanos: int


_DECODER: Final = msgspec.json.Decoder(Order)


def parse_order(payload: bytes) -> Order:
    """The order of one JSON object. Raises BadField."""
    try:
        return _DECODER.decode(payload)
    except msgspec.ValidationError as error:
        field = str(error).partition("`$.")[2].partition("`")[0]
        raise BadField("invalid", field, payload[:TEXT_MAX], str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadField("unreadable", "", payload[:80], f"not JSON: {error}") from None


def accept(order: Order, account: Account | None) -> Accepted:
    """The order, if its account can take it. account: that it names, None if unknown.

    Raises BadField naming field and value.
    """
    if account is None:
        raise BadField("unknown", "account", order.account, f"no such {order.role}")
    _check_times(order)
    if order.kind not in MONEY:
        _check_block(order)
        return Accepted(order, 0)
    if order.currency != account.currency:
        detail = f"{order.account} is kept in {account.currency}"
        raise BadField("invalid", "currency", order.currency, detail)
    try:
        nanos = parse_nanos(order.amount)
    except ValueError as error:
        raise BadField("invalid", "amount", order.amount, str(error)) from None
    if order.kind == "payment" and nanos <= 0:
        detail = "a payment is above 0: money taken back is an adjustment"
        raise BadField("invalid", "amount", order.amount, detail)
    if abs(nanos) > NANOS_MAX:
        raise BadField("invalid", "amount", order.amount, f"at most {NANOS_MAX // 10**9}")
    return Accepted(order, nanos)


def _check_times(order: Order) -> None:
    if not INSTANT_MS_MIN <= order.at_ms < INSTANT_MS_MAX:
        raise BadField("invalid", "at_ms", order.at_ms, "outside the years 2000 to 2099")
    if not 0 <= order.until_ms < INSTANT_MS_MAX:
        raise BadField("invalid", "until_ms", order.until_ms, "outside the years until 2099")


def _check_block(order: Order) -> None:
    if order.role == "vendor":
        raise BadField("invalid", "role", order.role, "only customers are blocked")
    if order.prefix and normalise(order.prefix) != order.prefix:
        raise BadField("invalid", "prefix", order.prefix, "digits of a dial code, or nothing")
    if order.kind == "block" and not order.reason:
        raise BadField("missing", "reason", "", "a block says why")
    if order.disconnect and order.calls_per_min:
        said = "a block that lets calls through ends none"
        raise BadField("invalid", "disconnect", order.disconnect, said)
