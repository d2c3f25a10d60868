"""What has been posted to each account: a pure fold over cdr.rated, one partition at a time.

Where cdr.rated names a call twice (a worker died or was slow, and the call was rated again), the
first one stands, whatever the second one says. First occurrences stand in the order of cdr.raw, so
a row counts if and only if its raw position lies beyond every position before it. The position of
the partition as a whole is kept for that, in a balance of its own under PARTITION: an account's
position alone would let in a call that was suspended first and priced when it was rated again.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kernels.layout import I64

Flags = npt.NDArray[np.bool_]

NANOS_MAX: Final = 2**63 - 1
_NOWHERE: Final = (-1, -1)


class Key(NamedTuple):
    """An account in one role ("customer" or "vendor") and one currency."""

    role: str
    account: str
    currency: str


PARTITION: Final = Key("partition", "", "")
"""Where the partition's own position stands; its `calls` are all calls taken, suspended ones too,
its nanos are 0."""


class Balance(NamedTuple):
    """What one partition of cdr.raw has posted to one account, and where the last such call stood.

    log: the cluster that (offset, row) of cdr.raw refer to. For one log, of two balances of the
    same account and partition the one with more calls is the later one, and contains the other.
    """

    log: str
    offset: int
    row: int
    nanos: int
    calls: int


_LEG_COLUMNS: Final = [
    *("reason", "has_buy"),
    *("customer", "sell_currency", "sell_nanos"),
    *("vendor", "buy_currency", "buy_nanos"),
]


class _Legs(NamedTuple):
    """Legs to be posted: columns of equal length, in order of their calls."""

    role: pa.ChunkedArray
    account: pa.ChunkedArray
    currency: pa.ChunkedArray
    nanos: I64
    offset: I64
    row: I64


def post(before: Mapping[Key, Balance], rated: pa.Table) -> dict[Key, Balance]:
    """The balances that change when these rows of cdr.rated are posted.

    before: the partition's balances so far, PARTITION among them; more may be in it. rated: rows
    as streams.wire.RATED, in the order of cdr.rated, all of one log and one partition, else
    ValueError. Suspended rows post nothing, but take their place: the same call priced later does
    not count. PARTITION is last in the answer: whoever stores the balances one after the other
    stores it last, so that what a crash cuts off is posted when the rows are read again.

    A row of another log than a balance's belongs to a new cluster, whose offsets begin anew: so
    does the balance, at nothing posted. Raises OverflowError when a balance leaves Int64.
    """
    if not rated.num_rows:
        return {}
    log = _only(rated, "log")
    _only(rated, "partition")
    offset, row = _ints(rated, "offset"), _ints(rated, "row")
    taken = _of(before, PARTITION, log)
    fresh = np.flatnonzero(_beyond(offset, row, taken) & _first(offset, row))
    if not len(fresh):
        return {}
    if len(fresh) < rated.num_rows:
        offset, row = offset[fresh], row[fresh]
        rated = rated.select(_LEG_COLUMNS).take(pa.array(fresh))
    changed = _posted(before, log, _legs(rated, offset, row))
    last = (int(offset[-1]), int(row[-1]))
    return changed | {PARTITION: Balance(log, *last, 0, taken.calls + len(fresh))}


def _only(rated: pa.Table, name: str) -> Any:
    values = pc.unique(rated.column(name)).to_pylist()
    if len(values) != 1:
        raise ValueError(f"rows of one {name} are posted at a time, not of {values[:3]}")
    return values[0]


def _ints(rated: pa.Table, name: str) -> I64:
    return rated.column(name).to_numpy().astype(np.int64)  # type: ignore[no-any-return]


def _of(before: Mapping[Key, Balance], key: Key, log: str) -> Balance:
    found = before.get(key)
    return found if found is not None and found.log == log else Balance(log, *_NOWHERE, 0, 0)


def _beyond(offset: I64, row: I64, at: Balance) -> Flags:
    beyond: Flags = (offset > at.offset) | ((offset == at.offset) & (row > at.row))
    return beyond


def _first(offset: I64, row: I64) -> Flags:
    """Whether a row's position lies beyond all positions before it."""
    rising = (offset[1:] > offset[:-1]) | ((offset[1:] == offset[:-1]) & (row[1:] > row[:-1]))
    if rising.all():
        return np.ones(len(offset), np.bool_)
    order = np.lexsort((row, offset))
    step = (np.diff(offset[order]) != 0) | (np.diff(row[order]) != 0)
    rank = np.empty(len(offset), np.int64)
    rank[order] = np.concatenate(([0], np.cumsum(step)))
    highest = np.maximum.accumulate(rank)
    first: Flags = np.concatenate(([True], rank[1:] > highest[:-1]))
    return first


def _legs(rated: pa.Table, offset: I64, row: I64) -> _Legs:
    priced = pc.equal(rated.column("reason"), "").to_numpy()
    bought = priced & rated.column("has_buy").to_numpy()
    parts = []
    for side, role, posted in (("sell", "customer", priced), ("buy", "vendor", bought)):
        at = np.flatnonzero(posted)
        own = rated.select([role, f"{side}_currency", f"{side}_nanos"]).take(pa.array(at))
        roles = pa.chunked_array([pa.array([role] * len(at), pa.string())])
        nanos = own.column(2).to_numpy()
        parts.append(_Legs(roles, own.column(0), own.column(1), nanos, offset[at], row[at]))
    sell, buy = parts
    texts = (
        pa.chunked_array([*a.chunks, *b.chunks]) for a, b in zip(sell[:3], buy[:3], strict=True)
    )
    return _Legs(*texts, *(np.concatenate(pair) for pair in zip(sell[3:], buy[3:], strict=True)))


def _posted(before: Mapping[Key, Balance], log: str, legs: _Legs) -> dict[Key, Balance]:
    """The balances with these legs added, each only where it lies beyond its balance's position."""
    keys, group = _groups(legs)
    olds = [_of(before, key, log) for key in keys]
    offsets, rows = (np.array([old[i] for old in olds], np.int64) for i in (1, 2))
    new = np.flatnonzero(
        (legs.offset > offsets[group])
        | ((legs.offset == offsets[group]) & (legs.row > rows[group]))
    )
    group, n = group[new], len(keys)
    calls = np.bincount(group, minlength=n)
    # Halves are summed apart, so that no sum of fewer than 2^31 legs can wrap round.
    low, high = np.zeros(n, np.int64), np.zeros(n, np.int64)
    np.add.at(low, group, legs.nanos[new] & 0xFFFFFFFF)
    np.add.at(high, group, legs.nanos[new] >> 32)
    last = np.zeros(n, np.int64)
    last[group] = new
    changed = {}
    for i in np.flatnonzero(calls).tolist():
        nanos = olds[i].nanos + (int(high[i]) << 32) + int(low[i])
        if not -NANOS_MAX <= nanos <= NANOS_MAX:
            raise OverflowError(f"the balance of {keys[i]} does not fit Int64: {nanos}")
        at = int(last[i])
        position = (int(legs.offset[at]), int(legs.row[at]))
        changed[keys[i]] = Balance(log, *position, nanos, olds[i].calls + int(calls[i]))
    return changed


def _groups(legs: _Legs) -> tuple[list[Key], I64]:
    """The distinct keys, and for each leg the number of its key."""
    columns = [c.combine_chunks().dictionary_encode() for c in legs[:3]]
    names = [c.dictionary.to_pylist() for c in columns]
    sizes = tuple(max(len(own), 1) for own in names)
    codes = [c.indices.to_numpy().astype(np.int64) for c in columns]
    distinct, group = np.unique(np.ravel_multi_index(codes, sizes), return_inverse=True)
    parts = np.unravel_index(distinct, sizes)
    keys = [
        Key(*(own[code] for own, code in zip(names, key, strict=True)))
        for key in zip(*(part.tolist() for part in parts), strict=True)
    ]
    return keys, group.astype(np.int64)
