"""Key figures: each against a sum done by hand, and what must be absent instead of zero."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import parse_nanos
from dashboards import kpi
from tests.dashboards.rows import END_MS, NOW_MS, earning, intake

EURO = 10**9


def test_nothing_yet_is_absent_not_zero() -> None:
    tiles = kpi.tiles([], [], None, NOW_MS)
    assert tiles.cps.value == "0.0"
    assert tiles.cps.average is None
    for tile in (tiles.asr, tiles.acd_s, tiles.sell_per_min, tiles.margin_percent):
        assert (tile.value, tile.average) == (None, None)
    assert tiles.unrated_percent.value is None


def test_cps_counts_the_last_ten_seconds_only() -> None:
    steps = [intake(10_000, 4), intake(2_000, 6), intake(12_000, 99), intake(0, 99)]
    assert kpi.tiles(steps, [], None, NOW_MS).cps.value == "1.0"


def test_cps_average_starts_with_the_first_call() -> None:
    steps = [intake(20_000, 30), intake(2_000, 10)]
    assert kpi.tiles(steps, [], None, NOW_MS).cps.average == "2.0"


def test_margin_needs_revenue() -> None:
    free = kpi.tiles([intake(2_000)], [earning(2_000, buy_nanos=EURO)], "EUR", NOW_MS)
    assert free.margin_percent.value is None
    paid = [earning(2_000, sell_nanos=8 * EURO, buy_nanos=9 * EURO)]
    assert kpi.tiles([intake(2_000)], paid, "EUR", NOW_MS).margin_percent.value == "-12.5"


def test_asr_is_absent_while_the_feed_has_answered_calls_only() -> None:
    answered = [earning(2_000, attempts=5, answered=5)]
    assert kpi.tiles([], answered, "EUR", NOW_MS).asr.value is None
    mixed = [*answered, earning(600_000, attempts=5, answered=0)]
    tiles = kpi.tiles([], mixed, "EUR", NOW_MS)
    assert (tiles.asr.value, tiles.asr.average) == ("100.0", "50.0")


def test_acd_is_billed_time_over_answered_calls() -> None:
    steps = [earning(4_000, answered=3, billed_s=100), earning(2_000, answered=1, billed_s=101)]
    assert kpi.tiles([], steps, "EUR", NOW_MS).acd_s.value == "50.2"


def test_money_of_another_currency_is_not_added() -> None:
    steps = [earning(2_000, sell_nanos=EURO), earning(2_000, sell_nanos=EURO, currency="USD")]
    tiles = kpi.tiles([intake(60_000)], steps, "EUR", NOW_MS)
    assert tiles.sell_per_min.value == "1"
    assert tiles.sell_per_min.average == "1"


def test_unrated_counts_suspense_and_dead_letters() -> None:
    steps = [intake(4_000, 90), intake(2_000, 10, suspended=1, dead=1)]
    assert kpi.tiles(steps, [], None, NOW_MS).unrated_percent.value == "2.0"


def test_the_newest_call_still_on_its_way_is_left_out() -> None:
    assert kpi.window_end_ms(NOW_MS) == END_MS
    assert kpi.window_end_ms(NOW_MS) <= NOW_MS - kpi.SETTLE_MS


def test_minutes_of_the_chart_are_whole_minutes_of_the_clock() -> None:
    chart = kpi.earnings([], "EUR", NOW_MS)
    assert chart.start_ms % kpi.MINUTE_MS == 0
    assert len(chart.sell) == len(chart.margin) == kpi.MINUTES
    assert END_MS - kpi.MINUTE_MS < chart.start_ms + kpi.WINDOW_MS <= END_MS


@pytest.mark.parametrize(("part", "whole", "said"), [(1, 3, "33.3"), (1, 0, None), (0, 5, "0.0")])
def test_percent(part: int, whole: int, said: str | None) -> None:
    assert kpi.percent(part, whole) == said


@given(st.lists(st.tuples(st.integers(0, 1_799), st.integers(-(10**12), 10**15)), max_size=40))
def test_every_nano_of_the_charts_minutes_is_in_one_bar(paid: list[tuple[int, int]]) -> None:
    steps = [earning((s // 2 + 1) * 2_000, sell_nanos=nanos) for s, nanos in paid]
    chart = kpi.earnings(steps, "EUR", NOW_MS)
    inside = [s for s in steps if chart.start_ms <= s.start_ms < chart.start_ms + kpi.WINDOW_MS]
    assert sum(parse_nanos(bar) for bar in chart.sell) == sum(s.sell_nanos for s in inside)


@given(st.lists(st.integers(1, 900), max_size=30))
def test_every_call_of_the_window_is_in_one_step_of_the_chart(steps: list[int]) -> None:
    chart = kpi.traffic([intake(step * 2_000, 7) for step in steps], NOW_MS)
    first_ms = chart.start_ms
    inside = [s for s in steps if first_ms <= END_MS - s * 2_000 < first_ms + kpi.WINDOW_MS]
    assert sum(chart.received) == 7 * len(inside)
    assert Decimal(kpi.WINDOW_MS) / chart.step_ms == len(chart.received)
