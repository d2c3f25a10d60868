"""The least-cost table against every vendor charged at every code, one after the other."""

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

from kernels import BatchError, Book
from kernels.layout import NO_DECK, NO_FX, TIME_MAX, read_only
from kernels.lcr import BLOCK_NODES, LISTED_MAX, NANOS_MAX, SAMPLE_CALLS_MAX, LcrTable, lcr
from tests.kernels.compiled import book_of
from tests.kernels.naive import NaiveDeck, Price, RateRow, Rule, naive_charge
from tests.kernels.strategies import DURATION_MS_MAX, RATE_MAX
from tests.kernels.worlds import SPAN_MS, random_world

SAMPLE = (0, 0, 1_500, 30_000, 61_000, 300_000)
RATES = [(11, 10), (1, 7), (10**6, 10**6 - 1)]
ALWAYS = (-(2**62), 2**62)
Listed = list[tuple[int, int]]


class Request(NamedTuple):
    """What lcr is asked, in plain values."""

    vendors: list[int]
    fx: list[int]
    at_ms: int = 0
    sample_ms: tuple[int, ...] = SAMPLE
    k: int = 3


def code_of(book: Book, node: int) -> str:
    return str(book.codes.digits[node]).zfill(15)[: int(book.codes.length[node])]


def table_of(book: Book, request: Request, threads: int = 1) -> LcrTable:
    vendors, fx, at_ms, sample_ms, k = request
    columns = [np.array(values, np.int32) for values in (vendors, fx, sample_ms)]
    return lcr(book, columns[0], columns[1], at_ms, columns[2], k, threads)


def listed(book: Book, request: Request, threads: int = 1) -> dict[str, Listed]:
    """Per code what the kernel lists: (place of the vendor, nanos), cheapest first."""
    table = table_of(book, request, threads)
    shape = (len(book.codes.parent), request.k)
    assert (table.vendor.shape, table.nanos.shape) == (shape, shape)
    assert not table.nanos[table.vendor < 0].any()
    return {
        code_of(book, node): [(v, nanos) for v, nanos in zip(*row, strict=True) if v >= 0]
        for node, row in enumerate(zip(table.vendor.tolist(), table.nanos.tolist(), strict=True))
    }


def naive_price(row: RateRow, sample_ms: tuple[int, ...], fx: Fraction) -> int:
    return sum(naive_charge(ms, row.price, row.rule, fx)[1] for ms in sample_ms)


def naive_listed(
    decks: list[list[RateRow]], codes: list[str], request: Request
) -> dict[str, Listed]:
    naive = [NaiveDeck(rows) for rows in decks]
    table = {}
    for code in codes:
        offers = []
        for place, deck in enumerate(request.vendors):
            at = naive[deck].row_at(code, request.at_ms)
            if at is not None and not naive[deck].rows[at].blocked:
                rate = RATES[request.fx[place]] if request.fx and request.fx[place] >= 0 else (1, 1)
                row = naive[deck].rows[at]
                offers.append((naive_price(row, request.sample_ms, Fraction(*rate)), place))
        table[code] = [(place, nanos) for nanos, place in sorted(offers)[: request.k]]
    return table


@pytest.fixture(scope="module")
def world() -> tuple[Book, list[list[RateRow]]]:
    decks = random_world(11, decks=8, rows=150, calls=0).decks
    return book_of(decks, RATES), decks


REQUESTS = {
    "one currency": Request(list(range(8)), []),
    "several currencies": Request(list(range(8)), [-1, 0, 1, 2, -1, 0, 1, 2], SPAN_MS // 2),
    "some vendors, one twice": Request([5, 2, 5, 1], [], SPAN_MS // 3, k=2),
    "one deck in two currencies": Request([3, 3, 3], [0, 1, 1], 5),
    "more places than vendors": Request([6, 0], [-1, 2], SPAN_MS, k=LISTED_MAX),
    "attempts alone": Request(list(range(8)), [], 7, (0, 0, 0), 8),
    "one call": Request(list(range(8)), [], 7, (1,), 1),
    "the largest sample": Request([4, 0, 1], [], 9, (DURATION_MS_MAX, 1) * 32, 2),
    "no vendor": Request([], []),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_code(name: str, world: tuple[Book, list[list[RateRow]]]) -> None:
    book, decks = world
    found = listed(book, REQUESTS[name])
    expected = naive_listed(decks, list(found), REQUESTS[name])
    assert found == expected
    assert name == "no vendor" or sum(map(len, expected.values())) > len(expected) // 2


def test_the_moment_a_rate_begins_and_ends() -> None:
    one, other, short = (Price(60 * rate, 60 * rate, 0, 1, 1) for rate in (1, 2, 9))
    rows = [
        RateRow("4", *ALWAYS, short, Rule()),
        RateRow("44", 100, 200, one, Rule()),
        RateRow("44", 200, 300, other, Rule()),
    ]
    book = book_of([rows])
    found = [
        listed(book, Request([0], [], at_ms, (1_000,), 1))["44"][0][1]
        for at_ms in (99, 100, 199, 200, 299, 300)
    ]
    assert found == [9, 1, 1, 2, 2, 9]


def test_equal_prices_stand_in_the_order_of_the_list() -> None:
    cheap, dear = (
        [RateRow("1", *ALWAYS, Price(rate, rate, 0, 1, 1), Rule())] for rate in (600, 6_000)
    )
    book = book_of([dear, cheap, dear])
    assert listed(book, Request([0, 1, 2, 1], [], k=4))["1"] == [
        (place, nanos)
        for place, nanos in zip((1, 3, 0, 2), (3_930, 3_930, 39_300, 39_300), strict=True)
    ]
    assert listed(book, Request([0, 2], [], k=1))["1"] == [(0, 39_300)]


def test_vendors_that_are_blocked_or_have_no_rates_are_not_listed() -> None:
    rows = [RateRow("44", *ALWAYS, Price(600, 600, 0, 1, 1), Rule())]
    book = book_of([rows, []])
    found = listed(book, Request([1, NO_DECK, 0, NO_DECK], []))
    assert {code: [place for place, _ in row] for code, row in found.items()} == {"": [], "44": [2]}


def test_what_does_not_fit_is_not_listed() -> None:
    dearest = Price(RATE_MAX, RATE_MAX, 0, 1, 1)
    rows = [RateRow("1", *ALWAYS, dearest, Rule())]
    charge = DURATION_MS_MAX // 1_000 * RATE_MAX // 60
    book = book_of([rows], [(99, 1), (100, 1)])
    week = DURATION_MS_MAX
    for calls, fx, fits in ((9, 0, True), (10, 0, False), (1, 1, False)):
        request = Request([0, 0], [fx, NO_FX], sample_ms=(week,) * calls)
        first = [(0, 99 * charge * calls)] if fits else []
        assert (99 * charge * calls <= NANOS_MAX) == (calls < 10)
        assert sorted(listed(book, request)["1"]) == [*first, (1, charge * calls)]


@pytest.mark.parametrize("threads", [0, 2, 5])
def test_threads_change_nothing(threads: int) -> None:
    price = Price(600, 600, 0, 1, 1)
    codes = [str(10_000 + code) for code in range(2 * BLOCK_NODES)]
    decks = [
        [
            RateRow(code, *ALWAYS, price._replace(connect=(7 * at + place) % 11), Rule())
            for at, code in enumerate(codes[place:])
        ]
        for place in range(3)
    ]
    book, request = book_of(decks), Request([0, 1, 2], [])
    one, other = table_of(book, request), table_of(book, request, threads)
    assert (one.vendor >= 0).sum() > 5 * BLOCK_NODES
    assert np.array_equal(one.vendor, other.vendor)
    assert np.array_equal(one.nanos, other.nanos)


GOOD = Request([0], [0])
WRONG: list[tuple[Request, str]] = [
    (GOOD._replace(vendors=[1]), "vendors of row 0 is 1: allowed -1 to 0"),
    (GOOD._replace(vendors=[-2]), "vendors of row 0 is -2"),
    (GOOD._replace(fx=[1]), "fx of row 0 is 1: allowed -1 to 0"),
    (GOOD._replace(fx=[-2]), "fx of row 0 is -2"),
    (GOOD._replace(fx=[0, 0]), r"fx: \(2,\) instead of \(1,\)"),
    (GOOD._replace(sample_ms=()), "calls of the sample: 0, allowed 1 to 64"),
    (GOOD._replace(sample_ms=(0,) * (SAMPLE_CALLS_MAX + 1)), "calls of the sample: 65"),
    (GOOD._replace(sample_ms=(0, -1)), "sample_ms of row 1 is -1"),
    (GOOD._replace(sample_ms=(DURATION_MS_MAX + 1,)), "sample_ms of row 0 is 604800001"),
    (GOOD._replace(k=0), "k: 0, allowed 1 to 64"),
    (GOOD._replace(k=65), "k: 65"),
    (GOOD._replace(at_ms=TIME_MAX), "at_ms: 4611686018427387904, allowed"),
]


@pytest.mark.parametrize(("request_", "message"), WRONG)
def test_what_is_refused(request_: Request, message: str) -> None:
    book = book_of([[RateRow("1", *ALWAYS, Price(1, 1, 0, 1, 1), Rule())]])
    book = book._replace(fx=read_only(np.array([(1, 1)], np.int64)))
    assert listed(book, GOOD)["1"]
    with pytest.raises(BatchError, match=message):
        table_of(book, request_)


@pytest.mark.parametrize("column", range(3))
def test_a_column_of_another_type_is_refused(column: int) -> None:
    book = book_of([[RateRow("1", *ALWAYS, Price(1, 1, 0, 1, 1), Rule())]])
    columns: list[Any] = [np.zeros(1, np.int64 if at == column else np.int32) for at in range(3)]
    with pytest.raises(BatchError, match="int64 instead of int32"):
        lcr(book, columns[0], columns[1], 0, columns[2], 1)
