"""Sums by account, day and destination against the sums of single charges."""

import tracemalloc
from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from kernels import BatchError, Book, Calls, Leg, Nodes, Numbers, rate
from kernels.aggregate import CELLS_MAX, DAY_MS, Grouping, Totals, aggregate
from kernels.blocks import BLOCK_CALLS
from kernels.layout import I32, TIME_MAX, TOO_LARGE
from tests.kernels.compiled import NO_FX, Call, book_of, calls_of, digits_of
from tests.kernels.naive import NaiveDeck, Price, RateRow, Rule
from tests.kernels.strategies import DURATION_MS_MAX, RATE_MAX
from tests.kernels.worlds import SPAN_MS, World, random_world

ALWAYS = (-(2**62), 2**62)
DAYS = 3 * SPAN_MS // DAY_MS
ACCOUNTS, DESTINATIONS = 5, 3
Cell = tuple[int, int, int]


def grouping(calls: Calls, book: Book) -> Grouping:
    account = np.arange(len(calls.answered_ms), dtype=np.int32) % ACCOUNTS
    destination = np.arange(len(book.codes.parent), dtype=np.int32) % DESTINATIONS
    return Grouping(account, ACCOUNTS, -SPAN_MS, DAYS + 1, destination, DESTINATIONS)


def summed(calls: Calls, book: Book, by: Grouping) -> Totals:
    """What rate() returns, added up by numpy."""
    rated = rate(calls, book)
    day = (calls.answered_ms - by.day0_ms) // DAY_MS
    cell = (by.account, day, by.destination_of_node[rated.node])
    unrated = np.zeros(len(day), np.bool_)
    for leg, side in ((calls.sell, rated.sell), (calls.buy, rated.buy)):
        unrated |= (leg.deck >= 0) & (side.rate_row < 0)
    columns = [np.ones(len(day)), unrated]
    for side in (rated.sell, rated.buy):
        columns += [side.billed_s, side.nanos]
    totals = Totals(*(np.zeros((by.accounts, by.days, by.destinations), np.int64) for _ in columns))
    for total, column in zip(totals, columns, strict=True):
        np.add.at(total, cell, column.astype(np.int64))
    return totals


def same(one: Totals, other: Totals) -> bool:
    return all(
        a.dtype == b.dtype == np.int64 and np.array_equal(a, b)
        for a, b in zip(one, other, strict=True)
    )


@pytest.fixture(scope="module")
def world() -> World:
    return random_world(21, decks=6, rows=150, calls=5_000)


@pytest.fixture(scope="module")
def big(world: World) -> tuple[Calls, Book]:
    """Some blocks of calls with both sides and an exchange rate."""
    n = 2 * BLOCK_CALLS + 1_234
    draw = np.random.default_rng(2)
    some = draw.integers(0, len(world.calls), n)
    calls = calls_of(world.calls)
    digits, count = digits_of([call.number for call in world.calls])
    return Calls(
        Numbers(digits[some], count[some]),
        calls.answered_ms[some],
        calls.duration_ms[some],
        Leg(calls.sell.deck[some], draw.integers(-1, 2, n, dtype=np.int32)),
        Leg(draw.integers(-1, 6, n, dtype=np.int32), NO_FX),
    ), book_of(world.decks, [(3, 7), (50, 1)])


def test_each_charge_is_in_its_cell(world: World) -> None:
    """The second opinion, call by call."""
    book, calls = book_of(world.decks), calls_of(world.calls)
    by, naive = grouping(calls, book), [NaiveDeck(rows) for rows in world.decks]
    node = rate(calls, book).node
    expected: dict[Cell, list[int]] = defaultdict(lambda: [0] * len(Totals._fields))
    for i, call in enumerate(world.calls):
        cell = expected[i % ACCOUNTS, (call.at_ms + SPAN_MS) // DAY_MS, int(node[i]) % DESTINATIONS]
        cell[0] += 1
        unrated = False
        for column, deck in ((2, call.sell), (4, call.buy)):
            if deck >= 0:
                row, billed_s, nanos = naive[deck].charge(call.number, call.at_ms, call.duration_ms)
                unrated |= row < 0
                cell[column] += billed_s
                cell[column + 1] += nanos
        cell[1] += unrated
    totals = aggregate(calls, book, by)
    for cell_of, sums in expected.items():
        assert [int(column[cell_of]) for column in totals] == sums
    assert totals.calls.sum() == len(world.calls) > totals.unrated.sum() > 0


@pytest.mark.parametrize("threads", [0, 1, 2, 3, 8])
def test_totals_are_the_sums_of_the_charges(threads: int, big: tuple[Calls, Book]) -> None:
    by = grouping(*big)
    expected = summed(*big, by)
    assert same(aggregate(*big, by, threads), expected)
    assert all(column.any() for column in expected)


def test_stored_nodes_give_the_same_totals(big: tuple[Calls, Book]) -> None:
    calls, book = big
    by = grouping(*big)
    known = calls._replace(called=Nodes(rate(calls, book).node, book.codes.epoch))
    assert same(aggregate(known, book, by), aggregate(calls, book, by))


def test_memory_is_that_of_the_cells(big: tuple[Calls, Book]) -> None:
    by = grouping(*big)
    aggregate(*big, by)
    tracemalloc.start()
    aggregate(*big, by, 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cells = by.accounts * by.days * by.destinations
    assert peak < 3 * 48 * cells + 300_000 < len(big[0].answered_ms) * 8


def test_an_empty_batch_and_a_deck_without_rows() -> None:
    book, none = book_of([[]]), calls_of([])
    by = Grouping(none.sell.deck, 0, 0, 0, np.zeros(1, np.int32), 1)
    assert all(column.shape == (0, 0, 1) for column in aggregate(none, book, by))
    one = calls_of([Call("12", 0, 1_000, 0, 0)])
    totals = aggregate(one, book, Grouping(np.zeros(1, np.int32), 1, 0, 1, by[4], 1))
    assert [int(column.item()) for column in totals] == [1, 1, 0, 0, 0, 0]


def dearest(calls: int, buy: int = -1) -> tuple[Calls, Book]:
    """Calls of one week at the highest rate and just below the largest charge."""
    rows = [RateRow("1", *ALWAYS, Price(RATE_MAX, RATE_MAX, 0, 1, 1), Rule())]
    made = calls_of([Call("12", 5, DURATION_MS_MAX, 0, buy) for _ in range(calls)])
    leg = Leg(made.sell.deck, np.zeros(calls, np.int32))
    book = book_of([rows], [(99, 1), (100, 1)])
    return made._replace(sell=leg, buy=Leg(made.buy.deck, leg.fx)), book


def one_cell(calls: Calls, book: Book, account: I32 | None = None) -> Grouping:
    nodes = np.zeros(len(book.codes.parent), np.int32)
    n = len(calls.answered_ms)
    return Grouping(np.zeros(n, np.int32) if account is None else account, 2, 0, 1, nodes, 1)


def test_a_sum_that_does_not_fit_is_refused_and_not_wrapped() -> None:
    calls, book = dearest(9)
    charge = 99 * (DURATION_MS_MAX // 1_000) * RATE_MAX // 60
    assert 9 * charge < 2**63 < 10 * charge
    assert aggregate(calls, book, one_cell(calls, book)).sell_nanos.tolist() == [
        [[9 * charge]],
        [[0]],
    ]
    for n in (10, 18, 19, 37, 1_000, 3 * BLOCK_CALLS):
        calls, book = dearest(n)
        with pytest.raises(BatchError, match="sell_nanos of account 0, day 0, destination 0 does"):
            aggregate(calls, book, one_cell(calls, book), 2)
    calls, book = dearest(19, 0)
    calls = calls._replace(sell=Leg(calls.sell.deck - 1, NO_FX))
    account = np.array([0] * 9 + [1] * 10, np.int32)
    with pytest.raises(BatchError, match="buy_nanos of account 1, day 0, destination 0 does"):
        aggregate(calls, book, one_cell(calls, book, account))


def test_sums_of_threads_that_do_not_fit_together() -> None:
    calls, book = dearest(2 * BLOCK_CALLS)
    short = np.ones(2 * BLOCK_CALLS, np.int32)
    short[[0, 1, 2, 3, 4, -5, -4, -3, -2, -1]] = DURATION_MS_MAX
    for threads in (1, 2):
        with pytest.raises(BatchError, match="sell_nanos of account 0"):
            aggregate(calls._replace(duration_ms=short), book, one_cell(calls, book), threads)


def test_a_charge_too_large_is_unrated() -> None:
    calls, book = dearest(3)
    calls = calls._replace(sell=Leg(calls.sell.deck, np.array([0, 1, 0], np.int32)))
    totals, rated = aggregate(calls, book, one_cell(calls, book)), rate(calls, book)
    assert rated.sell.rate_row.tolist() == [0, TOO_LARGE, 0]
    assert totals.unrated[0, 0, 0] == 1
    assert totals.sell_nanos[0, 0, 0] == rated.sell.nanos.sum()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"account": np.zeros(2, np.int64)}, "account: int64 instead of int32"),
    ({"account": np.zeros(3, np.int32)}, r"account: \(3,\) instead of \(2,\)"),
    ({"account": np.array([0, 2], np.int32)}, "account of row 1 is 2: allowed 0 to 1"),
    ({"account": np.array([-1, 0], np.int32)}, "account of row 0 is -1"),
    ({"day0_ms": 6}, "answered_ms of row 0 is 5: allowed 6 to 86400005"),
    ({"day0_ms": 5 - DAY_MS}, "answered_ms of row 0 is 5: allowed -86399995 to 4"),
    ({"day0_ms": 2 * TIME_MAX}, "day0_ms is 9223372036854775808: allowed"),
    ({"days": 0}, "answered_ms of row 0 is 5"),
    ({"days": -1}, "days is -1: allowed 0 to"),
    ({"destination_of_node": np.zeros(1, np.int32)}, r"destination_of_node: \(1,\) instead of"),
    ({"destination_of_node": np.array([0, 1], np.int32)}, "destination_of_node of row 1 is 1"),
    ({"destination_of_node": np.zeros(2)}, "destination_of_node: float64"),
    ({"accounts": 2**14, "days": 2**14}, "are more than 134217728 cells"),
    ({"destinations": CELLS_MAX + 1}, "destinations is 134217729: allowed 0 to 134217728"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_groupings_that_are_refused(changes: dict[str, Any], message: str) -> None:
    calls, book = dearest(2)
    by = one_cell(calls, book)
    assert aggregate(calls, book, by).calls.sum() == 2
    with pytest.raises(BatchError, match=message):
        aggregate(calls, book, by._replace(**changes))


def test_what_rate_refuses_is_refused() -> None:
    calls, book = dearest(2)
    by = one_cell(calls, book)
    wrong = calls._replace(duration_ms=np.array([0, -1], np.int32))
    with pytest.raises(BatchError, match="duration_ms of row 1 is -1"):
        aggregate(wrong, book, by)
    with pytest.raises(BatchError, match="int64 instead of int32"):
        aggregate(calls._replace(duration_ms=np.zeros(2, np.int64)), book, by)
    with pytest.raises(BatchError, match="nodes of epoch"):
        aggregate(calls._replace(called=Nodes(np.zeros(2, np.int32), 1)), book, by)
