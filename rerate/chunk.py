"""A chunk rated again: what its legs would be, held against what they are. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.rating import BOTH, rate
from billing.tariff import Tariff
from billing.withdrawal import is_withdrawn, withdraw
from kernels import parse_numbers
from kernels.layout import I64, U64
from rerate.figures import Figures
from rerate.leg import CHANGES, Mask, compare, is_empty, numpy

LEGS: Final = {"sell": 1, "buy": 2}
"""as ClickHouse numbers them"""


class Read(NamedTuple):
    """Calls and their legs, as clickhouse.rerate_read gives them."""

    calls: pa.Table
    legs: pa.Table


class Rerated(NamedTuple):
    """What a chunk comes to."""

    calls: int
    """rated again"""
    apart: int
    """calls without legs, and legs without their call: half stored; they were left alone"""
    figures: Figures
    changes: pa.Table
    """rows of rerate_delta without step and run"""


def rerate(
    read: Read,
    side: str,
    tariff: Tariff,
    threads: int,
    changes: bool,
    invoiced: Mapping[tuple[str, str], int] | None = None,
    withdrawing: bool = False,
) -> Rerated:
    """Rate calls again and compare. side: "sell", "buy" or "both", the legs that may change.

    changes: whether the rows to write are asked for; then `read` has whole legs. invoiced: (leg,
    account) -> up to when in ms a change of its calls is booked as an adjustment. withdrawing: the
    calls lose their price, for good: those that are withdrawn stay so, whatever decks say.

    A call is rated whole or not at all: where only one leg may change and the call becomes rated,
    or ceases to be, the other leg does too.
    """
    calls = batch_of(read.calls)
    place = place_of(calls.column("cdr_id"), read.legs)
    leg = numpy(read.legs.column("leg"))
    whole = np.zeros(calls.num_rows, np.bool_)
    whole[place[(leg == LEGS["sell"]) & (place >= 0)]] = True
    was = _was_rated(read.legs, place, whole)
    gone = whole if withdrawing else withdrawn_of(read.legs, place, len(whole))
    figures, written = Figures(), [CHANGES.empty_table()]
    for subset, legs in _subsets(side, whole, was):
        part = calls if len(subset) == calls.num_rows else calls.take(pa.array(subset))
        digits, count = parse_numbers(part.column("called"))
        priced = rate(part, digits, count, tariff, threads, legs)
        withdraw(priced, gone[subset])
        position = np.full(calls.num_rows, -1)
        position[subset] = np.arange(len(subset))
        for name, number in LEGS.items():
            rows = np.flatnonzero((leg == number) & (place >= 0))
            at = position[place[rows]]
            own = read.legs.take(pa.array(rows[at >= 0]))
            asked = legs in (BOTH, name)
            found = compare(name, part, at[at >= 0], own, priced, tariff, asked)
            if invoiced:
                found = found.booked(invoiced)
            found.add_to(figures, tariff)
            if changes:
                written.append(found.changes(priced, tariff))
    apart = int((~whole).sum() + (place < 0).sum())
    return Rerated(int(whole.sum()), apart, figures, pa.concat_tables(written))


def batch_of(table: pa.Table) -> pa.RecordBatch:
    """A table as one batch."""
    whole = table.combine_chunks()
    return whole.to_batches()[0] if whole.num_rows else pa.RecordBatch.from_pylist([], table.schema)


def place_of(calls: pa.Array, legs: pa.Table) -> I64:
    """Which call each leg belongs to, -1 where there is none."""
    ids = legs.column("cdr_id").combine_chunks()
    # In most chunks every call has its legs, and in the same order.
    place = np.cumsum(numpy(legs.column("leg")) == LEGS["sell"]) - 1
    if len(place) and place[0] == 0 and place[-1] == len(calls) - 1:
        mine, theirs = _halves(calls), _halves(ids)
        if (mine[place] == theirs).all():
            return place
    found = pc.index_in(ids, calls)
    return pc.fill_null(found, -1).to_numpy().astype(np.int64)  # type: ignore[no-any-return]


def _halves(ids: pa.Array) -> U64:
    """Ids of 16 bytes as two numbers each."""
    data = np.frombuffer(ids.buffers()[1], np.uint64)
    return data[2 * ids.offset : 2 * (ids.offset + len(ids))].reshape(-1, 2)


def _was_rated(legs: pa.Table, place: I64, whole: Mask) -> Mask:
    was = np.zeros(len(whole), np.bool_)
    was[place[place >= 0]] = is_empty(legs.column("reason"))[place >= 0]
    return was


def withdrawn_of(legs: pa.Table, place: I64, calls: int) -> Mask:
    """Which of n calls were withdrawn; place: the call of each leg, -1 where there is none."""
    found = np.zeros(calls, np.bool_)
    found[place[is_withdrawn(legs.column("reason")) & (place >= 0)]] = True
    return found


def _subsets(side: str, whole: Mask, was: Mask) -> list[tuple[I64, str]]:
    """(calls, legs to be rated): of a suspended call always both, for it has no price at all."""
    if side == BOTH:
        return [(np.flatnonzero(whole), BOTH)]
    both = [(np.flatnonzero(whole & was), side), (np.flatnonzero(whole & ~was), BOTH)]
    return [(subset, legs) for subset, legs in both if len(subset)]
