"""Effective dates, flattened into a book, against a look through every row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import rate
from kernels.layout import TIME_MAX, TIME_MIN
from tests.kernels.compiled import Call, book_of, calls_of
from tests.kernels.naive import NaiveDeck, Price, RateRow, Rule

FREE = Price(0, 0, 0, 1, 1)
ALWAYS, FOREVER = int(TIME_MIN), int(TIME_MAX)


def row(code: str, from_ms: int, to_ms: int, blocked: bool = False) -> RateRow:
    return RateRow(code, from_ms, to_ms, FREE, Rule(), blocked=blocked)


def rows_found(decks: list[list[RateRow]], calls: list[Call]) -> list[int]:
    """The sell row of each call, as an index into its own deck; -1 = none, -2 = blocked."""
    starts = np.cumsum([0, *(len(rows) for rows in decks)]).tolist()
    found = rate(calls_of(calls), book_of(decks)).sell.rate_row.tolist()
    return [at if at < 0 else at - starts[c.sell] for at, c in zip(found, calls, strict=True)]


def rows_expected(decks: list[list[RateRow]], calls: list[Call]) -> list[int]:
    naive = [NaiveDeck(rows) for rows in decks]
    return [naive[c.sell].charge(c.number, c.at_ms, c.duration_ms)[0] for c in calls]


def check(decks: list[list[RateRow]], numbers: list[str], times: list[int]) -> None:
    calls = [Call(n, t, 1, d) for d in range(len(decks)) for n in numbers for t in times]
    assert rows_found(decks, calls) == rows_expected(decks, calls)


NAMED: dict[str, tuple[list[RateRow], str, int, int]] = {
    "the first millisecond is in": ([row("4", 10, 20)], "44", 10, 0),
    "the millisecond before is not": ([row("4", 10, 20)], "44", 9, -1),
    "the last millisecond is in": ([row("4", 10, 20)], "44", 19, 0),
    "valid_to itself is out": ([row("4", 10, 20)], "44", 20, -1),
    "the longest code wins": ([row("44", 0, 9), row("4", 0, 9)], "441", 5, 0),
    "however early it was published": ([row("441", 0, 9), row("44", 0, 9)], "441", 5, 0),
    "in a gap the shorter code applies": (
        [row("4", 0, 99), row("44", 0, 10), row("44", 20, 99)],
        "44",
        15,
        0,
    ),
    "after the gap the longer one again": (
        [row("4", 0, 99), row("44", 0, 10), row("44", 20, 99)],
        "44",
        20,
        2,
    ),
    "a gap in every code leaves none": ([row("4", 0, 5), row("44", 7, 9)], "44", 6, -1),
    "through two codes with gaps": (
        [row("4", 0, 99), row("44", 0, 5), row("441", 0, 3)],
        "441",
        6,
        0,
    ),
    "of two versions the last published wins": ([row("4", 0, 99), row("4", 5, 10)], "4", 5, 1),
    "even if it begins earlier": ([row("4", 5, 99), row("4", 0, 10)], "4", 7, 1),
    "and where it ends the first applies again": ([row("4", 0, 99), row("4", 5, 10)], "4", 10, 0),
    "the same dates: the last published": ([row("4", 0, 9), row("4", 0, 9)], "4", 0, 1),
    "always and for ever": ([row("4", ALWAYS, FOREVER)], "4", -(2**61), 0),
    "wider than always": ([row("4", -(2**63), 2**63 - 1)], "4", 0, 0),
    "a row that ends before it begins never applies": ([row("4", 9, 5)], "4", 7, -1),
    "a row that ends as it begins never applies": ([row("4", 5, 5)], "4", 5, -1),
    "before 1970": ([row("4", -20, -10)], "4", -20, 0),
    "a blocked code is not priced by a shorter one": (
        [row("4", 0, 9), row("44", 0, 9, True)],
        "441",
        5,
        -2,
    ),
    "a longer one is open": ([row("44", 0, 9, True), row("441", 0, 9)], "441", 5, 1),
    "a block ends with its date": ([row("4", 0, 9), row("44", 0, 5, True)], "441", 5, 0),
    "a block published later wins": ([row("4", 0, 9), row("4", 5, 9, True)], "4", 7, -2),
    "and may be lifted": ([row("4", 0, 9, True), row("4", 5, 9)], "4", 7, 1),
}


@pytest.mark.parametrize("name", NAMED)
def test_effective(name: str) -> None:
    rows, number, at_ms, expected = NAMED[name]
    assert rows_expected([rows], [Call(number, at_ms, 1)]) == [expected]
    assert rows_found([rows], [Call(number, at_ms, 1)]) == [expected]


TIMES = st.integers(0, 12) | st.sampled_from([ALWAYS, FOREVER])
CODES = st.sampled_from(["4", "44", "441", "4411", "4412", "45", "9"])
ROWS = st.lists(
    st.builds(row, CODES, TIMES, TIMES, st.sampled_from([False, False, True])),
    max_size=14,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_any_dates_of_nested_codes_in_several_decks(decks: list[list[RateRow]]) -> None:
    check(decks, ["4411", "44120", "441", "440", "45", "4", "8"], list(range(-1, 14)))


def test_hundreds_of_versions_of_nested_codes() -> None:
    codes = ["4", "44", "441", "4411", "44111111"]
    rows = [row(codes[i * 7 % 5], i * 37 % 101, i * 37 % 101 + 1 + i * 11 % 29) for i in range(900)]
    check([rows, rows[::-1], rows[:333]], ["441111111", "4411", "44", "4"], list(range(-1, 132)))


def test_a_year_of_daily_versions() -> None:
    day_ms = 86_400_000
    rows = [row("44", n * day_ms, FOREVER) for n in range(365)]
    edges = [n * day_ms + k for n in range(366) for k in (-1, 0, 1)]
    check([rows], ["4420"], edges)


def test_a_book_without_decks_or_rows_prices_nothing() -> None:
    assert rows_found([[]], [Call("44", 0, 1)]) == [-1]
    book = book_of([])
    assert rate(calls_of([Call("44", 0, 1, -1)]), book).sell.rate_row.tolist() == [-1]


def test_decks_do_not_see_each_other() -> None:
    decks = [[row("4", 0, 9)], [row("44", 0, 9)], [], [row("441", 3, 5), row("4", 0, 9)]]
    check(decks, ["4", "44", "441", "4411"], list(range(-1, 10)))
