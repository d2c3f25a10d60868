"""Rate calls anew and hold that against what they are charged, keeping sums and no call's charge.

A thread rates a few hundred calls into scratch that stays in its cache, compares them, and adds
both ratings to sums of its own by account and by destination; memory depends on the number of
cells, not of calls.
"""

from functools import partial
from queue import SimpleQueue
from typing import Any, Final

import numpy as np

from kernels.batch import check_column, check_shapes, checked, within
from kernels.blocks import BLOCK_CALLS, in_blocks, threads_of
from kernels.compare import (
    BUY_RATED,
    BUY_REFUSED,
    HAS_BUY,
    LEFT_OUT,
    SELL_RATED,
    SELL_REFUSED,
    Cells,
    CellSums,
    Party,
    Stored,
    Sums,
    compare,
)
from kernels.layout import R_ATTEMPT_FEE, Book, Calls, Numbers, read_only
from kernels.sums import SUMS

__all__ = [
    "BUY_RATED",
    "BUY_REFUSED",
    "HAS_BUY",
    "LEFT_OUT",
    "SELL_RATED",
    "SELL_REFUSED",
    "Cells",
    "Party",
    "Stored",
    "Sums",
    "what_if",
]

CELLS_MAX: Final = 2**24
"""of one side's groupings, times threads: 88 bytes each"""
_SAME: Final = Numbers(read_only(np.empty(0, np.uint64)), read_only(np.empty(0, np.uint8)))


def _block(
    calls: Calls,
    bought: Numbers,
    book: Book,
    stored: Stored,
    currencies: int,
    free: "SimpleQueue[tuple[CellSums, CellSums]]",
    start: int,
    stop: int,
) -> None:
    assert isinstance(calls.called, Numbers)
    codes, sums = book.codes, free.get()
    compare(
        calls.called,
        bought,
        calls.answered_ms,
        calls.duration_ms,
        (calls.sell, calls.buy),
        (codes.top, codes.branch, codes.parent, codes.length),
        (book.closure, book.pieces, book.prices, book.rules, book.fx),
        bool(book.rules[:, R_ATTEMPT_FEE].any()),
        stored,
        currencies,
        sums,
        start,
        stop,
    )
    free.put(sums)


def _checked(name: str, party: Party, calls: int, rate_rows: int, cells: Cells) -> Party:
    """A side whose every entry is within its table, and every table's within the cells."""
    columns = {"billed_s": "i4", "nanos": "i8", "account": "i4", "currency": "i4"}
    for field, kind in {**columns, "version": "i4", "row": "i4"}.items():
        check_column(f"{name}.{field}", getattr(party, field), calls, kind)
    check_column(f"{name}.account_currency", party.account_currency, len(party.account_cell), "i4")
    for entries, table, end in (
        ("account", "account_cell", cells.accounts),
        ("account", "account_currency", cells.currencies),
        ("currency", "currency_cell", cells.currencies),
    ):
        own = getattr(party, table)
        within(f"{name}.{entries}", getattr(party, entries), 0, len(own) - 1)
        within(f"{name}.{table}", own, 0, end - 1)
    check_column(f"{name}.rate_destination", party.rate_destination, rate_rows, "i4")
    within(f"{name}.rate_destination", party.rate_destination, 0, cells.destinations - 1)
    ends = party.version_first + party.version_rows
    within(f"{name}.version_first", party.version_first, 0, rate_rows)
    within(f"{name}.version_rows", ends, 0, rate_rows)
    arrays: list[Any] = [read_only(column) for column in party[:-1]]
    return Party(*arrays, party.asked)  # type: ignore[call-arg]


def what_if(
    calls: Calls,
    stored: Stored,
    book: Book,
    rate_rows: int,
    cells: Cells,
    threads: int = 0,
    bought: Numbers | None = None,
) -> tuple[Sums, Sums]:
    """Sums of the sell legs and of the buy legs of n calls, as they are and as `book` prices them.

    calls.called must be Numbers; bought: those that the buy legs are matched by, if others.
    rate_rows: how many the book has. threads = 0: every core.
    Raises BatchError before anything is summed for what `rate` refuses, and for a column, an entry
    or a cell out of place.
    """
    n = check_shapes(calls, book, None)
    threads = threads_of(threads)
    if bought is not None:
        checked(calls._replace(called=bought), book, None, threads)
        bought = Numbers(read_only(bought.digits), read_only(bought.digit_count))
    calls = checked(calls, book, None, threads)
    check_column("state", stored.state, n, "u1")
    parties = [
        _checked(name, party, n, rate_rows, cells)
        for name, party in (("sell", stored.sell), ("buy", stored.buy))
    ]
    stored = Stored(read_only(stored.state), *parties)
    wide = cells.currencies * max(cells.accounts, cells.destinations)
    threads = max(1, min(threads, -(-n // BLOCK_CALLS), CELLS_MAX // max(wide, 1)))
    rows = [cells.currencies * groups for groups in (cells.accounts, cells.destinations)]
    free: SimpleQueue[tuple[CellSums, CellSums]] = SimpleQueue()
    for _ in range(threads):
        one, other = (tuple(np.zeros((r, len(SUMS)), np.int64) for r in rows) for _ in "ab")
        free.put((one, other))  # type: ignore[arg-type]
    work = partial(_block, calls, bought or _SAME, book, stored, cells.currencies, free)
    list(in_blocks(n, threads, work))
    found = [free.get() for _ in range(threads)]
    shape = (-1, cells.currencies, len(SUMS))
    sell, buy = (
        Sums(*(sum(sums[side][by] for sums in found).reshape(shape) for by in (0, 1)))  # type: ignore[union-attr]
        for side in (0, 1)
    )
    return sell, buy
