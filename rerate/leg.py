"""One kind of leg of many calls as it is and as it would be: its sums, and the rows to write."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from billing.charges import leg_columns
from billing.instants import DAY_MS, format_instant_ms
from billing.rating import REASONS, WITHDRAWN, RatedCalls
from billing.tariff import Tariff
from billing.withdrawal import is_withdrawn
from clickhouse.tables import PRICED, RERATE_DELTA
from kernels.layout import I32, I64
from rerate.figures import Figures, Once, Twice

CHANGES: Final = pa.schema([f for f in RERATE_DELTA.schema if f.name not in ("step", "run")])
"""What a change says; new_run is 0 until the run is known that makes it."""
Mask = npt.NDArray[np.bool_]
BOOKED: Final = ("correction", "adjustment")
"""how a change is booked: where the call's own charge is, or, if it was invoiced, on the day"""
_NEVER_MS: Final = -(2**63)


class Leg(NamedTuple):
    """n legs of one kind; `compare` makes it."""

    name: str
    calls: pa.RecordBatch
    at: I64
    """the call of each leg"""
    was: pa.Table
    """as charge has them"""
    old: Once
    new: Once
    currency: tuple[I32, I32]
    """before and after: indices into `currencies`; the same one unless rated both times"""
    currencies: list[str]
    destination: I32
    """index into the names of the tariff's rates: where the call went, by its new rate if it has
    one"""
    adjusts: Mask | None = None
    """whether a change is booked as an adjustment, for the leg was invoiced; None: nobody was"""

    def booked(self, invoiced: Mapping[tuple[str, str], int]) -> "Leg":
        """With `adjusts`. invoiced: (leg, account) -> up to when its calls have been invoiced."""
        account = self._account()
        names = account.dictionary.to_pylist()
        until_ms = np.array(
            [invoiced.get((self.name, name), _NEVER_MS) for name in names], np.int64
        )
        answered_ms = self.calls.column("answered_at").view(pa.int64()).to_numpy()
        return self._replace(
            adjusts=answered_ms[self.at] < until_ms[account.indices.to_numpy()[self.at]]
        )

    def add_to(self, figures: Figures, tariff: Tariff) -> None:
        """Add its sums. A leg that changes its currency ends in one and begins in the other."""
        before, after = self.currency
        moved = before != after
        if not moved.any():
            figures.add(self._twice(None, after, self.old, self.new, tariff))
            return
        stays, goes = np.flatnonzero(~moved), np.flatnonzero(moved)
        none = Once(*(np.zeros(len(goes), column.dtype) for column in self.old))  # type: ignore[arg-type]
        for rows, currency, old, new in (
            (stays, after, _at(self.old, stays), _at(self.new, stays)),
            (goes, before, _at(self.old, goes), none),
            (goes, after, none, _at(self.new, goes)),
        ):
            figures.add(self._twice(rows, currency, old, new, tariff))

    def _twice(
        self, rows: I64 | None, currency: I32, old: Once, new: Once, tariff: Tariff
    ) -> Twice:
        own = slice(None) if rows is None else rows
        at = self.at[own]
        coded = self._account()
        day_of = self.calls.column("answered_at").view(pa.int64()).to_numpy() // DAY_MS
        days, day = np.unique(day_of[at], return_inverse=True)
        dates = [format_instant_ms(int(d) * DAY_MS)[:10] for d in days]
        by = {
            "account": _named(coded.indices.to_numpy()[at], coded.dictionary),
            "destination": _named(self.destination[own], tariff.rows.names),
            "day": _named(day, dates),
        }
        if self.adjusts is not None:
            by["booked"] = _named(self.adjusts[own], BOOKED)
        currencies = _named(currency[own], self.currencies)
        return Twice(self.name, self.calls.column("cdr_id"), currencies, by, old, new, at)

    def _account(self) -> pa.DictionaryArray:
        names = self.calls.column("customer" if self.name == "sell" else "vendor")
        return names.dictionary_encode()

    def changes(self, priced: RatedCalls, tariff: Tariff) -> pa.Table:
        """The legs that change, as CHANGES. priced: what `compare` was given."""
        old, new = self.old, self.new
        money = (old.nanos != new.nanos) | (old.billed_s != new.billed_s)
        moved = self.currency[0] != self.currency[1]
        gone = (priced.reason[self.at] == WITHDRAWN) & ~is_withdrawn(self.was.column("reason"))
        rows = np.flatnonzero((old.rated != new.rated) | (new.rated & money) | moved | gone)
        at = self.at[rows]
        calls, was = self.calls.take(pa.array(at)), self.was.take(pa.array(rows))
        now = leg_columns(priced, self.name, tariff, at)._asdict()
        now["reason"] = pa.array(REASONS, pa.string()).take(pa.array(priced.reason[at]))
        columns: dict[str, Any] = {
            **{n: calls.column(n) for n in ("customer", "vendor", "answered_at", "cdr_id")},
            "leg": pa.repeat(self.name, len(rows)),
            "duration_ms": calls.column("duration_ms"),
            "received_at": was.column("received_at"),
            **{f"old_{name}": was.column(name) for name in PRICED},
            **{f"new_{name}": now[name] for name in PRICED if name in now},
            "new_run": pa.repeat(0, len(rows)),
            "adjusts": np.zeros(len(rows)) if self.adjusts is None else self.adjusts[rows],
        }
        arrays = [pa.array(_whole(columns[f.name])).cast(f.type) for f in CHANGES]
        return pa.Table.from_arrays(arrays, schema=CHANGES)


def compare(
    name: str,
    calls: pa.RecordBatch,
    at: I64,
    was: pa.Table,
    priced: RatedCalls,
    tariff: Tariff,
    asked: bool,
) -> Leg:
    """n legs as charge has them, and as their calls are priced.

    at: the call of each leg. asked: whether this kind of leg was to be rated again; if not it stays
    as it is, unless its call is suspended.
    """
    side, currency = (
        (priced.sell, priced.sell_currency) if name == "sell" else (priced.buy, priced.buy_currency)
    )
    old = Once(
        is_empty(was.column("reason")),
        numpy(was.column("billed_s")).astype(np.int32),
        numpy(was.column("nanos")),
    )
    rated = priced.reason[at] == 0
    if asked:
        new = Once(rated, side.billed_s[at], side.nanos[at])
    else:
        stays = old.rated & rated
        new = Once(stays, np.where(stays, old.billed_s, 0), np.where(stays, old.nanos, 0))
    codes: dict[str, int] = {}
    before = _coded(was.column("currency"), codes)
    after = _coded(currency, codes)[at] if asked else before
    both = old.rated & new.rated
    destination = _went(was, old, tariff)
    if asked:
        destination[new.rated] = tariff.rows.destination[side.rate_row[at][new.rated]]
    return Leg(
        name,
        calls,
        at,
        was,
        old,
        new,
        (
            np.where(both | ~new.rated, before, after).astype(np.int32),
            np.where(new.rated, after, before).astype(np.int32),
        ),
        list(codes),
        destination,
    )


def is_empty(texts: pa.ChunkedArray) -> Mask:
    """Whether each text is empty, as the reason of a rated leg is."""
    coded = _whole(texts).dictionary_encode()
    empty = [text == "" for text in coded.dictionary.to_pylist()]
    return np.array(empty, np.bool_)[coded.indices.to_numpy()]  # type: ignore[no-any-return]


def numpy(column: Any) -> "np.ndarray[Any, Any]":
    """A column without nulls as an array."""
    return _whole(column).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _coded(texts: Any, codes: dict[str, int]) -> I32:
    """Each text's number; new ones are added to codes."""
    coded = _whole(texts).dictionary_encode()
    own = [codes.setdefault(text, len(codes)) for text in coded.dictionary.to_pylist()]
    return np.array(own, np.int32)[coded.indices.to_numpy()]  # type: ignore[no-any-return]


def _named(codes: Any, names: Any) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(codes.astype(np.int32), names)


def _went(was: pa.Table, old: Once, tariff: Tariff) -> I32:
    """The destination by which each leg is charged now, as an index into the rates' names."""
    rows = tariff.rows
    version, local = (
        numpy(was.column(name)).astype(np.int64) for name in ("deck_version", "rate_row")
    )
    at = np.searchsorted(rows.version, version) + local
    known = old.rated & (at < len(rows.version))
    known[known] = rows.version[at[known]] == version[known]
    found = np.zeros(len(at), np.int32)
    found[known] = rows.destination[at[known]]
    return found


def _at(once: Once, rows: I64) -> Once:
    return Once(once.rated[rows], once.billed_s[rows], once.nanos[rows])


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
