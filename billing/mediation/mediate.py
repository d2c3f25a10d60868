"""A batch of messages in any format -> calls and dead letters; each record becomes one of them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.cdr import CALLS, Cdr, Flaw, calls_from, check
from billing.errors import BadField
from billing.mediation import arrow_cdr, csv_cdr, json_cdr
from kernels import parse_numbers
from kernels.layout import DURATION_MS_MAX, I64, U8, U64

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"
CONTENT_TYPES: Final = (JSON, CSV, ARROW)
ARROW_MARK: Final = b"\xff\xff\xff\xff"
"""How an Arrow IPC stream begins."""


class Message(NamedTuple):
    """One message of cdr.raw; content_type "" = look at the bytes."""

    payload: bytes
    content_type: str = ""


class DeadLetter(NamedTuple):
    """A record that is no call: where it stood, why, and its original bytes."""

    message: int
    row: int
    reason: str
    field: str
    value: str
    detail: str
    duration_ms: int
    raw: bytes


class Mediated(NamedTuple):
    """The calls of a batch of messages in the order they came (message, row), and the rest."""

    calls: pa.RecordBatch
    message: I64
    row: I64
    digits: U64
    digit_count: U8
    dead: list[DeadLetter]


def content_type_of(payload: bytes) -> str:
    """The format of bytes that came without a content type."""
    if payload[:4] == ARROW_MARK:
        return ARROW
    return JSON if payload.lstrip()[:1] in (b"{", b"[", b"") else CSV


def _kind(message: Message) -> str:
    declared = message.content_type
    return declared if declared in CONTENT_TYPES else content_type_of(message.payload)


def raw_records(message: Message, rows: Sequence[int]) -> list[bytes]:
    """The original bytes of some records of a message that `mediate` could read."""
    payload, kind = message.payload, _kind(message)
    if kind == JSON:
        return [payload] * len(rows)
    if kind == CSV:
        lines = [raw for raw, _ in csv_cdr.parse(payload)]
        return [lines[row] for row in rows]
    sent = arrow_cdr.read(payload)
    return [arrow_cdr.raw_row(sent, row) for row in rows]


class _Parsed:
    """What parsing the messages gave: calls still unchecked, in parts, and flaws by place."""

    def __init__(self) -> None:
        self.dead: list[DeadLetter] = []
        self._calls: list[pa.RecordBatch] = []
        self._places: list[I64] = []
        self._cdrs: list[Cdr] = []
        self._at: list[tuple[int, int]] = []
        self.flaws: dict[tuple[int, int], Flaw] = {}

    def add(self, m: int, message: Message) -> None:
        """Parse one message. Raises BadField if all of it is unreadable."""
        payload, kind = message.payload, _kind(message)
        if kind == JSON:
            self._cdrs.append(json_cdr.parse(payload))
            self._at.append((m, 0))
        elif kind == CSV:
            for row, (raw, found) in enumerate(csv_cdr.parse(payload)):
                if isinstance(found, BadField):
                    self.dead.append(_dead(m, row, found, raw))
                else:
                    self._cdrs.append(found)
                    self._at.append((m, row))
        else:
            calls, flaws = arrow_cdr.parse(payload)
            rows = np.arange(calls.num_rows, dtype=np.int64)
            self._calls.append(calls)
            self._places.append(np.stack([np.full(len(rows), m), rows], axis=1))
            for flaw in flaws:
                self.flaws.setdefault((m, flaw.row), flaw)

    def joined(self) -> tuple[pa.RecordBatch, I64]:
        """All calls in the order they came, and their (message, row)."""
        if self._cdrs or not self._calls:
            self._calls.append(calls_from(self._cdrs))
            self._places.append(np.array(self._at, np.int64).reshape(-1, 2))
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
            parsed.dead.append(_dead(m, 0, flaw, message.payload))
    calls, places = parsed.joined()
    digits, count = parse_numbers(calls.column("called"))
    flaws = {flaw.row: flaw for flaw in check(calls, count)}
    if parsed.flaws:
        found = {tuple(place): i for i, place in enumerate(places.tolist())}
        flaws |= {found[place]: flaw for place, flaw in parsed.flaws.items()}
    dead = [*parsed.dead, *_flawed(messages, calls, places, flaws)]
    if flaws:
        keep = np.ones(len(places), np.bool_)
        keep[list(flaws)] = False
        calls, places = calls.filter(pa.array(keep)), places[keep]
        digits, count = digits[keep], count[keep]
    assert calls.schema.equals(CALLS)
    return Mediated(calls, places[:, 0], places[:, 1], digits, count, dead)


def _dead(message: int, row: int, flaw: BadField, raw: bytes) -> DeadLetter:
    return DeadLetter(message, row, flaw.reason, flaw.field, flaw.value[:256], flaw.detail, 0, raw)


def _flawed(
    messages: Sequence[Message], calls: pa.RecordBatch, places: I64, flaws: dict[int, Flaw]
) -> list[DeadLetter]:
    by_message: dict[int, list[int]] = {}
    for i in sorted(flaws):
        by_message.setdefault(int(places[i, 0]), []).append(i)
    durations_ms = calls.column("duration_ms")
    letters = []
    for m, own in by_message.items():
        raws = raw_records(messages[m], [int(places[i, 1]) for i in own])
        for i, raw in zip(own, raws, strict=True):
            duration_ms = durations_ms[i].as_py()
            counted = duration_ms if 0 <= duration_ms <= DURATION_MS_MAX else 0
            letters.append(DeadLetter(m, int(places[i, 1]), *flaws[i][1:], counted, raw))
    return letters
