"""NER, PDD, last week and movers: by hand, and what must be absent instead of wrong."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clickhouse.client import ClickHouseRefused
from clickhouse.queries import Intake, Signals, Tried
from dashboards import kpi, last_week, movers, signals
from dashboards.last_week import HOUR_MS, WEEK_MS, Hour
from dashboards.readings import WEEK_AGAIN_MS, Reader
from tests.dashboards.rows import NOW_MS, earning, intake
from tests.dashboards.stand_in import StandIn
from tests.dashboards.test_readings import Clock

EURO = 10**9
WHOLE = Signals("whole", 0, 10, 4, 4, 8, 9, 2_345)
LAST = Signals("last", 0, 4, 2, 2, 3, 4, 1_000)


def test_ner_and_pdd_of_both_spans_and_of_each_minute() -> None:
    since_ms = signals.spans(NOW_MS).since_ms
    minute = Signals("step", since_ms + 60_000, 2, 1, 1, 1, 1, 700)
    found = signals.quality([WHOLE, LAST, minute], NOW_MS)
    assert (found.ner.value, found.ner.average) == ("75.0", "80.0")
    assert (found.pdd_s.value, found.pdd_s.average) == ("1.00", "2.34")
    assert found.ner.spark[:3] == [None, "50.0", None]
    assert found.pdd_s.spark[1] == "0.70"
    assert len(found.ner.spark) == kpi.MINUTES
    assert found.with_pdd_percent == "90.0"


@pytest.mark.parametrize(
    ("whole", "why"),
    [
        (replace(WHOLE, coded=0), signals.NO_CODES),
        (replace(WHOLE, coded=0, unanswered=0), signals.ANSWERED_ONLY),
        (None, signals.NO_ATTEMPTS),
    ],
)
def test_a_feed_that_cannot_tell_has_no_ner(whole: Signals | None, why: str) -> None:
    found = signals.quality([whole, LAST] if whole else [], NOW_MS).ner
    assert (found.value, found.average, found.missing) == (None, None, why)
    assert set(found.spark) == {None}


def test_a_feed_without_pdd_says_so() -> None:
    found = signals.quality([replace(WHOLE, with_pdd=0, pdd_p95_ms=None)], NOW_MS)
    assert (found.pdd_s.value, found.pdd_s.missing) == (None, signals.NO_PDD)
    assert found.with_pdd_percent == "0.0"


def test_tiles_are_held_against_the_same_hour_of_last_week() -> None:
    start_ms = last_week.hour_start_ms(NOW_MS)
    assert start_ms % HOUR_MS == 0
    assert start_ms <= NOW_MS - WEEK_MS < start_ms + HOUR_MS
    paid = replace(
        earning(0, attempts=4, answered=2, billed_s=100, sell_nanos=6 * EURO, buy_nanos=3 * EURO),
        start_ms=start_ms,
    )
    hour = Hour(start_ms, [Intake(start_ms, 7_200, 7_200, 0, 0, 0)], [paid], [WHOLE])
    now = [earning(2_000, attempts=2, answered=1, billed_s=70, sell_nanos=10, buy_nanos=6)]
    quality = signals.quality([WHOLE, LAST], NOW_MS)
    tiles = kpi.tiles([intake(2_000, 10)], now, "EUR", NOW_MS, quality)
    found = last_week.compared(tiles, hour, "EUR")
    assert (found.cps.last_week, found.cps.delta) == ("2.0", "-1.0")
    assert (found.asr.last_week, found.asr.delta) == ("50.0", "0.0")
    assert (found.acd_s.last_week, found.acd_s.delta) == ("50.0", "20.0")
    assert (found.ner.last_week, found.ner.delta) == ("80.0", "-5.0")
    assert (found.pdd_s.last_week, found.pdd_s.delta) == ("2.34", "-1.34")
    assert (found.sell_per_min.last_week, found.sell_per_min.delta) == ("0.1", "-0.09999999")
    assert (found.margin_percent.last_week, found.margin_percent.delta) == ("50.0", "-10.0")
    other = last_week.compared(tiles, hour, "USD")
    assert other.margin_percent.delta is None


@pytest.mark.parametrize("hour", [None, Hour(0)])
def test_without_a_last_week_there_is_no_difference(hour: Hour | None) -> None:
    tiles = kpi.tiles([intake(2_000)], [earning(2_000)], "EUR", NOW_MS)
    assert last_week.compared(tiles, hour, "EUR") == tiles
    assert tiles.cps.delta is None


def test_last_week_is_read_once_an_hour_and_may_be_refused() -> None:
    clock, client = Clock(), StandIn()
    reader = Reader(clock)

    def hours_read() -> int:
        start_ms = last_week.hour_start_ms(clock.ms)
        return sum(bound.get("since_ms") == start_ms for _, bound in client.asked)

    for _ in range(5):
        held = reader.read(client)
        clock.ms += 2_000
    assert hours_read() == 3
    assert held.week == Hour(last_week.hour_start_ms(NOW_MS), [], [], [])
    clock.ms += HOUR_MS

    def refuse() -> None:
        if client.asked[-1][1].get("before_ms") == last_week.hour_start_ms(clock.ms) + HOUR_MS:
            raise ClickHouseRefused("too much to read", 159)

    client.on_query = refuse
    assert reader.read(client).week is None
    tried = hours_read()
    reader.read(client)
    assert hours_read() == tried
    client.on_query = lambda: None
    clock.ms += WEEK_AGAIN_MS
    assert reader.read(client).week is not None


def tried(name: str, then: tuple[int, int, int], now: tuple[int, int, int]) -> Tried:
    """Attempts, answered and billed seconds of both hours."""
    return Tried("acme", name, *then, *now)


def test_the_largest_changes_come_first() -> None:
    found = movers.rows(
        [
            tried("ASR down", (100, 60, 6_000), (100, 40, 4_000)),
            tried("ACD up", (100, 50, 5_000), (100, 50, 9_000)),
            tried("still", (100, 50, 5_000), (100, 51, 5_100)),
            tried("none answered now", (100, 10, 1_000), (100, 0, 0)),
        ]
    )
    assert [row.destination for row in found] == ["ACD up", "ASR down", "none answered now"]
    assert (found[0].acd_delta_percent, found[0].asr_delta) == ("80.0", "0.0")
    assert (found[1].asr_before, found[1].asr, found[1].asr_delta) == ("60.0", "40.0", "-20.0")
    assert (found[2].acd_s, found[2].acd_delta_percent) == (None, None)


COUNTS = st.tuples(st.integers(1, 500), st.integers(0, 500), st.integers(0, 10**6)).map(
    lambda each: (each[0], min(each[0], each[1]), each[2] if each[1] else 0)
)


@given(st.lists(st.tuples(COUNTS, COUNTS), max_size=12))
def test_nothing_larger_is_left_out(both: list[tuple[tuple[int, int, int], ...]]) -> None:
    found = [tried(f"to {n}", *hours) for n, hours in enumerate(both)]
    shown = movers.rows(found)
    ranks = [movers._rank(row) for row in shown]
    assert ranks == sorted(ranks, reverse=True)
    assert all(rank >= movers.MOVED_MIN for rank in ranks)
    left = {each.destination for each in found} - {row.destination for row in shown}
    rest = [movers._rank(movers._row(each)) for each in found if each.destination in left]
    least = min(ranks, default=movers.MOVED_MIN)
    full = len(shown) == movers.SHOWN_MAX
    assert all(rank <= least if full else rank < movers.MOVED_MIN for rank in rest)
