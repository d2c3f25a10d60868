"""The questions the console asks: each function runs one file of `queries/` and types its rows.

Values travel as bound parameters only, instants as milliseconds since 1970 UTC, money as integer
nanos. "Since" is always the arrival of a call (`received_at`), never the call's own time.
Every function may raise ClickHouseDown (ask again later) or ClickHouseRefused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from clickhouse_connect.driver.client import Client

from clickhouse.client import asking

QUERY_S_MAX: Final = 20
DESTINATIONS_MAX: Final = 2_000
MOVERS_MAX: Final = 2_000
REASONS_MAX: Final = 50
VALUE_CHARS_MAX: Final = 60
SETTINGS: Final = {
    "do_not_merge_across_partitions_select_final": 1,
    "max_execution_time": QUERY_S_MAX,
}
_FOLDER: Final = Path(__file__).parent / "queries"

FOREVER_MS: Final = 4_102_444_800_000
"""2100: after everything that has arrived"""
Span = Literal["step", "last", "whole"]
Part = Literal["received", "rated", "suspended", "dead", "duplicate"]


@dataclass(frozen=True, slots=True)
class Intake:
    """Calls that arrived in one step of time, by outcome."""

    start_ms: int
    received: int
    rated: int
    suspended: int
    dead: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class Earning:
    """Calls and money of one currency in one step of time; nanos of rated legs only."""

    start_ms: int
    currency: str
    attempts: int
    answered: int
    answered_rated: int
    billed_s: int
    sell_nanos: int
    buy_nanos: int


@dataclass(frozen=True, slots=True)
class Signals:
    """What the signalling said of attempts, in a step of time or over one of two spans.

    coded: unanswered ones with a SIP code. reached: answered, busy, no answer or rejected.
    """

    span: Span
    start_ms: int
    attempts: int
    unanswered: int
    coded: int
    reached: int
    with_pdd: int
    pdd_p95_ms: int | None


@dataclass(frozen=True, slots=True)
class Spans:
    """Which attempts: steps since `since_ms`, and two spans; all of them end before `before_ms`."""

    since_ms: int
    last_ms: int
    whole_ms: int
    before_ms: int
    step_ms: int


@dataclass(frozen=True, slots=True)
class Tried:
    """Attempts of a customer to a destination in a time, and in the time before it."""

    customer: str
    destination: str
    attempts_then: int
    answered_then: int
    billed_s_then: int
    attempts_now: int
    answered_now: int
    billed_s_now: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Rated calls to one destination, sold in one currency.

    `buy_nanos` leaves out the `foreign_calls`, which were bought in another currency.
    """

    name: str
    currency: str
    calls: int
    billed_s: int
    sell_nanos: int
    buy_nanos: int
    foreign_calls: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why calls were not rated, and how many."""

    reason: str
    calls: int
    duration_ms: int
    newest_ms: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record that could not be read: which field held which value (cut to a limit)."""

    received_ms: int
    reason: str
    field: str
    value: str
    detail: str


@dataclass(frozen=True, slots=True)
class Balance:
    """One part of the conservation line: calls and their milliseconds."""

    settled: bool
    part: Part
    calls: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Newest:
    """Arrival of the newest stored call, None if there is none since; rows stored at all."""

    newest_ms: int | None
    stored_rows: int


@cache
def text(name: str) -> str:
    """A query of the folder."""
    return (_FOLDER / f"{name}.sql").read_text("utf-8")


def ask(client: Client, name: str, bound: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """The rows of a query of the folder."""
    with asking():
        answer = client.query(text(name), parameters=dict(bound), settings=SETTINGS)
    rows: Sequence[Sequence[Any]] = answer.result_rows
    return rows


def intake(
    client: Client, since_ms: int, step_ms: int, before_ms: int = FOREVER_MS
) -> list[Intake]:
    """Arrivals since `since_ms` in steps aligned to multiples of `step_ms`; empty steps absent."""
    bound = {"since_ms": since_ms, "step_ms": step_ms, "before_ms": before_ms}
    rows = ask(client, "intake", bound)
    return [Intake(*row) for row in rows]


def earnings(
    client: Client, since_ms: int, step_ms: int, before_ms: int = FOREVER_MS
) -> list[Earning]:
    """Legs of calls that arrived since `since_ms`, per aligned step and currency."""
    bound = {"since_ms": since_ms, "step_ms": step_ms, "before_ms": before_ms}
    return [Earning(*row) for row in ask(client, "earnings", bound)]


def signals(client: Client, spans: Spans) -> list[Signals]:
    """What the signalling said; steps and spans without an attempt are absent."""
    return [Signals(*row) for row in ask(client, "signals", asdict(spans))]


def movers(
    client: Client, since_ms: int, middle_ms: int, before_ms: int, attempts_min: int
) -> list[Tried]:
    """Customers to destinations with so many attempts on both sides of the middle, at most
    MOVERS_MAX, the most tried first.
    """
    bound = {"since_ms": since_ms, "middle_ms": middle_ms, "before_ms": before_ms}
    limits = {"attempts_min": attempts_min, "rows_max": MOVERS_MAX}
    return [Tried(*row) for row in ask(client, "movers", {**bound, **limits})]


def calls_in_progress(client: Client, since_ms: int) -> int | None:
    """Calls that go on, as credit control wrote last; None if it has not written since."""
    calls = ask(client, "calls_in_progress", {"since_ms": since_ms})
    return int(calls[0][0]) if calls and calls[0][0] is not None else None


def destinations(client: Client, since_ms: int) -> list[Destination]:
    """The largest destinations by revenue since `since_ms`, at most DESTINATIONS_MAX."""
    rows = ask(client, "destinations", {"since_ms": since_ms, "rows_max": DESTINATIONS_MAX})
    return [Destination(*row) for row in rows]


def suspense_by_reason(client: Client, since_ms: int) -> list[Reason]:
    """Calls in suspense that arrived since `since_ms`, most frequent reason first."""
    rows = ask(client, "suspense_by_reason", {"since_ms": since_ms, "rows_max": REASONS_MAX})
    return [Reason(*row) for row in rows]


def dead_by_reason(client: Client, since_ms: int) -> list[Reason]:
    """Dead letters that arrived since `since_ms`, most frequent reason first."""
    rows = ask(client, "dead_by_reason", {"since_ms": since_ms, "rows_max": REASONS_MAX})
    return [Reason(*row) for row in rows]


def dead_last(client: Client, since_ms: int, rows_max: int) -> list[DeadLetter]:
    """The newest dead letters since `since_ms`; texts cut to VALUE_CHARS_MAX characters."""
    bound = {"since_ms": since_ms, "rows_max": rows_max, "value_chars_max": VALUE_CHARS_MAX}
    return [DeadLetter(*row) for row in ask(client, "dead_last", bound)]


def conservation(client: Client, since_ms: int, until_ms: int) -> list[Balance]:
    """Parts of the line for calls that arrived from `since_ms`; settled means before `until_ms`."""
    rows = ask(client, "conservation", {"since_ms": since_ms, "until_ms": until_ms})
    return [Balance(bool(row[0]), *row[1:]) for row in rows]


def newest_call(client: Client, since_ms: int) -> Newest:
    """Arrival of the newest stored call, looked for since `since_ms`."""
    newest_ms, stored_rows = ask(client, "newest_call", {"since_ms": since_ms})[0]
    return Newest(newest_ms or None, stored_rows)
