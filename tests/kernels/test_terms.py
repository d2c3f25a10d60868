"""One call's terms: its charge is the batch's, and the longest call is the longest that fits."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import rate
from kernels.epochs import matched
from kernels.layout import NO_FX, UNRATED
from kernels.terms import SECONDS_MAX, Terms, terms_at
from tests.kernels.compiled import Call, book_of, calls_of, rule_numbers
from tests.kernels.naive import RateRow
from tests.kernels.strategies import DURATIONS_MS, PRICES, rules

TERMS = st.builds(
    lambda price, rule, fx: Terms(tuple(price), rule_numbers(rule), fx),
    PRICES,
    rules(),
    st.sampled_from(((1, 1), (11, 10), (10**12, 7), (1, 10**12))),
)
ENDS = st.sampled_from((-(2**62), 0, 1_000, 2_000, 2**62))


@settings(max_examples=300, deadline=None)
@given(TERMS, st.integers(1, SECONDS_MAX), st.sampled_from((-1, 0, 1)))
def test_the_longest_call_fits_and_a_second_more_does_not(
    terms: Terms, seconds: int, more: int
) -> None:
    cost = terms.charge(seconds * 1_000)
    if cost < 0:
        return
    budget = cost + more
    longest = terms.longest(budget)
    assert longest < seconds if more < 0 else longest >= seconds
    assert longest == 0 or 0 <= terms.charge(longest * 1_000) <= budget
    if longest < SECONDS_MAX:
        beyond = terms.charge((longest + 1) * 1_000)
        assert beyond < 0 or beyond > budget


@settings(max_examples=200, deadline=None)
@given(TERMS, DURATIONS_MS, DURATIONS_MS)
def test_a_longer_call_never_costs_less(terms: Terms, one: int, other: int) -> None:
    shorter, longer = terms.charge(min(one, other)), terms.charge(max(one, other))
    if min(one, other) > 0 and longer >= 0:
        assert 0 <= shorter <= longer


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(("1", "12", "123")), ENDS, ENDS, PRICES, rules()), max_size=6
    ),
    st.sampled_from(("1", "12", "1234", "2")),
    st.sampled_from((-5, 0, 999, 1_000, 5_000)),
    DURATIONS_MS,
)
def test_the_terms_of_a_call_charge_what_the_batch_charges(
    rows: list[tuple[str, int, int, object, object]], number: str, at_ms: int, duration_ms: int
) -> None:
    deck = [
        RateRow(code, begin, end, price, rule)  # type: ignore[arg-type]
        for code, begin, end, price, rule in rows
        if begin < end
    ]
    book = book_of([deck])
    calls = calls_of([Call(number, at_ms, duration_ms)])
    side = rate(calls, book).sell
    node = int(matched(book.codes, calls.called.digits, calls.called.digit_count)[0])  # type: ignore[union-attr]
    terms = terms_at(book, 0, node, NO_FX, at_ms)
    assert isinstance(terms, int) == bool(side.rate_row[0] < 0)
    if not isinstance(terms, int):
        assert terms.charge(duration_ms) == int(side.nanos[0])
        assert terms.row == int(side.rate_row[0])


def test_there_are_no_terms_without_a_deck() -> None:
    book = book_of([[]])
    assert terms_at(book, -1, 0, NO_FX, 0) == UNRATED
    assert np.array_equal(book.fx, np.empty((0, 2)))
