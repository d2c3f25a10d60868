"""One kind of leg of many calls as it is and as it would be: its sums, and the rows to write."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.charges import leg_columns
from billing.instants import DAY_MS, format_instant_ms
from billing.rating import REASONS, RatedCalls
from billing.tariff import Tariff
from clickhouse.tables import PRICED, RERATE_DELTA
from kernels.layout import I64
from rerate.figures import Figures, Once, Twice

CHANGES: Final = pa.schema([f for f in RERATE_DELTA.schema if f.name not in ("step", "run")])
"""What a change says; new_run is 0 until the run is known that makes it."""
Mask = npt.NDArray[np.bool_]
Columns = dict[str, pa.Array]


class Leg(NamedTuple):
    """n legs; `compare` makes it."""

    name: str
    calls: pa.RecordBatch
    was: pa.Table
    """as charge has it"""
    now: Columns
    """as `new_columns` has it"""
    old: Once
    new: Once
    moved: Mask
    """rated both times, in another currency"""
    destination: pa.Array

    def add_to(self, figures: Figures) -> None:
        """Add its sums. A leg that changes its currency ends in one and begins in the other."""
        before, after = _texts(self.was.column("currency")), self.now["currency"]
        currency = pc.if_else(pa.array(self.new.rated), after, before)
        stays, goes = np.flatnonzero(~self.moved), np.flatnonzero(self.moved)
        none = Once(
            np.zeros(len(goes), np.bool_),
            np.zeros(len(goes), np.int32),
            np.zeros(len(goes), np.int64),
        )
        figures.add(self._twice(stays, currency, _at(self.old, stays), _at(self.new, stays)))
        if len(goes):
            figures.add(self._twice(goes, before, _at(self.old, goes), none))
            figures.add(self._twice(goes, after, none, _at(self.new, goes)))

    def _twice(self, rows: I64, currency: pa.Array, old: Once, new: Once) -> Twice:
        at = pa.array(rows)
        calls = self.calls.take(at)
        days, day = np.unique(
            calls.column("answered_at").view(pa.int64()).to_numpy() // DAY_MS, return_inverse=True
        )
        dates = pa.array([format_instant_ms(int(d) * DAY_MS)[:10] for d in days], pa.string())
        dimensions = {
            "account": calls.column("customer" if self.name == "sell" else "vendor"),
            "destination": self.destination.take(at),
            "day": dates.take(pa.array(day)),
        }
        ids = calls.column("cdr_id")
        return Twice(self.name, ids, currency.take(at), dimensions, old, new)

    def changes(self) -> pa.Table:
        """The legs that change, as CHANGES."""
        old, new = self.old, self.new
        money = (old.nanos != new.nanos) | (old.billed_s != new.billed_s)
        at = pa.array(np.flatnonzero((old.rated != new.rated) | (new.rated & money) | self.moved))
        calls, was = self.calls.take(at), self.was.take(at)
        columns: dict[str, Any] = {
            **{n: calls.column(n) for n in ("customer", "vendor", "answered_at", "cdr_id")},
            "leg": pa.repeat(self.name, len(at)),
            "duration_ms": calls.column("duration_ms"),
            "received_at": was.column("received_at"),
            **{f"old_{name}": was.column(name) for name in PRICED},
            **{f"new_{name}": self.now[name].take(at) for name in PRICED if name in self.now},
            "new_run": pa.repeat(0, len(at)),
        }
        arrays = [_whole(columns[f.name]).cast(f.type) for f in CHANGES]
        return pa.Table.from_arrays(arrays, schema=CHANGES)


def compare(name: str, calls: pa.RecordBatch, was: pa.Table, now: Columns, tariff: Tariff) -> Leg:
    """n legs of n calls, as charge has them and as `new_columns` of the same tariff has them."""
    old, new = (
        Once(is_empty(own["reason"]), numpy(own["billed_s"]).astype(np.int32), numpy(own["nanos"]))
        for own in ({n: was.column(n) for n in ("reason", "billed_s", "nanos")}, now)
    )
    differs = pc.not_equal(_texts(was.column("currency")), now["currency"])
    moved = old.rated & new.rated & numpy(differs)
    destination = pc.if_else(pa.array(new.rated), now["destination"], _went(was, old, tariff))
    return Leg(name, calls, was, now, old, new, moved, destination)


def new_columns(priced: RatedCalls, name: str, tariff: Tariff, at: I64) -> Columns:
    """The new charges of the legs of priced calls, by the places of their calls."""
    reason = pa.array(REASONS, pa.string()).take(pa.array(priced.reason))
    whole = {"reason": reason, **leg_columns(priced, name, tariff)._asdict()}
    return {key: column.take(pa.array(at)) for key, column in whole.items()}


def kept(was: pa.Table, now: Columns, suspended: Mask) -> Columns:
    """`now` where a call is suspended, and what charge has elsewhere."""
    mask = pa.array(suspended)
    return {
        name: pc.if_else(mask, column, _whole(was.column(name)).cast(column.type))
        if name in PRICED
        else column
        for name, column in now.items()
    }


def is_empty(texts: Any) -> Mask:
    """Whether each text is empty, as the reason of a rated leg is."""
    return numpy(pc.equal(_texts(texts), ""))


def numpy(column: Any) -> "np.ndarray[Any, Any]":
    """A column without nulls as an array."""
    return _whole(column).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _went(was: pa.Table, old: Once, tariff: Tariff) -> pa.Array:
    """The destination by which each leg is charged now, "" where it is not."""
    rows = tariff.rows
    version, local = (
        numpy(was.column(name)).astype(np.int64) for name in ("deck_version", "rate_row")
    )
    at = np.searchsorted(rows.version, version) + local
    known = old.rated & (at < len(rows.version))
    known[known] = rows.version[at[known]] == version[known]
    return rows.of(np.where(known, at, 0).astype(np.int32), ~known)[3]


def _at(once: Once, rows: I64) -> Once:
    return Once(once.rated[rows], once.billed_s[rows], once.nanos[rows])


def _texts(column: Any) -> pa.Array:
    return _whole(column).cast(pa.string())


def _whole(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
