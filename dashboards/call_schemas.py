"""What the API says of stored calls: `/v1/calls`, one call, why it costs what it does, suspense."""

from typing import Literal

from dashboards.schemas import Money, Schema

Side = Literal["sell", "buy"]


class LegView(Schema):
    """One side of a call as it is charged now; money is None where there is none."""

    side: Side
    reason: str
    """why it is in suspense; "" where it is rated"""
    billed_s: int
    money: Money | None
    currency: str
    deck_version: int
    rate_row: int
    run: int
    """the re-rating that charged it; 0 = live"""


class CallView(Schema):
    """A stored call."""

    id: str
    """32 hexadecimal digits"""
    at_ms: int
    customer: str
    vendor: str
    calling: str
    called: str
    duration_ms: int
    sip_code: int
    legs: list[LegView]
    margin: Money | None
    """sell less buy; None where a leg is in suspense or the currencies differ"""


class CallPage(Schema):
    """Calls, newest first; `next` is the cursor of the page after, None on the last one."""

    calls: list[CallView]
    next: str | None


class RateView(Schema):
    """The row of a deck that charged a leg."""

    side: Side
    deck: str
    destination: str
    prefix: str


class WholeCall(Schema):
    """A call with where it came from and the rate rows that charge it."""

    call: CallView
    switch: str
    call_id: str
    pdd_ms: int | None
    lrn: str
    received_ms: int
    place: str
    """partition/offset/row of cdr.raw"""
    rates: list[RateView]


class Why(Schema):
    """The steps of one leg's charge; `agrees`: whether they come to what is charged."""

    side: Side
    lines: list[str]
    agrees: bool | None


class WaitingView(Schema):
    """Calls in suspense for one reason between one customer and one vendor."""

    reason: str
    customer: str
    vendor: str
    calls: int
    duration_ms: int
    oldest_ms: int
    newest_ms: int


class Suspense(Schema):
    """What waits in suspense, most minutes first; `more` if there were too many lines."""

    lines: list[WaitingView]
    more: bool
