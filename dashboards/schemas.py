"""What the API says: the shapes of `/v1/noc` and `/v1/conservation`.

Money and ratios are decimal strings, instants are milliseconds since 1970 UTC. `None` means that
the figure does not exist (a margin without revenue, an ACD without calls), never zero.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from dashboards.triage import AlertState

Decimals = Annotated[str, Field(pattern=r"^-?\d+(\.\d{1,9})?$")]
Money = Decimals
Level = Literal["ok", "watch", "critical", "stale", "unknown"]
State = Literal["loading", "empty", "live", "error"]
StreamState = Literal["flowing", "waiting", "catching_up", "behind", "away", "unknown"]
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
    """A key figure now, over the whole window, and minute by minute (oldest first).

    `last_week` is the figure of the same hour a week ago, `delta` the value less that.
    """

    value: Decimals | None
    average: Decimals | None
    spark: list[Decimals | None]
    last_week: Decimals | None = None
    delta: Decimals | None = None
    missing: str = ""
    """why there is no figure, if the feed is the reason"""


class Quality(Schema):
    """What the signalling says, as tiles."""

    ner: Tile
    pdd_s: Tile
    with_pdd_percent: Decimals | None


class Tiles(Schema):
    """The definitions are in `kpi.py` and on the page's tooltips."""

    cps: Tile
    asr: Tile
    ner: Tile
    acd_s: Tile
    pdd_s: Tile
    sell_per_min: Tile
    margin_percent: Tile
    unrated_percent: Tile
    with_pdd_percent: Decimals | None
    """attempts of the window that carry a PDD"""


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


class MoverRow(Schema):
    """A customer's calls to a destination: the last hour, and the one before it."""

    customer: str
    destination: str
    attempts: int
    attempts_before: int
    asr: Decimals | None
    asr_before: Decimals | None
    asr_delta: Decimals | None
    """points"""
    acd_s: Decimals | None
    acd_s_before: Decimals | None
    acd_delta_percent: Decimals | None
    """of what it was"""


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


class AlertRow(Schema):
    """A fraud incident as it was told last; `done` is the latest that was done, "" = nothing.

    `state`, `owner`, `until_ms`: who looks after it; `tag`: the ETag of that, without its quotes.
    """

    id: str
    severity: str
    family: str
    subject: str
    currency: str
    money: Money
    at_risk_per_h: Money
    reasons: list[str]
    block: list[str]
    raised_ms: int
    updated_ms: int
    done: str
    state: AlertState
    owner: str
    until_ms: int | None
    tag: str


class Waits(Schema):
    """Since when ClickHouse or the broker has been waited for; None while it answers."""

    clickhouse_ms: int | None
    broker_ms: int | None


class Backlog(Schema):
    """What waits in the broker, for all raters together, in `unit`.

    Messages are counted; calls are estimated from the messages done so far. `catch_up_s` is None
    while the backlog does not shrink.
    """

    as_of_ms: int
    unit: Literal["calls", "messages"]
    waiting: int
    messages: int
    unrated_messages: int
    unstored_messages: int
    oldest_unrated_ms: int | None
    oldest_unstored_ms: int | None
    oldest_ms: int | None
    shrinks_per_s: int | None
    catch_up_s: int | None


class Stream(Schema):
    """What the stream is doing: a state, a title, what is wrong, and the figures of it."""

    state: StreamState
    title: str
    text: str
    figures: str
    raters: int
    raters_answering: int
    calls_per_s: Decimals | None
    waits: Waits
    backlog: Backlog | None


class Banner(Schema):
    """What stands over the whole page; `figures` change from beat to beat, `text` does not."""

    kind: Literal["bad", "info"]
    text: str
    figures: str


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
    banner: Banner | None
    window_s: int
    slow_window_s: int
    newest_call_ms: int | None
    calls_in_progress: int | None
    """by the events of switches, as credit control counts them; None: it does not say"""
    currency: str | None
    currencies: list[CurrencySum]
    last_week_ms: int | None
    """when the hour began that the tiles are held against; None: not read"""
    tiles: Tiles
    traffic: Traffic
    earnings: Earnings
    destinations: list[DestinationRow]
    losing: list[DestinationRow]
    losing_count: int
    movers: list[MoverRow]
    movers_attempts_min: int
    suspense: list[ReasonRow]
    dead: list[ReasonRow]
    dead_last: list[DeadRow]
    alerts: list[AlertRow]
    alerts_count: int
    stream: Stream
    conservation: Conservation | None
