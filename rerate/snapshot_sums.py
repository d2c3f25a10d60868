"""Calls of snapshots held against what a tariff makes of them, batch by batch, as sums."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from itertools import chain
from threading import Lock
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.call_numbers import CallNumbers
from billing.instants import format_instant_ms
from billing.rating import BOTH, Asked, asked_of
from billing.tariff import Tariff
from kernels import Calls, Numbers
from kernels.blocks import pool, threads_of
from kernels.layout import DIGITS_MAX, I32, I64, U8, U64
from kernels.whatif import (
    BUY_REFUSED,
    LEFT_OUT,
    SELL_RATED,
    SELL_REFUSED,
    Cells,
    Party,
    Stored,
    Sums,
    what_if,
)
from rerate.chunk import LEGS
from rerate.figures import TOTAL, Figures
from rerate.leg import Mask, numpy
from rerate.scope import Scope

ROLES: Final = {"sell": "customer", "buy": "vendor"}
"""who each leg is charged to"""


class Among(NamedTuple):
    """The calls of a snapshot that are meant."""

    scope: Scope
    of_decks: tuple[Collection[str], Collection[str]] | None
    """calls of one of these customers or of one of these vendors; None: all"""


class Compared(NamedTuple):
    """Calls held against what a tariff makes of them."""

    calls: int
    """that are meant"""
    figures: Figures


class _Batch(NamedTuple):
    """The sums of a batch: calls of one day."""

    calls: int
    day: str
    sums: tuple[Sums, Sums]
    """sell and buy"""


class SnapshotSums:
    """Compares batches of snapshots with what a tariff makes of them. Safe to call from threads."""

    def __init__(self, tariff: Tariff, among: Among) -> None:
        self._tariff, self._among = tariff, among
        rows = tariff.rows
        used = np.zeros(len(rows.names), np.bool_)
        used[0] = True  # the name of no destination
        used[rows.destination] = True
        self._destinations = rows.names.filter(pa.array(used)).to_pylist()
        self._rate_destination = (np.cumsum(used) - 1).astype(np.int32)[rows.destination]
        self._by_version = rows.by_version()
        self._currencies, self._accounts = _Names(), {leg: _Names() for leg in LEGS}

    def of(self, batch: pa.RecordBatch) -> _Batch:
        """The sums of a batch, on one thread. Raises kernels.BatchError."""
        column = {name: batch.column(name) for name in batch.schema.names}
        tariff, number = self._tariff, {n: numpy(c) for n, c in column.items() if _plain(c)}
        called, calling, lrn = (
            Numbers(number[f"{of}digits"], number[count])
            for of, count in (
                *(("", "digit_count"), ("calling_", "calling_count")),
                ("lrn_", "lrn_count"),
            )
        )
        numbers = CallNumbers(
            called, calling if tariff.classes else None, lrn if tariff.asks_lrn else None
        )
        answered_ms, duration_ms = number["answered_ms"], number["duration_ms"]
        sell, buy = asked_of(
            column["customer"],
            column["vendor"],
            answered_ms,
            duration_ms,
            numbers,
            tariff,
        )
        out = self._left_out(column, number)
        state = number["state"].copy()
        for bit, mask in (
            (SELL_REFUSED, sell.reason != 0),
            (BUY_REFUSED, buy.reason != 0),
            (LEFT_OUT, out),
        ):
            state |= mask.view(np.uint8) * np.uint8(bit)
        asked = {"sell": sell, "buy": buy}
        parties = [self._party(leg, column, number, asked[leg]) for leg in LEGS]
        accounts = max(len(own) for own in self._accounts.values())
        cells = Cells(accounts, len(self._destinations), len(self._currencies))
        calls = Calls(sell.matched(numbers), answered_ms, duration_ms, sell.leg, buy.leg)
        bought = None if buy.by_lrn is None and sell.by_lrn is None else buy.matched(numbers)
        rows, kept = len(tariff.rows.version), Stored(state, *parties)
        found = what_if(calls, kept, tariff.book, rows, cells, threads=1, bought=bought)
        day = format_instant_ms(int(answered_ms[0]))[:10] if len(state) else ""
        return _Batch(len(out) - int(out.sum()), day, found)

    def figures(self, day: str, sums: tuple[Sums, Sums]) -> Figures:
        """The sums of a day by name."""
        found, currencies = Figures(), self._currencies.texts()
        for (leg, names), own in zip(self._accounts.items(), sums, strict=True):
            whole = own.account.sum(axis=0)
            for dimension, texts, by in (
                ("account", names.texts(), own.account),
                ("destination", self._destinations, own.destination),
                (TOTAL, [""], whole),
                ("day", [day], whole),
            ):
                found.add_sums(dimension, leg, texts, currencies[: len(whole)], by)
        return found

    def _party(
        self, leg: str, column: Mapping[str, pa.Array], number: Mapping[str, Any], asked: Asked
    ) -> Party:
        account, currency = column[ROLES[leg]], column[f"{leg}_currency"]
        return Party(
            number[f"{leg}_s"],
            number[f"{leg}_nanos"],
            numpy(account.indices),
            numpy(currency.indices),
            number[f"{leg}_version"],
            number[f"{leg}_row"],
            self._accounts[leg].cells(account.dictionary.to_pylist()),
            self._currencies.cells(asked.currency),
            self._currencies.cells(currency.dictionary.to_pylist()),
            *self._by_version,
            self._rate_destination,
            self._among.scope.side in (BOTH, leg),
        )

    def _left_out(self, column: Mapping[str, pa.Array], number: Mapping[str, Any]) -> Mask:
        """Which calls the scope does not mean."""
        scope, answered_ms = self._among.scope, number["answered_ms"]
        out: Mask = (answered_ms < scope.from_ms) | (answered_ms >= scope.to_ms)
        for role, names in (("customer", scope.customers), ("vendor", scope.vendors)):
            if names:
                out |= ~_among(column[role], names)
        if self._among.of_decks is not None:
            customers, vendors = self._among.of_decks
            out |= ~(_among(column["customer"], customers) | _among(column["vendor"], vendors))
        if scope.codes:
            out |= ~_begin(number["digits"], number["digit_count"], scope.codes)
        if scope.status != "any":
            out |= ((number["state"] & SELL_RATED) != 0) != (scope.status == "rated")
        return out


class _Names:
    """Texts and the cells they have got, in the order in which they came. For many threads."""

    def __init__(self) -> None:
        self._cell: dict[str, int] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._cell)

    def texts(self) -> list[str]:
        return list(self._cell)

    def cells(self, texts: Sequence[str]) -> I32:
        with self._lock:
            return np.array(
                [self._cell.setdefault(text, len(self._cell)) for text in texts], np.int32
            )


def _plain(column: pa.Array) -> bool:
    return pa.types.is_integer(column.type)  # type: ignore[no-any-return]


def _among(names: pa.DictionaryArray, wanted: Collection[str]) -> Mask:
    own = np.array([name in wanted for name in names.dictionary.to_pylist()], np.bool_)
    return own[names.indices.to_numpy()]  # type: ignore[no-any-return]


def _begin(digits: U64, count: U8, codes: Sequence[str]) -> Mask:
    """Whether each number begins with one of the codes."""
    found = np.zeros(len(digits), np.bool_)
    for code in codes:
        unit = np.uint64(10 ** (DIGITS_MAX - len(code)))
        found |= (digits // unit == np.uint64(int(code))) & (count >= len(code))
    return found


def added(
    sums: SnapshotSums,
    batches: Iterable[pa.RecordBatch],
    threads: int,
    progress: Callable[[int], None],
) -> Compared:
    """All batches together, a few at a time on as many threads (0: every core).

    The batches of a day follow each other. progress is told how many calls have been compared.
    """
    count = threads_of(threads)
    calls, whole, waiting = 0, Figures(), deque[Future[_Batch]]()
    day, of_day = "", None
    for batch in chain(batches, [None] * count):
        if batch is not None and batch.num_rows:
            waiting.append(pool(count).submit(sums.of, batch))
        if waiting and (batch is None or len(waiting) > count):
            found = waiting.popleft().result()
            calls += found.calls
            if of_day is not None and day != found.day:
                whole.merge(sums.figures(day, of_day))
                of_day = None
            day, of_day = found.day, _together(of_day, found.sums)
            progress(calls)
    if of_day is not None:
        whole.merge(sums.figures(day, of_day))
    return Compared(calls, whole)


def _together(one: tuple[Sums, Sums] | None, other: tuple[Sums, Sums]) -> tuple[Sums, Sums]:
    """Two batches of a day; the later one may know more accounts and currencies."""
    if one is None:
        return other
    sell, buy = (
        Sums(*(_sum(*arrays) for arrays in zip(*sides, strict=True)))
        for sides in zip(one, other, strict=True)
    )
    return sell, buy


def _sum(one: I64, other: I64) -> I64:
    shape = tuple(map(max, one.shape, other.shape))
    whole = np.zeros(shape, np.int64) if other.shape != shape else other
    for own in (one, other) if whole is not other else (one,):
        whole[: own.shape[0], : own.shape[1]] += own
    return whole
