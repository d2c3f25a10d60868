"""Volume tiers against the second-by-second opinion: at thresholds, in parts, at the limits."""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import Calls, Leg, Nodes, Numbers, rate
from kernels.blocks import BLOCK_CALLS
from kernels.layout import TOO_LARGE
from kernels.positions import NO_GROUP, POSITION_S_MAX, CallIds
from kernels.tiers import TierGroups, rate_tiered
from tests.kernels.compiled import NO_FX, book_of, calls_of, digits_of
from tests.kernels.naive import Price, RateRow, Rule
from tests.kernels.naive_tiers import TierCall
from tests.kernels.strategies import DURATION_MS_MAX, FEE_MAX, PRICES, RATE_MAX, rules
from tests.kernels.tiered import ALWAYS, THREE, Decks, Period, expected, flat, found, tiered
from tests.kernels.worlds import random_world

SHAPES = st.tuples(st.integers(1, 70), st.integers(0, 70), rules())


@st.composite
def decks_of_group(draw: st.DrawFn) -> Decks:
    """One to four tiers that bill alike but charge anyhow, two codes, another price from 500 on."""
    spans = [(code, *span) for code in "12" for span in ((ALWAYS[0], 500), (500, ALWAYS[1]))]
    shapes = [draw(SHAPES) for _ in spans]
    thresholds = draw(st.lists(st.integers(1, 300), max_size=3, unique=True))
    tiers: Decks = []
    for threshold in (0, *sorted(thresholds)):
        rows = []
        for (code, start, end), (first_s, next_s, shape) in zip(spans, shapes, strict=True):
            rule = draw(rules())._replace(
                duration_rounding=shape.duration_rounding,
                grace_rule=shape.grace_rule,
                grace_s=shape.grace_s % 20,
                anchor=shape.anchor,
            )
            price = draw(PRICES)._replace(first_s=first_s, next_s=next_s)
            kind = draw(st.integers(0, 15))
            if kind:
                rows.append(RateRow(code, start, end, price, rule, blocked=kind == 1))
        tiers.append((threshold, rows))
    return tiers


@st.composite
def periods(draw: st.DrawFn) -> Period:
    groups = draw(st.lists(decks_of_group(), min_size=1, max_size=2))
    ids = draw(st.lists(st.binary(min_size=16, max_size=16), max_size=12, unique=True))
    calls = [
        TierCall(
            draw(st.integers(0, len(groups) - 1)),
            draw(st.sampled_from(["12", "13", "2", "3"])),
            draw(st.sampled_from([0, 1, 499, 500, 501])),
            draw(st.just(0) | st.integers(0, 150).map(lambda s: s * 500)),
            each,
        )
        for each in ids
    ]
    opening_s = [draw(st.just(0) | st.integers(0, 300)) for _ in groups]
    return Period(groups, calls, opening_s, draw(st.sampled_from([(1, 1), (7, 9), (90, 1)])))


@settings(max_examples=60, deadline=None)
@given(periods())
def test_every_second_costs_what_its_tier_says(period: Period) -> None:
    assert found(period) == expected(period)


@settings(max_examples=30, deadline=None)
@given(periods(), st.data())
def test_parts_in_order_are_the_whole_and_rows_have_no_order(
    period: Period, data: st.DataObject
) -> None:
    whole, closing_s = found(period)
    by_id = dict(zip((c.id for c in period.calls), whole, strict=True))
    calls = sorted(period.calls, key=lambda c: (c.at_ms, c.id))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(calls)), max_size=3)))
    opening_s = period.opening_s
    for start, stop in zip([0, *cuts], [*cuts, len(calls)], strict=True):
        part = data.draw(st.permutations(calls[start:stop]))
        charges, opening_s = found(period._replace(calls=part, opening_s=opening_s))
        assert charges == [by_id[call.id] for call in part]
    assert opening_s == closing_s


NAMED: dict[str, tuple[Decks, int, int, int]] = {
    "ends a second before the threshold": (THREE, 0, 59, 5_900),
    "ends at the threshold": (THREE, 0, 60, 6_000),
    "ends a second after the threshold": (THREE, 0, 61, 6_010),
    "starts a second before the threshold": (THREE, 59, 2, 110),
    "starts at the threshold": (THREE, 60, 2, 20),
    "starts a second after the threshold": (THREE, 61, 2, 20),
    "crosses two thresholds": (THREE, 0, 100, 6_000 + 300 + 10),
    "runs through a tier exactly": (THREE, 60, 30, 300),
    "starts beyond the last threshold": (THREE, 1_000, 10, 10),
    "the first increment is split too": (
        [(0, flat(100, first_rate=60 * 7, first_s=60)), (30, flat(10, first_s=60))],
        *(0, 61, 30 * 7 + 30 * 10 + 10),
    ),
    "one fee, that of the tier in which the call starts": (
        [(0, flat(100, connect=5)), (60, flat(10, connect=7_000))],
        *(0, 61, 6_015),
    ),
    "no fee of the tier before": ([(0, flat(9, connect=5)), (60, flat(10))], 60, 1, 10),
    "one rounding, of the sum": (
        [(0, flat(0, first_rate=30, next_rate=30)), (1, flat(0, first_rate=30, next_rate=30))],
        *(0, 2, 1),
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_edge(name: str) -> None:
    tiers, opening_s, seconds, nanos = NAMED[name]
    call = TierCall(0, "12", 0, 1_000 * seconds, b"0" * 16)
    period = Period([tiers], [call], [opening_s])
    charges, closing_s = found(period)
    assert ([charges[0].nanos], closing_s) == ([nanos], [opening_s + seconds])
    assert (charges, closing_s) == expected(period)


def test_an_attempt_moves_no_position_and_pays_the_fee_of_its_tier() -> None:
    tiers = [(t, [rows[0]._replace(rule=Rule(attempt_fee=t + 5))]) for t, rows in THREE]
    calls = [TierCall(0, "12", at, 1_000 * s, bytes([at]) * 16) for at, s in enumerate((0, 60, 0))]
    charges, closing_s = found(Period([tiers], calls, [0]))
    assert [(c.tier, c.billed_s, c.nanos, c.start_s) for c in charges] == [
        (0, 0, 5, 0),
        (0, 60, 6_000, 0),
        (1, 0, 65, 60),
    ]
    assert closing_s == [60]


DEAREST = Price(RATE_MAX, RATE_MAX, FEE_MAX, 3_600, 3_599)
DEAREST_S = 3_600 + 168 * 3_599


@pytest.mark.parametrize("before_s", [0, 1, 608_000])
def test_the_dearest_calls_at_the_last_position(before_s: int) -> None:
    rows = [RateRow("1", *ALWAYS, DEAREST, Rule())]
    cheaper = [rows[0]._replace(price=DEAREST._replace(first_rate=RATE_MAX - 1))]
    calls = [TierCall(0, "12", at, (DURATION_MS_MAX, 1)[at], bytes([at]) * 16) for at in (0, 1)]
    tiers = [(0, rows), (POSITION_S_MAX, cheaper)]
    period = Period([tiers], calls, [POSITION_S_MAX - before_s])
    charges, closing_s = found(period)
    assert (charges, closing_s) == expected(period)
    assert closing_s == [POSITION_S_MAX - before_s + DEAREST_S + 3_600]
    assert charges[0].nanos > 10**16


def test_a_charge_too_large_has_no_money_but_moves_the_position() -> None:
    rows = [RateRow("1", *ALWAYS, DEAREST, Rule())]
    calls = [TierCall(0, "12", at, (DURATION_MS_MAX, 1)[at], bytes([at]) * 16) for at in (0, 1)]
    given = tiered(Period([[(0, rows)]], calls, [0], (100, 1)))
    assert given.charged.rate_row.tolist() == [TOO_LARGE, 0]
    assert given.charged.billed_s.tolist() == [0, 3_600]
    assert given.charged.nanos.tolist() == [0, 100 * (60 * RATE_MAX + FEE_MAX)]
    assert given.start_s.tolist() == [0, DEAREST_S]


def equal(one: Iterable[Any], other: Iterable[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("side", ["sell", "buy"])
def test_tiers_of_one_price_change_nothing(side: Literal["sell", "buy"]) -> None:
    """Any number of tiers of one deck, any mix with calls of no group, any number of threads."""
    world = random_world(5, decks=6, rows=100, calls=5_000)
    book, calls = book_of(world.decks), calls_of(world.calls)
    some = np.random.default_rng(1).integers(0, len(world.calls), BLOCK_CALLS + 1_000)
    digits, count = digits_of([call.number for call in world.calls])
    leg = Leg(calls.sell.deck[some], NO_FX)
    at_ms, duration_ms = calls.answered_ms[some], calls.duration_ms[some]
    calls = Calls(Numbers(digits[some], count[some]), at_ms, duration_ms, leg, leg)
    rated = rate(calls, book)
    ids = CallIds(np.arange(len(some), dtype=np.uint64), np.zeros(len(some), np.uint64))
    group = np.where(np.arange(len(some)) % 5 == 0, NO_GROUP, calls.sell.deck).astype(np.int32)
    tiers = TierGroups(
        np.arange(0, 19, 3, dtype=np.int32),
        np.tile(np.array([0, 9_999, 100_000]), 6),
        np.repeat(np.arange(6, dtype=np.int32), 3),
        np.zeros(6, np.int64),
    )
    for threads in (1, 2):
        for called in (calls.called, Nodes(rated.node, book.codes.epoch)):
            given = rate_tiered(
                calls._replace(called=called), book, side, group, ids, tiers, threads
            )
            assert equal(given.charged, getattr(rated, side))
            assert np.array_equal(given.node, rated.node)
            assert ((given.start_s == NO_GROUP) == (group == NO_GROUP)).all()
    assert given.closing_s.sum() == rated.sell.billed_s[group != NO_GROUP].sum()
