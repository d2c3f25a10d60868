"""What was read from ClickHouse, and when to read which part again.

Steps of the last WINDOW_MS are kept, and a beat reads again only those that may have changed:
from a little before the newest stored call. A full read now and then mends what came later than
that. Slow parts wait at least REST_FACTOR times as long as they took, so that the console never
keeps ClickHouse busy.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

import structlog
from clickhouse_connect.driver.client import Client

from clickhouse import fraud_alerts, queries
from clickhouse.client import ClickHouseRefused
from clickhouse.fraud_alerts import FraudAlert
from clickhouse.queries import (
    Balance,
    DeadLetter,
    Destination,
    Earning,
    Intake,
    Reason,
    Signals,
    Tried,
)
from dashboards import conserve, last_week, movers, signals
from dashboards.conserve import Gap
from dashboards.kpi import STEP_MS, WINDOW_MS
from dashboards.last_week import Hour
from dashboards.triage import Triage
from deploy.runtime.documents import DocumentsDown

LATE_MS: Final = 60_000
FULL_MS: Final = 30_000
SLOW_MS: Final = 5_000
DESTINATIONS_MS: Final = 5_000
ALERTS_MS: Final = 5_000
SIGNALS_MS: Final = 5_000
CONTROLS_MS: Final = 20_000
"""credit control writes every three seconds; what is older says nothing of now"""
MOVERS_MS: Final = 15_000
WEEK_AGAIN_MS: Final = 600_000
"""after ClickHouse has refused to read last week's hour"""
BEATS: Final = ("full", "slow", "destinations", "alerts", "signals", "movers", "week")
REST_FACTOR: Final = 10
SLOW_WINDOW_MS: Final = 24 * 3_600_000
DEAD_SHOWN_MAX: Final = 4


class _Timed(Protocol):
    @property
    def start_ms(self) -> int: ...


Row = TypeVar("Row", bound=_Timed)
TriagesOf = Callable[[Iterable[str]], Mapping[str, Triage]]
"""what people said of alerts of these names; may raise DocumentsDown"""
_log = structlog.get_logger()


@dataclass
class Readings:
    """The rows of the last reads. Not for sharing between threads."""

    as_of_ms: int | None = None
    intake: list[Intake] = field(default_factory=list)
    earnings: list[Earning] = field(default_factory=list)
    newest_call_ms: int | None = None
    stored_rows: int = 0
    destinations: list[Destination] = field(default_factory=list)
    suspense: list[Reason] = field(default_factory=list)
    dead: list[Reason] = field(default_factory=list)
    dead_last: list[DeadLetter] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    balances_as_of_ms: int | None = None
    settled: list[Gap] = field(default_factory=list)
    alerts: list[FraudAlert] = field(default_factory=list)
    signals: list[Signals] = field(default_factory=list)
    week: Hour | None = None
    """the same hour a week ago; empty if nothing arrived then"""
    tried: list[Tried] = field(default_factory=list)
    triages: Mapping[str, Triage] = field(default_factory=dict)
    calls_in_progress: int | None = None
    """None: credit control does not run, or has not written lately"""


def kept(old: list[Row], fresh: list[Row], since_ms: int, floor_ms: int) -> list[Row]:
    """Old steps before `since_ms` and not older than `floor_ms`, then the fresh ones."""
    return [row for row in old if floor_ms <= row.start_ms < since_ms] + fresh


class Reader:
    """Reads what is due. `clock_ms` gives wall time and times the reads."""

    def __init__(self, clock_ms: Callable[[], int], triages_of: TriagesOf = lambda _: {}) -> None:
        self.readings = Readings()
        self.forget_settled = False
        """set it from any thread: the gaps seen so far may be calls on their way"""
        self._clock_ms, self._triages_of = clock_ms, triages_of
        self._due_ms = dict.fromkeys(BEATS, 0)

    def read(self, client: Client) -> Readings:
        """One beat. Raises as `clickhouse.queries`; what was read stays."""
        now_ms = self._clock_ms()
        self._read_steps(client, now_ms)
        if now_ms >= self._due_ms["slow"]:
            self._read_slow(client, now_ms)
            self._rest("slow", now_ms, SLOW_MS)
        if now_ms >= self._due_ms["destinations"]:
            since_ms = now_ms - WINDOW_MS
            self.readings.destinations = queries.destinations(client, since_ms)
            self._rest("destinations", now_ms, DESTINATIONS_MS)
        began_ms = self._clock_ms()
        if began_ms >= self._due_ms["alerts"]:
            self.readings.alerts = fraud_alerts.alerts(client, began_ms - SLOW_WINDOW_MS)
            since_ms = began_ms - CONTROLS_MS
            self.readings.calls_in_progress = queries.calls_in_progress(client, since_ms)
            self._rest("alerts", began_ms, ALERTS_MS)
        self._read_triages()
        self._read_quality(client)
        self._read_week(client)
        self.readings.as_of_ms = now_ms
        return self.readings

    def _read_quality(self, client: Client) -> None:
        began_ms = self._clock_ms()
        if began_ms >= self._due_ms["signals"]:
            self.readings.signals = queries.signals(client, signals.spans(began_ms))
            self._rest("signals", began_ms, SIGNALS_MS)
        began_ms = self._clock_ms()
        if began_ms >= self._due_ms["movers"]:
            middle_ms = began_ms - movers.SPAN_MS
            spans = (middle_ms - movers.SPAN_MS, middle_ms, began_ms)
            self.readings.tried = queries.movers(client, *spans, movers.ATTEMPTS_MIN)
            self._rest("movers", began_ms, MOVERS_MS)

    def _read_week(self, client: Client) -> None:
        """Once an hour: that hour is over. Where it is too much to read, the rest goes on."""
        now_ms = self._clock_ms()
        start_ms = last_week.hour_start_ms(now_ms)
        held = self.readings.week
        if (held and held.start_ms == start_ms) or now_ms < self._due_ms["week"]:
            return
        self.readings.week = None
        spans = last_week.spans(start_ms)
        span = (spans.since_ms, spans.step_ms, spans.before_ms)
        try:
            intake = queries.intake(client, *span)
            earned = queries.earnings(client, *span)
            self.readings.week = Hour(start_ms, intake, earned, queries.signals(client, spans))
        except ClickHouseRefused as error:
            self._due_ms["week"] = now_ms + WEEK_AGAIN_MS
            _log.warning("last week's hour was not read", reason=str(error))

    def _read_triages(self) -> None:
        """On every beat: who takes an alert wants to see so. The last ones stay in an outage."""
        try:
            self.readings.triages = self._triages_of(a.id for a in self.readings.alerts)
        except DocumentsDown as error:
            _log.warning("what people said of alerts was not read", reason=str(error))

    def _rest(self, beat: str, began_ms: int, beat_ms: int) -> None:
        spent_ms = self._clock_ms() - began_ms
        self._due_ms[beat] = began_ms + max(beat_ms, REST_FACTOR * spent_ms)

    def _read_steps(self, client: Client, now_ms: int) -> None:
        held = self.readings
        floor_ms = (now_ms - WINDOW_MS) // STEP_MS * STEP_MS - LATE_MS
        full = now_ms >= self._due_ms["full"]
        frontier_ms = min(now_ms, held.newest_call_ms or now_ms) - LATE_MS
        since_ms = floor_ms if full else max(floor_ms, frontier_ms // STEP_MS * STEP_MS)
        intake = queries.intake(client, since_ms, STEP_MS)
        earned = queries.earnings(client, since_ms, STEP_MS)
        held.intake = kept(held.intake, intake, since_ms, floor_ms)
        held.earnings = kept(held.earnings, earned, since_ms, floor_ms)
        newest = queries.newest_call(client, held.newest_call_ms or now_ms - SLOW_WINDOW_MS)
        held.newest_call_ms = newest.newest_ms or held.newest_call_ms
        held.stored_rows = newest.stored_rows
        if full:
            self._rest("full", now_ms, FULL_MS)

    def _read_slow(self, client: Client, now_ms: int) -> None:
        held, since_ms = self.readings, now_ms - SLOW_WINDOW_MS
        held.balances = queries.conservation(client, since_ms, now_ms - conserve.SETTLED_AFTER_MS)
        held.balances_as_of_ms = now_ms
        settled = conserve.gap(each for each in held.balances if each.settled)
        before = [] if self.forget_settled else held.settled
        self.forget_settled = False
        held.settled = [*before, settled][-conserve.CHECKS_MIN :]
        held.suspense = queries.suspense_by_reason(client, since_ms)
        held.dead = queries.dead_by_reason(client, since_ms)
        held.dead_last = queries.dead_last(client, since_ms, DEAD_SHOWN_MAX)
