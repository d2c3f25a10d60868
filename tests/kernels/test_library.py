"""Decks compiled one by one are the decks compiled at once, and an old book stays as it was."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import BatchError, Book, DeckRates, Library, Rated, rate
from kernels.layout import BLOCKED, TIME_MAX, TIME_MIN
from tests.kernels.compiled import Call, book_of, calls_of, digits_of, rule_numbers
from tests.kernels.naive import NaiveDeck, Price, RateRow, Rule
from tests.kernels.worlds import SPAN_MS, random_world

Rows = list[RateRow]


def compiled(library: Library, rows: Rows, first_row: int) -> DeckRates:
    """A deck's rows with words of this library."""
    table = [
        (
            *(row.price.first_rate, row.price.next_rate, row.price.connect),
            row.price.first_s | row.price.next_s << 16 | library.rule(rule_numbers(row.rule)) << 32,
        )
        for row in rows
    ]
    price_class = library.classes(np.array(table, np.int64).reshape(-1, 4))
    digits, length = digits_of([row.code for row in rows])
    return DeckRates(
        digits,
        length,
        np.array([row.from_ms for row in rows], np.int64),
        np.array([row.to_ms for row in rows], np.int64),
        np.where(
            [row.blocked for row in rows],
            np.int64(BLOCKED),
            price_class << 32 | (np.arange(len(rows), dtype=np.int64) + first_row),
        ),
    )


def answers(book: Book, row: int, calls: list[Call]) -> list[tuple[int, int]]:
    """(billed seconds, nanos) of every call against one row of the book."""
    rated: Rated = rate(calls_of([call._replace(sell=row, buy=-1) for call in calls]), book)
    return list(zip(rated.sell.billed_s.tolist(), rated.sell.nanos.tolist(), strict=True))


def expected(rows: Rows, calls: list[Call]) -> list[tuple[int, int]]:
    deck = NaiveDeck(rows)
    return [deck.charge(call.number, call.at_ms, call.duration_ms)[1:] for call in calls]


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_puts_and_drops_is_the_decks_that_are_left(seed: int) -> None:
    """Every book handed out on the way still answers as it did when it was handed out."""
    draw = random.Random(seed)
    worlds = [random_world(seed * 100 + i, decks=1, rows=60, calls=150) for i in range(6)]
    calls = [call for world in worlds for call in world.calls]
    library = Library(threads=2)
    live: dict[str, Rows] = {}
    handed_out: list[tuple[Book, dict[Any, int], dict[str, Rows]]] = []
    for step in range(24):
        names = draw.sample(["a", "b", "c", "d", "e"], draw.randint(1, 2))
        if live and draw.random() < 0.2:
            name = draw.choice(sorted(live))
            library.drop(name)
            del live[name]
        else:
            fresh = {name: draw.choice(worlds).decks[0] for name in names}
            library.put({n: compiled(library, rows, step) for n, rows in fresh.items()})
            live.update(fresh)
        handed_out.append((library.book(), library.rows, dict(live)))
    assert len({book.codes.epoch for book, _, _ in handed_out}) > 2
    for book, rows, decks in handed_out[::5]:
        assert set(rows) == set(decks)
        for name, deck in decks.items():
            some = draw.sample(calls, 200)
            assert answers(book, rows[name], some) == expected(deck, some)


def test_a_deck_put_again_leaves_the_others_rows_where_they_are() -> None:
    world = random_world(5, decks=3, rows=40, calls=10)
    library = Library()
    library.put({i: compiled(library, rows, 0) for i, rows in enumerate(world.decks)})
    before, rows = library.book(), library.rows
    library.put({0: compiled(library, world.decks[0], 0)})
    after = library.book()
    assert after.codes is before.codes, "there was room and no code was new: nothing moved"
    assert {n: r for n, r in library.rows.items() if n} == {n: r for n, r in rows.items() if n}
    untouched = [row for name, row in rows.items() if name != 0]
    assert np.array_equal(after.closure[untouched], before.closure[untouched])


def test_a_book_is_read_only() -> None:
    book = book_of([[RateRow("44", 0, 10, Price(1, 1, 0, 1, 1), Rule())]])
    for column in (book.closure, book.pieces, book.prices, book.rules, book.codes.top):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_an_empty_library_prices_nothing() -> None:
    library = Library()
    empty = library.book()
    world = random_world(1, decks=1, rows=30, calls=50)
    assert answers(empty, 0, world.calls) == [(0, 0)] * 50
    library.put({"a": compiled(library, world.decks[0], 0)})
    assert answers(empty, 0, world.calls) == [(0, 0)] * 50, "an old book sees nothing new"


def test_a_deck_without_rows_prices_nothing_and_disturbs_nothing() -> None:
    world = random_world(2, decks=1, rows=30, calls=50)
    library = Library()
    library.put({"full": compiled(library, world.decks[0], 0), "none": compiled(library, [], 0)})
    assert answers(library.book(), library.rows["none"], world.calls) == [(0, 0)] * 50
    assert answers(library.book(), library.rows["full"], world.calls) == expected(
        world.decks[0], world.calls
    )


def test_dropping_what_is_not_there() -> None:
    with pytest.raises(KeyError, match="nobody"):
        Library().drop("nobody")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), begin=st.integers(-10, SPAN_MS), length=st.integers(1, SPAN_MS))
def test_compiled_for_a_window_it_answers_the_same_inside(
    seed: int, begin: int, length: int
) -> None:
    world = random_world(seed, decks=1, rows=80, calls=60)
    end = begin + length
    narrow = Library((begin, end))
    narrow.put({0: compiled(narrow, world.decks[0], 0)})
    inside = [call._replace(at_ms=min(max(call.at_ms, begin), end - 1)) for call in world.calls]
    assert answers(narrow.book(), 0, inside) == expected(world.decks[0], inside)
    whole = Library()
    whole.put({0: compiled(whole, world.decks[0], 0)})
    assert len(narrow.book().pieces) <= len(whole.book().pieces)


@pytest.mark.parametrize("at_ms", [9, 20, TIME_MIN, TIME_MAX - 1])
def test_an_instant_outside_the_window_is_refused(at_ms: int) -> None:
    library = Library((10, 20))
    library.put({0: compiled(library, [RateRow("4", 0, 99, Price(1, 1, 0, 1, 1), Rule())], 0)})
    with pytest.raises(BatchError, match=f"answered_ms of row 1 is {at_ms}: allowed 10 to 19"):
        rate(calls_of([Call("44", 10, 1), Call("44", at_ms, 1)]), library.book())


WRONG = {
    "first rate": (0, -1),
    "next rate": (1, 10**12 + 1),
    "connect fee": (2, 10**13 + 1),
    "first increment": (3, 0 | 60 << 16),
    "next increment": (3, 1 | 3_601 << 16),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_price_outside_the_limits_is_named(field: str) -> None:
    column, value = WRONG[field]
    prices = np.array([[1, 1, 0, 1 | 1 << 16]] * 3, np.int64)
    prices[1, column] = value
    with pytest.raises(ValueError, match=f"{field} of row 1"):
        Library().classes(prices)


@pytest.mark.parametrize("pair", [(0, 1), (1, 0), (10**12 + 1, 1), (1, -1)])
def test_an_exchange_rate_outside_the_limits_is_named(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="exchange rate of row 1"):
        Library().book(np.array([(1, 1), pair], np.int64))


GOOD_DECK = [RateRow("44", 0, 99, Price(1, 1, 0, 1, 1), Rule())]
BROKEN: dict[str, tuple[str, Any, str]] = {
    "no digits": ("length", np.zeros(1, np.uint8), "length of the dial code of row 0 is 0"),
    "too many digits": ("length", np.full(1, 16, np.uint8), "length of the dial code of row 0"),
    "not padded": ("digits", np.array([44 * 10**13 + 1], np.uint64), "follows the dial code"),
    "another type": ("from_ms", np.zeros(1, np.int32), "column from_ms: int32"),
    "another length": ("to_ms", np.zeros(2, np.int64), r"column to_ms: int64 of \(2,\)"),
    "a negative class": ("word", np.array([-1]), "price class of row 0 is -1"),
    "too high a row": ("word", np.array([2**31]), "rate row of row 0"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_deck_that_cannot_be_compiled_leaves_the_library_as_it_was(what: str) -> None:
    column, values, said = BROKEN[what]
    library = Library()
    library.put({"a": compiled(library, GOOD_DECK, 0)})
    broken = compiled(library, GOOD_DECK, 0)._replace(**{column: values})
    with pytest.raises(ValueError, match=said):
        library.put({"b": compiled(library, GOOD_DECK, 0), "a": broken})
    assert set(library.rows) == {"a"}
    call = Call("442", 5, 1_000)
    assert answers(library.book(), library.rows["a"], [call]) == expected(GOOD_DECK, [call])


@pytest.mark.parametrize("column", range(10))
@pytest.mark.parametrize("value", [-1, 10**13 + 1, 2**62])
def test_a_rule_outside_the_limits_is_named(column: int, value: int) -> None:
    rule = list(rule_numbers(Rule()))
    Library().rule(tuple(rule))
    rule[column] = value
    with pytest.raises(ValueError, match=f"is {value}: allowed"):
        Library().rule(tuple(rule))


def test_a_rule_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="9 columns instead of 10"):
        Library().rule(rule_numbers(Rule())[:9])
