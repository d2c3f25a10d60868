"""The charge formula, plain and compiled, against exact fractions."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import rate
from kernels.charge import charge, is_plain, plain
from tests.kernels.compiled import Call, book_of, calls_of, charge_arguments, rule_numbers
from tests.kernels.naive import NANOS, Price, RateRow, Rule, naive_charge
from tests.kernels.strategies import DURATION_MS_MAX, DURATIONS_MS, FEE_MAX, PRICES, RATE_MAX, rules

Case = tuple[int, Price, Rule]
CASES = st.tuples(DURATIONS_MS, PRICES, rules())
ALWAYS = (-(2**62), 2**62)


def compiled_charges(cases: list[Case]) -> list[tuple[int, int]]:
    """Each case as a deck of its own with one code, rated as one batch."""
    book = book_of([[RateRow("1", *ALWAYS, price, rule)] for _, price, rule in cases])
    calls = [Call("12", 0, duration_ms, deck) for deck, (duration_ms, _, _) in enumerate(cases)]
    side = rate(calls_of(calls), book).sell
    return list(zip(side.billed_s.tolist(), side.nanos.tolist(), strict=True))


@settings(max_examples=500, deadline=None)
@given(CASES)
def test_the_plain_formula_is_exact(case: Case) -> None:
    assert charge(*charge_arguments(*case)) == naive_charge(*case)


@settings(max_examples=40, deadline=None)
@given(st.lists(CASES, min_size=1, max_size=40))
def test_the_compiled_formula_is_exact(cases: list[Case]) -> None:
    assert compiled_charges(cases) == [naive_charge(*case) for case in cases]


@settings(max_examples=500, deadline=None)
@given(DURATIONS_MS.filter(bool), PRICES)
def test_the_usual_rules_have_a_shorter_formula_that_is_exact(
    duration_ms: int, price: Price
) -> None:
    arguments = charge_arguments(duration_ms, price, Rule())
    assert plain(*arguments[:6]) == charge(*arguments)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(DURATIONS_MS, PRICES), min_size=1, max_size=40))
def test_the_compiled_shorter_formula_is_exact(usual: list[tuple[int, Price]]) -> None:
    assert is_plain(rule_numbers(Rule()))
    cases = [(*case, Rule()) for case in usual]
    assert compiled_charges(cases) == [naive_charge(*case) for case in cases]


def test_only_the_usual_rules_are_plain() -> None:
    usual = rule_numbers(Rule())
    for column, value in enumerate(usual):
        assert not is_plain((*usual[:column], value + 1, *usual[column + 1 :]))


PENNY = Price(60 * NANOS, 60 * NANOS, 0, 1, 1)  # one unit a second
BLOCKS = PENNY._replace(first_s=30, next_s=18)
NAMED: dict[str, tuple[Case, tuple[int, int]]] = {
    "an unanswered call costs nothing, not even the connect fee": (
        (0, PENNY._replace(connect=NANOS), Rule()),
        (0, 0),
    ),
    "an unanswered call costs the attempt fee": ((0, PENNY, Rule(attempt_fee=7)), (0, 7)),
    "an answered call costs no attempt fee": (
        (1_000, PENNY, Rule(attempt_fee=NANOS)),
        (1, NANOS),
    ),
    "an attempt is not lifted to the minimum": ((0, PENNY, Rule(min_charge=NANOS)), (0, 0)),
    "one millisecond rounds up to a second": ((1, PENNY, Rule()), (1, NANOS)),
    "rounded down to nothing, the first increment is billed": (
        (999, BLOCKS, Rule("down")),
        (30, 30 * NANOS),
    ),
    "deducted to nothing, the first increment and the connect fee are billed": (
        (5_000, BLOCKS._replace(connect=NANOS), Rule(grace_rule="deduct", grace_s=9)),
        (30, 31 * NANOS),
    ),
    "deducted, the rest is billed": (
        (45_000, PENNY, Rule(grace_rule="deduct", grace_s=5)),
        (40, 40 * NANOS),
    ),
    "free at the grace": (
        (5_000, PENNY._replace(connect=1), Rule("up", "free_if_at_most", 5, min_charge=9)),
        (0, 0),
    ),
    "not free above the grace": ((5_001, PENNY, Rule("up", "free_if_at_most", 5)), (6, 6 * NANOS)),
    "free below the grace": ((4_999, PENNY, Rule("down", "free_if_below", 5)), (0, 0)),
    "not free at the grace": ((5_000, PENNY, Rule("down", "free_if_below", 5)), (5, 5 * NANOS)),
    "half a second up": ((2_500, PENNY, Rule("half_up")), (3, 3 * NANOS)),
    "half a second down": ((2_500, PENNY, Rule("half_down")), (2, 2 * NANOS)),
    "half a second to the even below": ((2_500, PENNY, Rule("half_even")), (2, 2 * NANOS)),
    "half a second to the even above": ((3_500, PENNY, Rule("half_even")), (4, 4 * NANOS)),
    "40 s at 30/18 after the initial": ((40_000, BLOCKS, Rule()), (48, 48 * NANOS)),
    "40 s at 30/18 of the whole call": (
        (40_000, BLOCKS, Rule(anchor="whole_call")),
        (54, 54 * NANOS),
    ),
    "the first increment exactly": ((30_000, BLOCKS, Rule()), (30, 30 * NANOS)),
    "the first increment exactly, whole call": (
        (30_000, BLOCKS, Rule(anchor="whole_call")),
        (30, 30 * NANOS),
    ),
    "next 0 makes the call one block": (
        (86_400_000, PENNY._replace(first_s=60, next_s=0), Rule()),
        (60, 60 * NANOS),
    ),
    "next 0 makes the call one block, whole call": (
        (86_400_000, PENNY._replace(first_s=60, next_s=0), Rule(anchor="whole_call")),
        (60, 60 * NANOS),
    ),
    "the first interval has its own rate": (
        (90_000, Price(6 * NANOS, 12 * NANOS, 0, 60, 30), Rule()),
        (90, 12 * NANOS),
    ),
    "the connect fee as a minimum, below the usage": (
        (60_000, PENNY._replace(connect=NANOS), Rule(connect_rule="minimum")),
        (60, 60 * NANOS),
    ),
    "the connect fee as a minimum, above the usage": (
        (1_000, PENNY._replace(connect=5 * NANOS), Rule(connect_rule="minimum")),
        (1, 5 * NANOS),
    ),
    "at most": ((60_000, PENNY, Rule(max_charge=7 * NANOS)), (60, 7 * NANOS)),
    "at most nothing": ((60_000, PENNY, Rule(max_charge=0)), (60, 0)),
    "at least": ((1_000, PENNY, Rule(min_charge=7 * NANOS)), (1, 7 * NANOS)),
    "rounded once, after the limits": (
        (1_000, PENNY, Rule(min_charge=1_500_000_000, round_mode="up", round_decimals=0)),
        (1, 2 * NANOS),
    ),
    "a sixtieth of a nano rounds up": (
        (1_000, Price(1, 1, 0, 1, 1), Rule(round_mode="up")),
        (1, 1),
    ),
    "a sixtieth of a nano rounds down": ((1_000, Price(1, 1, 0, 1, 1), Rule()), (1, 0)),
    "the sum is rounded, not its parts": (
        (2_000, Price(30, 30, 0, 1, 1), Rule(round_mode="half_up")),
        (2, 1),
    ),
    "the attempt fee is rounded like any charge": (
        (0, PENNY, Rule(attempt_fee=1, round_mode="up", round_decimals=2)),
        (0, 10_000_000),
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_edge(name: str) -> None:
    case, expected = NAMED[name]
    assert naive_charge(*case) == expected
    assert charge(*charge_arguments(*case)) == expected
    assert compiled_charges([case]) == [expected]


DEAREST = Price(RATE_MAX, RATE_MAX, FEE_MAX, 3_600, 3_600)
EXTREMES = [
    (duration_ms, price, Rule("up", "none", 0, anchor, "additive", low, high, mode, decimals))
    for duration_ms in (1, DURATION_MS_MAX - 1, DURATION_MS_MAX)
    for price in (DEAREST, DEAREST._replace(next_s=3_599), DEAREST._replace(first_s=1, next_s=1))
    for anchor in ("after_initial", "whole_call")
    for low, high in ((0, None), (FEE_MAX, FEE_MAX))
    for mode in ("up", "half_even")
    for decimals in (0, 9)
]


def test_the_dearest_calls_do_not_wrap() -> None:
    expected = [naive_charge(*case) for case in EXTREMES]
    assert max(nanos for _, nanos in expected) > 10**16
    assert compiled_charges(EXTREMES) == expected


def test_no_step_of_the_dearest_calls_overflows() -> None:
    with warnings.catch_warnings(), np.errstate(over="raise"):
        warnings.simplefilter("error")
        for case in EXTREMES:
            arguments = [np.int64(value) for value in charge_arguments(*case)]
            assert charge(*arguments) == naive_charge(*case)  # type: ignore[arg-type]
