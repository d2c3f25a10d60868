"""A batch of messages in any format -> calls and dead letters; each record becomes one of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import CALLS, FLAWS, TEXT_MAX, Cdr, calls_from, check, flaws
from billing.errors import BadField
from billing.mediation import arrow_cdr, csv_cdr, dead_cdr, json_cdr
from kernels import parse_numbers
from kernels.layout import DURATION_MS_MAX, I64, U8, U64

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"
COLLECTED_DEAD: Final = dead_cdr.CONTENT_TYPE
CONTENT_TYPES: Final = (JSON, CSV, ARROW, COLLECTED_DEAD)
ARROW_MARK: Final = b"\xff\xff\xff\xff"
"""How an Arrow IPC stream begins."""

DEAD: Final = pa.schema(
    [("message", pa.int64()), *FLAWS, ("duration_ms", pa.int64())],
)
"""A record that is no call: where it stood (message, row), why, and its talk time if it has one.
Its original bytes: `raw_records`."""


class Message(NamedTuple):
    """One message of cdr.raw; content_type "" = look at the bytes."""

    payload: bytes
    content_type: str = ""


class Mediated(NamedTuple):
    """The calls of a batch of messages, and the rest as DEAD, both in the order they came."""

    calls: pa.RecordBatch
    message: I64
    row: I64
    digits: U64
    digit_count: U8
    dead: pa.RecordBatch


def content_type_of(payload: bytes) -> str:
    """The format of bytes that came without a content type."""
    if payload[:4] == ARROW_MARK:
        return ARROW
    return JSON if payload.lstrip()[:1] in (b"{", b"[", b"") else CSV


def kind_of(message: Message) -> str:
    """One of CONTENT_TYPES: the declared one, or else what the bytes look like."""
    declared = message.content_type
    return declared if declared in CONTENT_TYPES else content_type_of(message.payload)


def raw_records(message: Message, rows: Sequence[int]) -> Iterable[bytes]:
    """The original bytes of some records of a message.

    Those of an Arrow row are a stream of its own, made when it is asked for, unless the message as
    a whole was unreadable.
    """
    payload, kind = message.payload, kind_of(message)
    if kind == JSON:
        return [payload] * len(rows)
    if kind == CSV:
        _, lines = csv_cdr.records(payload)
        return [lines[row] for row in rows]
    if kind == COLLECTED_DEAD:
        return dead_cdr.raw_records(payload, rows)
    return _raw_rows(payload, rows)


def _raw_rows(payload: bytes, rows: Sequence[int]) -> Iterator[bytes]:
    try:
        yield from arrow_cdr.raw_rows(payload, rows)
    except BadField:
        yield payload


_Letter = tuple[int, int, str, str, str, str, int]
"""As the columns of DEAD."""


class _Parsed:
    """What parsing the messages gave: calls still unchecked, in parts, and dead letters."""

    def __init__(self) -> None:
        self.dead: list[_Letter] = []
        self._calls: list[pa.RecordBatch] = []
        self._places: list[I64] = []
        self._cdrs: list[Cdr] = []
        self._at: list[tuple[int, int, int]] = []

    def add(self, m: int, message: Message) -> None:
        """Parse one message. Raises BadField if all of it is unreadable."""
        payload, kind = message.payload, kind_of(message)
        if kind == JSON:
            self._cdrs.append(json_cdr.parse(payload))
            self._at.append((m, 0, -1))
        elif kind == CSV:
            for row, found in enumerate(csv_cdr.parse(payload)):
                if isinstance(found, BadField):
                    self.bury(m, row, found)
                else:
                    self._cdrs.append(found)
                    self._at.append((m, row, -1))
        elif kind == COLLECTED_DEAD:
            for row, letter in enumerate(dead_cdr.parse(payload)):
                self.bury(m, row, letter.flaw, letter.duration_ms)
        else:
            calls, lacks = arrow_cdr.parse(payload)
            rows = np.arange(calls.num_rows)
            self._calls.append(calls)
            self._places.append(np.stack([np.full(len(rows), m), rows, lacks], axis=1))

    def bury(self, m: int, row: int, flaw: BadField, duration_ms: int = 0) -> None:
        """A record is no call."""
        self.dead.append((m, row, flaw.reason, flaw.field, flaw.value, flaw.detail, duration_ms))

    def joined(self) -> tuple[pa.RecordBatch, I64]:
        """All calls in the order they came, and of each (message, row, what it lacks or -1)."""
        if self._cdrs or not self._calls:
            self._calls.append(calls_from(self._cdrs))
            self._places.append(np.array(self._at, np.int64).reshape(-1, 3))
        if len(self._calls) == 1:
            return self._calls[0], self._places[0]
        calls, places = pa.concat_batches(self._calls), np.concatenate(self._places)
        if self._cdrs:
            order = np.lexsort((places[:, 1], places[:, 0]))
            calls, places = calls.take(pa.array(order)), places[order]
        return calls, places


def mediate(messages: Sequence[Message]) -> Mediated:
    """Every record of the messages as a call or a dead letter."""
    parsed = _Parsed()
    for m, message in enumerate(messages):
        try:
            parsed.add(m, message)
        except BadField as flaw:
            parsed.bury(m, 0, flaw)
    calls, places = parsed.joined()
    digits, count = parse_numbers(calls.column("called"))
    bad = check(calls, count, _absent(places[:, 2]))
    dead = _letters(parsed, bad, calls, places)
    if bad.num_rows:
        keep = np.ones(len(places), np.bool_)
        keep[bad.column("row").to_numpy()] = False
        calls, places = calls.filter(pa.array(keep)), places[keep]
        digits, count = digits[keep], count[keep]
    assert calls.schema.equals(CALLS)
    return Mediated(calls, places[:, 0], places[:, 1], digits, count, dead)


def _absent(lacks: I64) -> pa.RecordBatch | None:
    parts = []
    for i, field in enumerate(arrow_cdr.NEVER_ABSENT):
        rows = np.flatnonzero(lacks == i)
        values = pa.repeat("", len(rows))
        parts.append(flaws(rows, "missing", field, values, "required"))
    return pa.concat_batches(parts) if (lacks >= 0).any() else None


def _letters(
    parsed: _Parsed, bad: pa.RecordBatch, calls: pa.RecordBatch, places: I64
) -> pa.RecordBatch:
    """DEAD of what could not be parsed and of the calls that are `bad`, in order."""
    at = bad.column("row").to_numpy()
    counted_ms = calls.column("duration_ms").take(pa.array(at))
    allowed = pc.and_(pc.greater_equal(counted_ms, 0), pc.less_equal(counted_ms, DURATION_MS_MAX))
    duration_ms = pc.if_else(allowed, counted_ms, 0)
    places = places[at, :2]
    columns = [*map(pa.array, places.T), *bad.columns[1:], duration_ms]
    letters = pa.RecordBatch.from_arrays(columns, schema=DEAD)
    return in_order(letters, _unparsed(parsed.dead)) if parsed.dead else letters


def _unparsed(dead: list[_Letter]) -> pa.RecordBatch:
    message, row, reason, field, value, detail, duration_ms = map(list, zip(*dead, strict=True))
    shown = (
        [text[:TEXT_MAX].encode(errors="replace") for text in texts] for texts in (value, detail)
    )
    value, detail = (pa.array(texts, pa.binary()).cast(pa.string()) for texts in shown)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(message),
            pa.array(row),
            pa.array(reason),
            pa.array(field),
            value,
            detail,
            pa.array(duration_ms, pa.int64()),
        ],
        schema=DEAD,
    )


def in_order(*letters: pa.RecordBatch) -> pa.RecordBatch:
    """Dead letters of the same messages, by message and row."""
    every = pa.concat_batches(letters)
    order = np.lexsort((every.column("row").to_numpy(), every.column("message").to_numpy()))
    return every.take(pa.array(order))
