"""A batch of messages in any format -> calls and dead letters; each record becomes one of them."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.cdr import CALLS, Cdr, Flaw, calls_from, check
from billing.errors import BadField
from billing.mediation import arrow_cdr, csv_cdr, json_cdr
from kernels import parse_numbers
from kernels.layout import I64, U8, U64

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"
CONTENT_TYPES: Final = (JSON, CSV, ARROW)


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
    if payload[:4] == b"\xff\xff\xff\xff":
        return ARROW
    return JSON if payload.lstrip()[:1] in (b"{", b"[", b"") else CSV


class _Part(NamedTuple):
    """Calls parsed from one or several messages, still unchecked, and how to get at their bytes."""

    calls: pa.RecordBatch
    message: I64
    row: I64
    raw: Sequence[bytes] | pa.RecordBatch


def mediate(messages: Sequence[Message]) -> Mediated:
    """Every record of the messages as a call or a dead letter."""
    dead: list[DeadLetter] = []
    cdrs: list[Cdr] = []
    raws: list[bytes] = []
    places: list[tuple[int, int]] = []
    parts: list[_Part] = []
    for m, (payload, declared) in enumerate(messages):
        kind = declared if declared in CONTENT_TYPES else content_type_of(payload)
        try:
            if kind == JSON:
                cdrs.append(json_cdr.parse(payload))
                raws.append(payload)
                places.append((m, 0))
            elif kind == CSV:
                for row, (raw, found) in enumerate(csv_cdr.parse(payload)):
                    if isinstance(found, BadField):
                        dead.append(_dead(m, row, found, raw))
                        continue
                    cdrs.append(found)
                    raws.append(raw)
                    places.append((m, row))
            else:
                parts.append(_arrow_part(m, payload, dead))
        except BadField as flaw:
            dead.append(_dead(m, 0, flaw, payload))
    if cdrs:
        at = np.array(places, np.int64)
        parts.append(_Part(calls_from(cdrs), at[:, 0], at[:, 1], raws))
    return _checked(parts, dead)


def _dead(message: int, row: int, flaw: BadField, raw: bytes) -> DeadLetter:
    return DeadLetter(message, row, flaw.reason, flaw.field, flaw.value[:256], flaw.detail, 0, raw)


def _arrow_part(m: int, payload: bytes, dead: list[DeadLetter]) -> _Part:
    sent, calls, flaws = arrow_cdr.parse(payload)
    rows = np.arange(calls.num_rows, dtype=np.int64)
    part = _Part(calls, np.full(len(rows), m, np.int64), rows, sent)
    return _without(part, flaws, dead) if flaws else part


def _without(part: _Part, flaws: list[Flaw], dead: list[DeadLetter]) -> _Part:
    """The part less its flawed rows, which become dead letters."""
    keep = np.ones(len(part.row), np.bool_)
    durations = part.calls.column("duration_ms")
    for flaw in flaws:
        if not keep[flaw.row]:
            continue
        keep[flaw.row] = False
        at = int(part.row[flaw.row])
        raw = (
            arrow_cdr.raw_row(part.raw, at)
            if isinstance(part.raw, pa.RecordBatch)
            else part.raw[flaw.row]
        )
        duration_ms = durations[flaw.row].as_py()
        counted = duration_ms if 0 <= duration_ms <= 7 * 86_400_000 else 0
        dead.append(DeadLetter(int(part.message[flaw.row]), at, *flaw[1:], counted, raw))
    kept = np.flatnonzero(keep)
    raw_kept = (
        part.raw if isinstance(part.raw, pa.RecordBatch) else [part.raw[i] for i in kept.tolist()]
    )
    return _Part(part.calls.take(pa.array(kept)), part.message[keep], part.row[keep], raw_kept)


def _checked(parts: list[_Part], dead: list[DeadLetter]) -> Mediated:
    calls: list[pa.RecordBatch] = []
    where: list[tuple[I64, I64, U64, U8]] = []
    for part in parts:
        digits, count = parse_numbers(part.calls.column("called"))
        flaws = check(part.calls, count)
        if flaws:
            part = _without(part, flaws, dead)  # noqa: PLW2901
            digits, count = parse_numbers(part.calls.column("called"))
        calls.append(part.calls)
        where.append((part.message, part.row, digits, count))
    if not where:
        none = np.empty(0, np.int64)
        return Mediated(
            calls_from([]), none, none, np.empty(0, np.uint64), np.empty(0, np.uint8), dead
        )
    message, row, digits, count = (np.concatenate(c) for c in zip(*where, strict=True))
    batch = calls[0] if len(calls) == 1 else pa.concat_batches(calls)
    if len(parts) > 1:
        order = np.lexsort((row, message))
        batch = batch.take(pa.array(order))
        message, row, digits, count = message[order], row[order], digits[order], count[order]
    assert batch.schema.equals(CALLS)
    return Mediated(batch, message, row, digits, count, dead)
