"""The rating kernels at the job: compiling the book, rating the calls, and the floor under both."""

import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kernels import Book, Calls, DeckRates, Library, Nodes, Rated, empty_rated, rate
from kernels.layout import I64
from tests.bench.kernel_columns import Totals
from tests.bench.kernel_world import RULES, WINDOW_MS, Traffic, World, as_calls, deck_rates

CORES = cpu_count() or 1


class Compiled(NamedTuple):
    """All decks of a world in a library, deck i being row i of its book."""

    library: Library
    price_class: I64
    """by row of World.prices"""
    book: Book
    seconds: float
    """spent in Library.put"""


def compile_all(world: World, window_ms: tuple[int, int] = WINDOW_MS) -> Compiled:
    """Compile every deck for a window, the month of the traffic, all in one put."""
    library = Library(window_ms, CORES)
    for rule in RULES:
        library.rule(tuple(rule.tolist()))
    price_class = library.classes(world.prices)
    decks: dict[Hashable, DeckRates] = {}
    row = 0
    for i, sheet in enumerate(world.sheets):
        decks[i] = deck_rates(world, sheet, price_class, row)
        row += sheet.price.size
    begin = time.perf_counter()
    library.put(decks)
    seconds = time.perf_counter() - begin
    assert all(library.rows[i] == i for i in decks)
    return Compiled(library, price_class, library.book(), seconds)


def book_bytes(book: Book) -> int:
    """What a book holds in memory."""
    tables = (*book.codes[:-1], book.closure, book.pieces, book.prices, book.rules, book.fx)
    return sum(table.nbytes for table in tables)


def totals_of(rated: Rated) -> Totals:
    """The sums that a peer returns."""
    return [
        int(total)
        for side in (rated.sell, rated.buy)
        for total in ((side.rate_row >= 0).sum(), side.billed_s.sum(), side.nanos.sum())
    ]


def timed(run: Callable[[], object], runs: int) -> list[float]:
    """Seconds of each run."""
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return seconds


class Job:
    """One batch, rated from numbers and from stored nodes into the same columns."""

    def __init__(self, book: Book, traffic: Traffic) -> None:
        self.book = book
        self.out = empty_rated(len(traffic.answered_ms))
        self.by_number = as_calls(traffic)
        self._rate(self.by_number)
        self.by_node = as_calls(traffic, Nodes(self.out.node.copy(), book.codes.epoch))

    def _rate(self, calls: Calls, threads: int = CORES) -> None:
        rate(calls, self.book, threads, self.out)

    def ways(self) -> dict[str, Callable[[], Totals | None]]:
        """What is measured; each leaves its charges in `out`."""
        return {
            "from numbers": lambda: self._rate(self.by_number),
            "from nodes": lambda: self._rate(self.by_node),
            "from numbers, 1 thread": lambda: self._rate(self.by_number, 1),
        }

    def totals(self) -> dict[str, Totals]:
        """By way, each rated anew."""
        found = {}
        for name, run in self.ways().items():
            for column in (*self.out.sell, *self.out.buy):
                column[:] = 0
            run()
            found[name] = totals_of(self.out)
        return found


def bytes_per_call(from_nodes: bool = False) -> int:
    """What rating a call must read and write at the least: its input and its output columns."""
    called, node = (4, 0) if from_nodes else (8 + 1, 4)
    instant, duration, deck, row, billed, nanos = 8, 4, 4, 4, 4, 8
    return called + instant + duration + 2 * deck + node + 2 * (row + billed + nanos)


def floor_s(n: int, runs: int) -> float:
    """Seconds of a numpy copy, on all cores, that moves n calls' bytes: half read, half written.

    Into memory touched before. No program that reads and writes these columns can be faster.
    """
    size = n * bytes_per_call() // 2
    source, target = np.ones(size, np.uint8), np.ones(size, np.uint8)
    edges = [size * k // CORES for k in range(CORES + 1)]

    def copy(k: int) -> None:
        part = slice(edges[k], edges[k + 1])
        np.copyto(target[part], source[part])

    with ThreadPoolExecutor(CORES) as pool:
        return min(timed(lambda: list(pool.map(copy, range(CORES))), runs))


def device() -> str:
    """The processor's name and how many cores there are."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"cpu: {names[0] if names else 'unknown'}, {CORES} cores"
