"""Rate and sum: what calls cost by account, day and destination, keeping no call's charge.

A thread rates a few hundred calls into scratch that stays in its cache and adds them to sums of its
own, which are added up at the end: memory depends on the number of cells, not of calls. The totals
are the sums of what `rate` returns, whatever the number of threads.

Charges are not negative, so a sum is past int64 exactly if it once turns negative: such a sum
sticks at -1 and the batch is refused. Counts and seconds cannot get there: a call bills less than
2^20 s and no column has 2^43 rows.
"""

from functools import partial
from queue import SimpleQueue
from typing import Final, NamedTuple

import numba as nb
import numpy as np

from kernels import gpu
from kernels.batch import BatchError, check_column, check_shapes, checked, within
from kernels.blocks import BLOCK_CALLS, in_blocks, threads_of
from kernels.cpu import STAGE_CALLS, Tables, Trie, match, new_scratch, part_of, price
from kernels.dispatch import log
from kernels.layout import (
    I32,
    I64,
    NO_DECK,
    R_ATTEMPT_FEE,
    TIME_MAX,
    TIME_MIN,
    Book,
    Calls,
    Leg,
    Nodes,
    Numbers,
    read_only,
)

DAY_MS: Final = 86_400_000
CELLS_MAX: Final = 2**27
"""cells of a grouping, and of all threads' sums together: 48 bytes each, 6 GiB"""


Charges = tuple[I32, I32, I64]
"""a Side within compiled code"""


class Grouping(NamedTuple):
    """Which cell a call is summed in: its account, its day and its dial code's destination."""

    account: I32
    """per call, 0..accounts-1"""
    accounts: int
    day0_ms: int
    """the instant at which day 0 begins; a day has 86,400,000 ms"""
    days: int
    destination_of_node: I32
    """per node of the book, 0..destinations-1; node 0 is "no code" """
    destinations: int


class Totals(NamedTuple):
    """Sums, each of shape (accounts, days, destinations): six views of one array.

    Nanos are in the currency that the calls were priced in. An account has one, so its sell sums
    have one; where a cell's vendors differ in currency, its buy sums mean nothing: group by vendor.
    """

    calls: I64
    unrated: I64
    """calls of which a side that is asked for has no rate, or a charge that is TOO_LARGE; it adds
    nothing, while the other side is summed"""
    sell_s: I64
    sell_nanos: I64
    buy_s: I64
    buy_nanos: I64


SUMS: Final = len(Totals._fields)


@nb.njit(inline="always")
def _added(total: int, more: int) -> int:
    """The sum of two sums of 0 or more, -1 where it has passed int64 or one of them had."""
    both = total + more
    return both | (both | total | more) >> 63


@nb.njit(inline="always")
def _new_side() -> Charges:
    n = STAGE_CALLS
    return np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int64)


@nb.njit(nogil=True, cache=True)
def _sum_up(cell: I64, decks: tuple[I32, I32], sell: Charges, buy: Charges, sums: I64) -> None:
    sell_row, sell_s, sell_nanos = sell
    buy_row, buy_s, buy_nanos = buy
    sell_deck, buy_deck = decks
    for i in range(len(cell)):
        at = np.uint64(cell[i])
        sums[at, 0] += 1
        sums[at, 1] += ((sell_row[i] < 0) & (sell_deck[i] != NO_DECK)) | (
            (buy_row[i] < 0) & (buy_deck[i] != NO_DECK)
        )
        sums[at, 2] += sell_s[i]
        sums[at, 3] = _added(sums[at, 3], sell_nanos[i])
        sums[at, 4] += buy_s[i]
        sums[at, 5] = _added(sums[at, 5], buy_nanos[i])


@nb.njit(inline="always")
def _asked(leg: Leg, stage: slice) -> tuple[I32, I32]:
    deck, fx = leg
    return deck[stage], part_of(fx, stage)


@nb.njit(inline="always")
def _first(side: Charges, n: int) -> Charges:
    rate_row, billed_s, nanos = side
    return rate_row[:n], billed_s[:n], nanos[:n]


@nb.njit(nogil=True, cache=True)
def _rate_and_sum(
    numbers: Numbers,
    known: I32,
    answered_ms: I64,
    duration_ms: I32,
    legs: tuple[Leg, Leg],
    trie: Trie,
    tables: Tables,
    attempt_fees: bool,
    by: tuple[I32, I32, int, int, int],
    sums: I64,
    start: int,
    stop: int,
) -> None:
    scratch, sell, buy = new_scratch(), _new_side(), _new_side()
    node, cell = np.empty(STAGE_CALLS, np.int32), np.empty(STAGE_CALLS, np.int64)
    digits, count = numbers
    account, destination, day0_ms, days, destinations = by
    for begin in range(start, stop, STAGE_CALLS):
        n = min(STAGE_CALLS, stop - begin)
        stage = slice(begin, begin + n)
        if len(digits) > 0:
            match(digits[stage], count[stage], trie, node[:n], scratch)
        else:
            node[:n] = known[stage]
        at, lasted = answered_ms[stage], duration_ms[stage]
        sold, bought = _first(sell, n), _first(buy, n)
        price(_asked(legs[0], stage), node[:n], at, lasted, tables, attempt_fees, sold, scratch)
        price(_asked(legs[1], stage), node[:n], at, lasted, tables, attempt_fees, bought, scratch)
        for i in range(n):
            day = np.int64(np.uint64(at[i] - day0_ms) // np.uint64(DAY_MS))
            place = destination[np.uint64(node[i])]
            cell[i] = (account[np.uint64(begin + i)] * days + day) * destinations + place
        _sum_up(cell[:n], (legs[0][0][stage], legs[1][0][stage]), sold, bought, sums)


@nb.njit(nogil=True, cache=True)
def _merge(into: I64, other: I64) -> None:
    for i in range(len(into)):
        for k in range(SUMS):
            into[i, k] = _added(into[i, k], other[i, k])


_NO_NODES = read_only(np.empty(0, np.int32))
_NO_NUMBERS = Numbers(read_only(np.empty(0, np.uint64)), read_only(np.empty(0, np.uint8)))


def _block(
    calls: Calls, book: Book, by: Grouping, free: SimpleQueue[I64], start: int, stop: int
) -> None:
    codes, called = book.codes, calls.called
    sums = free.get()
    _rate_and_sum(
        _NO_NUMBERS if isinstance(called, Nodes) else called,
        called.node if isinstance(called, Nodes) else _NO_NODES,
        calls.answered_ms,
        calls.duration_ms,
        (calls.sell, calls.buy),
        (codes.top, codes.branch, codes.parent, codes.length),
        (book.closure, book.pieces, book.prices, book.rules, book.fx),
        bool(book.rules[:, R_ATTEMPT_FEE].any()),
        (by.account, by.destination_of_node, by.day0_ms, by.days, by.destinations),
        sums,
        start,
        stop,
    )
    free.put(sums)


def check_grouping(calls: Calls, book: Book, by: Grouping) -> None:
    """Raises BatchError where a grouping does not fit the calls or the book."""
    check_column("account", by.account, len(calls.answered_ms), "i4")
    check_column("destination_of_node", by.destination_of_node, len(book.codes.parent), "i4")
    for name, value in (
        ("accounts", by.accounts),
        ("days", by.days),
        ("destinations", by.destinations),
    ):
        if not 0 <= value <= CELLS_MAX:
            raise BatchError(f"{name} is {value}: allowed 0 to {CELLS_MAX}")
    if by.accounts * by.days * by.destinations > CELLS_MAX:
        raise BatchError(
            f"{by.accounts} accounts x {by.days} days x {by.destinations} destinations are more "
            f"than {CELLS_MAX} cells"
        )
    if not TIME_MIN <= by.day0_ms <= TIME_MAX:
        raise BatchError(f"day0_ms is {by.day0_ms}: allowed {TIME_MIN} to {TIME_MAX}")
    within("account", by.account, 0, by.accounts - 1)
    within("answered_ms", calls.answered_ms, by.day0_ms, by.day0_ms + by.days * DAY_MS - 1)
    within("destination_of_node", by.destination_of_node, 0, by.destinations - 1)


def aggregate(calls: Calls, book: Book, by: Grouping, threads: int = 0) -> Totals:
    """The sums of `rate(calls, book)` by account, day and destination. threads = 0: every core.

    Where a grouping has many cells, only as many threads work as have sums within CELLS_MAX.

    Raises BatchError before anything is summed for what `rate` refuses, for a column of `by` of the
    wrong length or type, for an account, an instant or a destination outside the grouping, and for
    more than CELLS_MAX cells; and, naming the cell, where a sum does not fit int64.
    """
    n = check_shapes(calls, book, None)
    if not threads and gpu.takes(n):
        try:
            return gpu.aggregate(calls, book, by)
        except gpu.GpuFailed as failed:
            log.warning("summed on the CPU: %s", failed)
    check_grouping(calls, book, by)
    threads = threads_of(threads)
    calls = checked(calls, book, None, threads)
    by = by._replace(
        account=read_only(by.account), destination_of_node=read_only(by.destination_of_node)
    )
    cells = by.accounts * by.days * by.destinations
    threads = max(1, min(threads, -(-n // BLOCK_CALLS), CELLS_MAX // max(cells, 1)))
    free: SimpleQueue[I64] = SimpleQueue()
    for _ in range(threads):
        free.put(np.zeros((cells, SUMS), np.int64))
    list(in_blocks(n, threads, partial(_block, calls, book, by, free)))
    sums = free.get()
    while not free.empty():
        _merge(sums, free.get())
    refuse_past_int64(sums, by)
    shaped = sums.reshape(by.accounts, by.days, by.destinations, SUMS)
    return Totals(*(shaped[..., k] for k in range(SUMS)))


def refuse_past_int64(sums: I64, by: Grouping) -> None:
    """Raises BatchError naming the cell of a sum that went past int64."""
    if not sums.size or sums.min() >= 0:
        return
    cell, k = np.argwhere(sums < 0)[0].tolist()
    rest, destination = divmod(cell, by.destinations)
    account, day = divmod(rest, by.days)
    raise BatchError(
        f"{Totals._fields[k]} of account {account}, day {day}, destination {destination} does not "
        "fit int64: sum fewer calls at a time"
    )
