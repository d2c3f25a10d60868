"""Calls that stay on the device, to be rated again and again: by another book, into sums, or into
the rows that would change.

Imported only where there is a device (or the simulator and a stand-in for CuPy): see device.py.
"""

from typing import Any, NamedTuple

import cupy
import numpy as np

from kernels.aggregate import SUMS, Grouping, Totals, check_grouping, refuse_past_int64
from kernels.batch import BatchError, check_column, check_shapes, limits
from kernels.gpu import launch
from kernels.gpu.columns import Charges, Columns, Tables, calls_of, columns_of, each
from kernels.gpu.device import guarded
from kernels.gpu.memory import books, upload
from kernels.gpu.records import RECORD, plain_sums
from kernels.layout import I64, Book, Calls, Rated, Side


class Changes(NamedTuple):
    """Calls of which a side's nanos are not those that were stored."""

    row: I64
    """ascending"""
    rated: Rated
    """what they would be, row by row"""


class Resident:
    """n calls on the device, for one thread at a time. Methods raise GpuFailed on its trouble.

    Columns may be numpy's, of which copies are taken, or CuPy's, which must not change any more.
    """

    def __init__(self, calls: Calls) -> None:
        with guarded():
            self._columns: Columns = each(upload, columns_of(calls))
            self._views: Columns = launch.views(self._columns)
        self._calls = calls_of(self._columns, calls.called)
        self._spans: dict[str, tuple[int, int]] = {}
        self._group: Grouping | None = None
        self._grouped_epoch: int | None = None
        self._stored: tuple[Any, Any] | None = None

    def __len__(self) -> int:
        return len(self._columns.answered_ms)

    def group(self, by: Grouping) -> None:
        """What `aggregate` is to sum by; checked there, against its book."""
        with guarded():
            self._group = by._replace(
                account=upload(by.account), destination_of_node=upload(by.destination_of_node)
            )
            self._grouped_epoch = None

    def store(self, sell_nanos: I64, buy_nanos: I64) -> None:
        """What `changes` is to compare with. Raises BatchError for a wrong length or type."""
        for name, column in (("sell_nanos", sell_nanos), ("buy_nanos", buy_nanos)):
            check_column(name, column, len(self), "i8")
        with guarded():
            self._stored = (upload(sell_nanos), upload(buy_nanos))

    def rate(self, book: Book) -> Rated:
        """What kernels.rate gives."""
        with guarded():
            return _fetched(_charged(self._columns, self._tables(book)))

    def aggregate(self, book: Book) -> Totals:
        """What kernels.aggregate.aggregate gives, by the grouping last given to `group`.

        Raises BatchError as that does.
        """
        assert self._group is not None, "group() first"
        by = self._group
        with guarded():
            tables = self._tables(book)
            if self._grouped_epoch != book.codes.epoch:
                check_grouping(self._calls, book, by)
                self._grouped_epoch = book.codes.epoch
            cells = by.accounts * by.days * by.destinations
            copies = launch.replicas(cells)
            sums = cupy.zeros(copies * cells * RECORD, np.int64)
            account, destination = launch.view(by.account), launch.view(by.destination_of_node)
            launch.aggregate(
                self._views,
                tables,
                (account, destination, by.day0_ms, by.days, by.destinations),
                cells,
                launch.view(sums),
            )
            records = sums.reshape(copies, cells, RECORD).sum(axis=0).get()
        plain = plain_sums(records)
        refuse_past_int64(plain, by)
        shaped = plain.reshape(by.accounts, by.days, by.destinations, SUMS)
        return Totals(*(shaped[..., k] for k in range(SUMS)))

    def changes(self, book: Book) -> Changes:
        """The calls that cost something else by this book than what was given to `store`."""
        assert self._stored is not None, "store() first"
        with guarded():
            tables = self._tables(book)
            changed = cupy.zeros(len(self), np.uint8)
            sell_nanos, buy_nanos = self._stored
            launch.changes(
                self._views,
                tables,
                (launch.view(sell_nanos), launch.view(buy_nanos)),
                launch.view(changed),
            )
            rows = cupy.flatnonzero(changed)
            columns = each(lambda column: column[rows] if column.size else column, self._columns)
            return Changes(rows.get(), _fetched(_charged(columns, tables)))

    def _tables(self, book: Book) -> Tables:
        """The book's tables. Raises BatchError if the calls are not for this book."""
        check_shapes(self._calls, book, None)
        for name, column, low, high in limits(self._calls, book):
            if not len(column):
                continue
            if name not in self._spans:
                self._spans[name] = (int(column.min()), int(column.max()))
            least, most = self._spans[name]
            if least < low or most > high:
                row = int(((column < low) | (column > high)).argmax())
                value = int(column[row])
                raise BatchError(f"{name} of row {row} is {value}: allowed {low} to {high}")
        return books.tables(book)


def _charged(columns: Columns, tables: Tables) -> Charges:
    """The charges of calls, CuPy columns both."""
    n, i4, i8 = len(columns.answered_ms), np.int32, np.int64
    charges = Charges(*(cupy.zeros(n, kind) for kind in (i4, i4, i4, i8, i4, i4, i8)))
    launch.rate(launch.views(columns), tables, launch.views(charges))
    return charges._replace(node=columns.node) if columns.node.size else charges


def _fetched(charges: Charges) -> Rated:
    node, *sides = (column.get() for column in charges)  # type: ignore[attr-defined]
    return Rated(node, Side(*sides[:3]), Side(*sides[3:]))
