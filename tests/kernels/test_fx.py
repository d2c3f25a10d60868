"""Charges in another currency: exact against fractions, refused where they would not fit."""

from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernels import Leg, rate
from kernels.charge import charge
from kernels.layout import CHARGE_NANOS_MAX, FX_MAX, TOO_LARGE, read_only
from tests.kernels.compiled import Call, book_of, calls_of, charge_arguments
from tests.kernels.naive import NANOS, Price, RateRow, Rule, naive_charge
from tests.kernels.strategies import DURATION_MS_MAX, DURATIONS_MS, PRICES, RATE_MAX, rules

ALWAYS = (-(2**62), 2**62)
SIDES = st.integers(1, FX_MAX) | st.sampled_from([1, 2, 3, FX_MAX - 1, FX_MAX])
FACTORS = st.tuples(SIDES, SIDES)
CASES = st.tuples(DURATIONS_MS, PRICES, rules(), FACTORS)
Case = tuple[int, Price, Rule, tuple[int, int]]
DEAREST = Price(RATE_MAX, RATE_MAX, 10_000 * NANOS, 3_600, 3_600)


def expected(case: Case) -> tuple[int, int]:
    duration_ms, price, rule, (num, den) = case
    return naive_charge(duration_ms, price, rule, Fraction(num, den))


@settings(max_examples=800, deadline=None)
@given(CASES)
@example((DURATION_MS_MAX, DEAREST, Rule(), (FX_MAX, 1)))
@example((DURATION_MS_MAX, DEAREST, Rule(), (1, FX_MAX)))
@example((DURATION_MS_MAX, DEAREST, Rule(), (FX_MAX, FX_MAX - 1)))
def test_the_plain_formula_is_exact(case: Case) -> None:
    assert charge(*charge_arguments(*case)) == expected(case)


@settings(max_examples=60, deadline=None)
@given(st.lists(CASES, min_size=1, max_size=40))
def test_the_compiled_formula_is_exact(cases: list[Case]) -> None:
    book = book_of([[RateRow("1", *ALWAYS, price, rule)] for _, price, rule, _ in cases])
    book = book._replace(fx=read_only(np.array([case[3] for case in cases], np.int64)))
    calls = calls_of([Call("12", 0, case[0], deck) for deck, case in enumerate(cases)])
    leg = Leg(calls.sell.deck, np.arange(len(cases), dtype=np.int32))
    side = rate(calls._replace(sell=leg), book).sell
    for i, case in enumerate(cases):
        billed_s, nanos = expected(case)
        if nanos < 0:
            assert (side.rate_row[i], side.billed_s[i], side.nanos[i]) == (TOO_LARGE, 0, 0)
        else:
            assert (side.rate_row[i], side.billed_s[i], side.nanos[i]) == (i, billed_s, nanos)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 10**13), st.integers(-2, 2), SIDES)
def test_the_limit_is_met_to_the_nano(fee: int, beyond: int, den: int) -> None:
    """A charge just below the largest is charged, one that reaches it is refused."""
    num = min(max(1, CHARGE_NANOS_MAX * den // fee + beyond), FX_MAX)
    case = (0, DEAREST, Rule(attempt_fee=fee), (num, den))
    nanos = charge(*charge_arguments(*case))[1]
    assert nanos == expected(case)[1]
    assert (nanos == -1) == (fee * num >= CHARGE_NANOS_MAX * den)


def test_a_charge_is_rounded_once_after_conversion() -> None:
    price = Price(NANOS // 3, NANOS // 3, 0, 60, 60)
    rule = Rule(round_mode="up", round_decimals=2)
    assert charge(*charge_arguments(60_000, price, rule, (3, 1)))[1] == NANOS
    assert charge(*charge_arguments(60_000, price, rule))[1] * 3 == 1_020_000_000


def test_minimum_and_maximum_are_in_the_deck_s_currency() -> None:
    price = Price(NANOS, NANOS, 0, 60, 60)
    low, high = Rule(min_charge=2 * NANOS), Rule(max_charge=NANOS // 2)
    assert charge(*charge_arguments(60_000, price, low, (3, 2)))[1] == 3 * NANOS
    assert charge(*charge_arguments(60_000, price, high, (3, 2)))[1] == 3 * NANOS // 4
