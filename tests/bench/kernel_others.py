"""More on the same world: sums without a call's charge, the least-cost table, a day's own book."""

from typing import NamedTuple

import numpy as np

from kernels import Book
from kernels.aggregate import Grouping, aggregate
from kernels.lcr import lcr
from tests.bench.kernel_columns import Totals
from tests.bench.kernel_ours import Job, compile_all, timed
from tests.bench.kernel_world import BEGIN_MS, HOUR_MS, WINDOW_MS, Traffic, World

DAY_MS = 24 * HOUR_MS
EXPECTED_CALLS_MS = (5_000, 30_000, 60_000, 180_000, 600_000)
LISTED = 5


class Summed(NamedTuple):
    """`aggregate` by customer, day and three-digit stem, from nodes."""

    seconds: float
    cells: int
    totals: Totals
    """billed seconds and nanos of the sell side, then of the buy side"""


def summed(world: World, traffic: Traffic, job: Job, runs: int) -> Summed:
    """Rate the batch and sum, writing no call's charge."""
    stem = job.book.codes.digits // np.uint64(10**12)
    by = Grouping(
        account=traffic.sell_deck,
        accounts=len(world.sheets),
        day0_ms=BEGIN_MS,
        days=(WINDOW_MS[1] - BEGIN_MS) // DAY_MS,
        destination_of_node=stem.astype(np.int32),
        destinations=1_000,
    )
    sums = aggregate(job.by_node, job.book, by)
    columns = (sums.sell_s, sums.sell_nanos, sums.buy_s, sums.buy_nanos)
    seconds = min(timed(lambda: aggregate(job.by_node, job.book, by), runs))
    return Summed(seconds, sums.calls.size, [int(column.sum()) for column in columns])


def least_cost_s(book: Book, runs: int) -> float:
    """Seconds to list the cheapest vendors at every dial code, every deck being a vendor's."""
    vendors = np.arange(len(book.closure), dtype=np.int32)
    sample_ms = np.array(EXPECTED_CALLS_MS, np.int32)
    moment_ms = BEGIN_MS + 14 * DAY_MS
    no_fx = np.empty(0, np.int32)
    return min(timed(lambda: lcr(book, vendors, no_fx, moment_ms, sample_ms, LISTED), runs))


def one_day(world: World, traffic: Traffic, runs: int) -> dict[str, list[float]]:
    """Seconds to rate the traffic as if all of it were of one day, the book compiled for that day.

    A bulk job works through closed days, each with its own book: hardly a price changes within.
    """
    begin_ms = WINDOW_MS[0] + 10 * DAY_MS
    window_ms = (begin_ms, begin_ms + DAY_MS)
    answered_ms = begin_ms + (traffic.answered_ms - WINDOW_MS[0]) % DAY_MS
    day = Job(compile_all(world, window_ms).book, traffic._replace(answered_ms=answered_ms))
    ways = {way: run for way, run in day.ways().items() if "thread" not in way}
    return {f"{way}, one day's book": timed(run, runs) for way, run in ways.items()}
