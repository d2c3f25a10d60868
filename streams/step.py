"""The rater's step, pure: messages of one partition -> rated calls, dead letters, receipts.

In two halves, because a call that is older than the memory of ids has to be looked up in between:
`take_in` parses and judges, `settle` rates. Both are functions of their arguments and the memory.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import INSTANT, cdr_ids, contents, instants_ms
from billing.charges import leg_columns
from billing.mediation import Mediated, Message, in_order, mediate
from billing.rating import REASONS, RatedCalls, rate
from billing.tariff import Tariff
from clickhouse.tables import RECEIPT
from kernels.layout import I8, I64, U64
from kernels.seen import CONFLICT, DUPLICATE, NEW, REPLAY, Seen
from streams import wire
from streams.dead_letters import Allowance, conflicts, dead_rows

CLOCK_AHEAD_MS_MAX = 60_000
"""How far a switch's clock may run ahead of the broker's: an id's first arrival is not earlier
than the end of its call less this."""


class Raw(NamedTuple):
    """One message of cdr.raw."""

    message: Message
    offset: int
    received_ms: int
    customer: str = ""
    """as the message's key has it"""


class Place(NamedTuple):
    """Where a call was first taken in, and its content hash."""

    log: str
    partition: int
    offset: int
    row: int
    content: int


class TakenIn(NamedTuple):
    """Messages parsed and judged; `late` are the rows that memory cannot decide.

    Whatever stands in cdr.rated before the offset `known_from` is to be asked of ClickHouse.
    """

    log: str
    partition: int
    raws: list[Raw]
    mediated: Mediated
    offset: U64
    received_ms: I64
    ids: pa.Array
    content: U64
    verdict: I8
    late: I64
    known_from: int


class Outcome(NamedTuple):
    """What a step emits: rows of wire.RATED, of DEAD_LETTER and of RECEIPT."""

    rated: pa.RecordBatch
    dead: pa.RecordBatch
    receipts: pa.RecordBatch


def take_in(log: str, partition: int, raws: list[Raw], seen: Seen, next_rated: int = 0) -> TakenIn:
    """Parse the messages and judge each call against the memory of ids.

    next_rated: no row of these messages will stand in cdr.rated before this offset.
    """
    mediated = mediate([raw.message for raw in raws])
    offsets = np.array([raw.offset for raw in raws], np.uint64)[mediated.message]
    received = np.array([raw.received_ms for raw in raws], np.int64)[mediated.message]
    ids, content = cdr_ids(mediated.calls), contents(mediated.calls)
    offset = offsets.view(np.int64)
    verdict = seen.judge(ids, content, offset, mediated.row, received, next_rated)
    ended = instants_ms(mediated.calls) + mediated.calls.column("duration_ms").to_numpy()
    # Asked for after judging: judging may forget ids, and what it no longer knows is late.
    undecided = (verdict == NEW) | (verdict == REPLAY)
    late = np.flatnonzero(undecided & (ended < seen.covers_from_ms + CLOCK_AHEAD_MS_MAX))
    known = seen.covers_from_mark
    return TakenIn(
        log, partition, raws, mediated, offsets, received, ids, content, verdict, late, known
    )


def learn(taken: TakenIn, stored: Mapping[bytes, Place], seen: Seen) -> None:
    """Remember late calls by the place they were first taken in from, as ClickHouse has it.

    The memory took them for new where they stand now; the next copy is to be held against the
    first one, not against this.
    """
    places = stored.values()
    ours = [(p.log, p.partition) == (taken.log, taken.partition) for p in places]
    offsets = [p.offset if own else -1 for p, own in zip(places, ours, strict=True)]
    seen.place(
        pa.array(list(stored), taken.ids.type),
        np.array([p.content for p in places], np.uint64),
        np.array(offsets, np.int64),
        np.array([p.row for p in places], np.int64),
    )


def _verdict(taken: TakenIn, stored: Mapping[bytes, Place]) -> I8:
    """What memory says of each call, and for those that are stored what ClickHouse says."""
    verdict = taken.verdict.copy()
    if stored:
        known = pc.is_in(taken.ids, value_set=pa.array(list(stored), taken.ids.type))
        for i in np.flatnonzero(known).tolist():
            place = stored[taken.ids[i].as_py()]
            here = (taken.log, taken.partition, int(taken.offset[i]), int(taken.mediated.row[i]))
            if place[:4] != here:
                same = place.content == int(taken.content[i])
                verdict[i] = DUPLICATE if same else CONFLICT
    return verdict


def settle(
    taken: TakenIn,
    stored: Mapping[bytes, Place],
    tariff: Tariff,
    threads: int = 0,
    allowance: Allowance | None = None,
) -> Outcome:
    """Rate what is new and account for every record.

    stored: of the late calls, those that ClickHouse already has, by cdr_id; allowance: what dead
    letters may carry, the partition's own.
    """
    verdict = _verdict(taken, stored)
    fresh = np.flatnonzero((verdict == NEW) | (verdict == REPLAY))
    mediated = taken.mediated
    calls = mediated.calls.take(pa.array(fresh))
    priced = rate(calls, mediated.digits[fresh], mediated.digit_count[fresh], tariff, threads)
    dead = mediated.dead
    if (verdict == CONFLICT).any():
        dead = in_order(dead, conflicts(taken, verdict))
    return Outcome(
        _rated_rows(taken, fresh, calls, priced, tariff),
        dead_rows(taken, dead, allowance or Allowance()),
        _receipts(taken, verdict, fresh, priced.reason, dead),
    )


def _rated_rows(
    taken: TakenIn, fresh: I64, calls: pa.RecordBatch, priced: RatedCalls, tariff: Tariff
) -> pa.RecordBatch:
    n = len(fresh)
    no_margin = (priced.reason != 0) | ~np.asarray(
        pc.or_(pc.equal(priced.sell_currency, priced.buy_currency), pc.invert(priced.has_buy))
    )
    columns = [
        taken.ids.take(pa.array(fresh)),
        *calls.columns,
        pa.array(taken.content[fresh]),
        pa.array(taken.received_ms[fresh]).view(INSTANT),
        pa.array([taken.log] * n, pa.string()),
        pa.array(np.full(n, taken.partition, np.uint16)),
        pa.array(taken.offset[fresh]),
        pa.array(taken.mediated.row[fresh].astype(np.uint32)),
        pa.array(priced.node.astype(np.uint32)),
        pa.array(np.full(n, tariff.book.codes.epoch, np.uint64)),
        pa.array(REASONS, pa.string()).take(pa.array(priced.reason)),
        pa.array(priced.has_buy),
        *leg_columns(priced, "sell", tariff),
        *leg_columns(priced, "buy", tariff),
        pa.array(priced.sell.nanos - priced.buy.nanos, mask=no_margin),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=wire.RATED)


def _receipts(
    taken: TakenIn, verdict: I8, fresh: I64, reason: I8, dead: pa.RecordBatch
) -> pa.RecordBatch:
    """One row per message: what came in (counted before anything was decided) and became of it."""
    n, message = len(taken.raws), taken.mediated.message
    duration_ms = taken.mediated.calls.column("duration_ms").to_numpy()
    every = np.arange(len(message))
    duplicate = np.flatnonzero(verdict == DUPLICATE)
    parts = {
        "rated": fresh[reason == 0],
        "suspended": fresh[reason != 0],
        "duplicate": duplicate,
    }

    def count(rows: I64) -> U64:
        return np.bincount(message[rows], minlength=n).astype(np.uint64)

    def total_ms(rows: I64) -> U64:
        out = np.zeros(n, np.uint64)
        np.add.at(out, message[rows], duration_ms[rows].astype(np.uint64))
        return out

    columns = {name: count(rows) for name, rows in parts.items()}
    columns |= {f"{name}_ms": total_ms(rows) for name, rows in parts.items()}
    columns["dead"], columns["dead_ms"] = _of_letters(dead, n)
    unread, unread_ms = _of_letters(taken.mediated.dead, n)
    columns["calls"], columns["calls_ms"] = count(every) + unread, total_ms(every) + unread_ms
    fixed = {
        "log": pa.array([taken.log] * n, pa.string()),
        "partition": pa.array(np.full(n, taken.partition, np.uint16)),
        "offset": pa.array([raw.offset for raw in taken.raws], pa.uint64()),
        "received_at": pa.array([raw.received_ms for raw in taken.raws], pa.int64()).view(INSTANT),
    }
    arrays = [
        fixed[f.name] if f.name in fixed else pa.array(columns[f.name]).cast(f.type)
        for f in RECEIPT.schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=RECEIPT.schema)


def _of_letters(dead: pa.RecordBatch, n: int) -> tuple[U64, U64]:
    """Dead letters of each of n messages, and their talk time."""
    message, total_ms = dead.column("message").to_numpy(), np.zeros(n, np.uint64)
    np.add.at(total_ms, message, dead.column("duration_ms").to_numpy().astype(np.uint64))
    return np.bincount(message, minlength=n).astype(np.uint64), total_ms
