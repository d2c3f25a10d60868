"""What the API says: the shapes of `/v1/noc` and `/v1/conservation`.

Money and ratios are decimal strings, instants are milliseconds since 1970 UTC. `None` means that
the figure does not exist (a margin without revenue, an ACD without calls), never zero.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Decimals = Annotated[str, Field(pattern=r"^-?\d+(\.\d{1,9})?$")]
Money = Decimals
Level = Literal["ok", "watch", "critical", "stale", "unknown"]
State = Literal["loading", "empty", "live", "error"]
Flow = Literal["exact", "in_flight", "difference", "unknown"]


class Schema(BaseModel):
    """Immutable; a misspelt field is a bug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Verdict(Schema):
    """One line on top of the page; `since_ms` is the client's to format."""

    level: Level
    text: str
    since_ms: int | None = None
    watch: list[str] = []


class Outage(Schema):
    """Why no fresh figures come: a short title, and a sentence with what to do if we know it."""

    title: str
    detail: str


class Tile(Schema):
    """A key figure now, over the whole window, and minute by minute (oldest first)."""

    value: Decimals | None
    average: Decimals | None
    spark: list[Decimals | None]


class Tiles(Schema):
    """The definitions are in `kpi.py` and on the page's tooltips."""

    cps: Tile
    asr: Tile
    acd_s: Tile
    sell_per_min: Tile
    margin_percent: Tile
    unrated_percent: Tile


class Traffic(Schema):
    """Calls that arrived in each step of `step_ms`, by outcome; the last step is complete."""

    start_ms: int
    step_ms: int
    received: list[int]
    rated: list[int]
    suspended: list[int]
    dead: list[int]
    duplicate: list[int]


class Earnings(Schema):
    """Money of the shown currency in each complete minute."""

    start_ms: int
    step_ms: int
    sell: list[Money]
    margin: list[Money]


class CurrencySum(Schema):
    """One currency over the window; sums never cross currencies."""

    currency: str
    sell: Money
    buy: Money
    margin: Money
    margin_percent: Decimals | None


class DestinationRow(Schema):
    """Rated calls to one destination; margin is None if part was bought in another currency."""

    name: str
    calls: int
    billed_s: int
    sell: Money
    buy: Money
    margin: Money | None
    margin_percent: Decimals | None
    foreign_calls: int


class ReasonRow(Schema):
    """Calls that were not rated, for one reason."""

    reason: str
    calls: int
    seconds: Decimals
    newest_ms: int


class DeadRow(Schema):
    """One record that could not be read, and the field that was wrong."""

    received_ms: int
    reason: str
    field: str
    value: str
    detail: str


class RaterRow(Schema):
    """The rater in its own words (its metrics); None where it does not answer."""

    lag_messages: int | None
    calls_per_s: Decimals | None


class Parts(Schema):
    """received - rated - suspended - dead - duplicate = difference; calls, or seconds."""

    received: Decimals
    rated: Decimals
    suspended: Decimals
    dead: Decimals
    duplicate: Decimals
    difference: Decimals


class Conservation(Schema):
    """received = rated + suspended + dead + duplicate, of what arrived since `since_ms`."""

    since_ms: int
    as_of_ms: int
    flow: Flow
    text: str
    calls: Parts
    seconds: Parts


class Snapshot(Schema):
    """Everything the NOC page shows, read once for all viewers."""

    state: State
    now_ms: int
    as_of_ms: int | None
    error: Outage | None
    verdict: Verdict
    window_s: int
    slow_window_s: int
    newest_call_ms: int | None
    currency: str | None
    currencies: list[CurrencySum]
    tiles: Tiles
    traffic: Traffic
    earnings: Earnings
    destinations: list[DestinationRow]
    losing: list[DestinationRow]
    losing_count: int
    suspense: list[ReasonRow]
    dead: list[ReasonRow]
    dead_last: list[DeadRow]
    rater: RaterRow
    conservation: Conservation | None
