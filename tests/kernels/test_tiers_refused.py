"""Tier groups that are none, tiers that bill differently, and nothing at all."""

import numpy as np
import pytest

from kernels import BatchError
from kernels.positions import CallIds
from kernels.tiers import TIERS_MAX, rate_tiered
from tests.kernels.compiled import Call, book_of, calls_of
from tests.kernels.naive import Price, RateRow, Rule
from tests.kernels.naive_tiers import TierCall
from tests.kernels.tiered import ALWAYS, PRICE, THREE, Period, expected, found, groups_of, tiered


def test_no_calls_and_no_groups() -> None:
    given = tiered(Period([], [], []))
    assert all(len(column) == 0 for column in (*given.charged, given.start_s, given.closing_s))
    assert tiered(Period([THREE], [], [7])).closing_s.tolist() == [7]


CALLS = [TierCall(0, "12", 5, 1_000, b"0" * 16), TierCall(0, "12", 5, 1_000, b"1" * 16)]
UNLIKE = [
    (PRICE._replace(first_s=2), Rule()),
    (PRICE._replace(next_s=2), Rule()),
    (PRICE, Rule("down")),
    (PRICE, Rule(grace_rule="deduct", grace_s=1)),
    (PRICE, Rule(grace_rule="free_if_below", grace_s=1)),
    (PRICE, Rule(anchor="whole_call")),
]


@pytest.mark.parametrize(("price", "rule"), UNLIKE)
def test_tiers_that_bill_otherwise_are_refused(price: Price, rule: Rule) -> None:
    other = [RateRow("1", *ALWAYS, price, rule)]
    period = Period([[*THREE, (1_000, other)]], CALLS, [0])
    with pytest.raises(BatchError, match="row 0: tier 3 of group 0 bills it otherwise"):
        tiered(period)
    elsewhere = [(0, THREE[0][1]), (60, [*THREE[1][1], other[0]._replace(code="2")])]
    assert found(Period([elsewhere], CALLS, [0])) == expected(Period([elsewhere], CALLS, [0]))


GOOD = groups_of([THREE], [0])
WRONG: list[tuple[str, list[int] | list[float], str]] = [
    ("first_tier", [0.0, 3.0], "first_tier: float64 instead of int32"),
    ("first_tier", [0, 1, 3], r"first_tier: \(3,\) instead of \(2,\)"),
    ("first_tier", [1, 3], "first_tier runs from 1 to 3, not 0 to 3"),
    ("first_tier", [3, 3], "tiers of group of row 0 is 0: allowed 1 to 64"),
    ("first_tier", [3, 0], "tiers of group of row 0 is -3"),
    ("first_tier", [-1, 3], "first_tier of row 0 is -1: allowed 0 to 3"),
    ("threshold_s", [1, 60, 90], "tier 0 of group 0 begins at 1 s"),
    ("threshold_s", [0, 60, 60], "tier 2 of group 0 begins at 60 s"),
    ("threshold_s", [0, 0, 60], "tier 1 of group 0 begins at 0 s"),
    ("threshold_s", [0, 60, 2**62 + 1], "threshold_s of row 2 is 4611686018427387905: allowed"),
    ("deck", [0, 1, 3], "tier_deck of row 2 is 3: allowed 0 to 2"),
    ("deck", [0, -1, 2], "tier_deck of row 1 is -1"),
    ("opening_s", [-1], "opening_s of row 0 is -1: allowed 0 to"),
    ("opening_s", [2**62 + 1], "opening_s of row 0 is 4611686018427387905: allowed"),
]


@pytest.mark.parametrize(("field", "values", "message"), WRONG)
def test_tiers_that_are_none_are_refused(field: str, values: list[int], message: str) -> None:
    kind = None if isinstance(values[0], float) else getattr(GOOD, field).dtype
    tiers = GOOD._replace(**{field: np.array(values, kind)})
    calls = calls_of([Call("12", 0, 1_000)])
    ids = CallIds(np.zeros(1, np.uint64), np.zeros(1, np.uint64))
    book = book_of([rows for _, rows in THREE])
    with pytest.raises(BatchError, match=message):
        rate_tiered(calls, book, "sell", np.zeros(1, np.int32), ids, tiers)


def test_a_group_has_a_limited_number_of_tiers() -> None:
    tiers = [(threshold, THREE[0][1]) for threshold in range(TIERS_MAX)]
    period = Period([tiers], [CALLS[0]._replace(duration_ms=70_000)], [0])
    assert found(period) == expected(period)
    with pytest.raises(BatchError, match="is 65: allowed 1 to 64"):
        tiered(period._replace(groups=[[*tiers, (TIERS_MAX, THREE[0][1])]]))
