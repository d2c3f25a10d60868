"""The call detail record: one answered call or one unanswered attempt, as a switch reports it.

In bulk a call is a row of `CALLS`. Whatever the format it came in, the same `check` decides
whether a row is a usable call, so that a switch's JSON and a collector's Arrow obey one rule.
"""

from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN
from kernels.dialcodes import parse_numbers
from kernels.layout import DURATION_MS_MAX, I64, U8, U64
from kernels.seen import content_hash

TEXT_MAX: Final = 256
_NO_NUMBER: Final = "not a number: digits, '+' or '00' in front"
PDD_MS_MAX: Final = 600_000
SIP_CODE_MAX: Final = 699

INSTANT = pa.timestamp("ms", "UTC")
CALLS: Final = pa.schema(
    [
        pa.field("call_id", pa.string(), nullable=False),
        pa.field("switch", pa.string(), nullable=False),
        pa.field("leg", pa.string(), nullable=False),
        pa.field("customer", pa.string(), nullable=False),
        pa.field("vendor", pa.string(), nullable=False),
        pa.field("calling", pa.string(), nullable=False),
        pa.field("called", pa.string(), nullable=False),
        pa.field("answered_at", INSTANT, nullable=False),
        pa.field("duration_ms", pa.int64(), nullable=False),
        pa.field("sip_code", pa.int64(), nullable=False),
        pa.field("pdd_ms", pa.int64(), nullable=True),
        pa.field("lrn", pa.string(), nullable=False),
    ]
)
"""answered_at of an unanswered attempt (duration_ms = 0) is the time of the attempt. lrn: the
location routing number of a ported number, "" = not ported, or nobody asked."""

TEXTS: Final = ("call_id", "switch", "leg", "customer", "vendor", "calling", "called", "lrn")
REQUIRED: Final = ("call_id", "customer", "called", "answered_at")
"""and duration_ms or duration_s"""


class Cdr(NamedTuple):
    """One call, field for field a row of CALLS; answered_at in milliseconds since 1970, UTC."""

    call_id: str
    switch: str
    leg: str
    customer: str
    vendor: str
    calling: str
    called: str
    answered_at: int
    duration_ms: int
    sip_code: int
    pdd_ms: int | None
    lrn: str = ""


FLAWS: Final = pa.schema(
    [
        ("row", pa.int64()),
        *((name, pa.string()) for name in ("reason", "field", "value", "detail")),
    ]
)
"""Why row `row` of a batch is not a usable call."""


def normalise(called: str) -> str:
    """Digits of a dialled number: a leading "+" or "00" dropped; "" if it has others.

    What kernels.parse_numbers does in bulk, here for one number or one dial code.
    """
    digits = called.removeprefix("+") if called.startswith("+") else called.removeprefix("00")
    return digits if digits.isascii() and digits.isdecimal() else ""


def calls_from(cdrs: list[Cdr]) -> pa.RecordBatch:
    """n calls as a batch of CALLS."""
    columns = zip(*cdrs, strict=True) if cdrs else [()] * len(CALLS)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, CALLS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=CALLS)


def check(
    calls: pa.RecordBatch, digit_count: U8, absent: pa.RecordBatch | None = None
) -> pa.RecordBatch:
    """The flaws of a batch as FLAWS by row, at most one a row: the first field in CALLS' order.

    digit_count: usable digits of `called`, from kernels.parse_numbers; absent: flaws known before,
    which come first.
    """
    found = [] if absent is None else [absent]
    for field, bad, reason, detail in _rules(calls, digit_count):
        rows = np.flatnonzero(np.asarray(bad))
        if len(rows):
            values = calls.column(field).take(pa.array(rows))
            values = values.view(pa.int64()) if field == "answered_at" else values
            found.append(flaws(rows, reason, field, values.cast(pa.string()), detail))
    if not found:
        return pa.RecordBatch.from_pylist([], FLAWS)
    every = pa.concat_batches(found)
    _, first = np.unique(every.column("row").to_numpy(), return_index=True)
    return every.take(pa.array(first))


def flaws(rows: I64, reason: str, field: str, values: pa.Array, detail: str) -> pa.RecordBatch:
    """FLAWS of rows that are wrong in the same way; values are cut to TEXT_MAX characters."""
    n = len(rows)
    shown = pc.utf8_slice_codeunits(values, 0, TEXT_MAX)
    columns = [rows, pa.repeat(reason, n), pa.repeat(field, n), shown, pa.repeat(detail, n)]
    return pa.RecordBatch.from_arrays(columns, schema=FLAWS)


def _rules(calls: pa.RecordBatch, digit_count: U8) -> Iterator[tuple[str, Any, str, str]]:
    """(field, which rows break a rule about it, reason, detail), in the order they count."""
    for field in TEXTS:
        column = calls.column(field)
        if field in REQUIRED:
            yield field, pc.equal(pc.binary_length(column), 0), "missing", "required"
        too_long = pc.greater(pc.binary_length(column), TEXT_MAX)
        yield field, too_long, "invalid", f"longer than {TEXT_MAX} bytes"
    for field in ("switch", "call_id", "leg"):
        # The id of a call is made of these three, joined by NUL.
        yield field, pc.match_substring(calls.column(field), "\0"), "invalid", "has a NUL byte"
    yield "called", digit_count == 0, "invalid", _NO_NUMBER
    ported = pc.greater(pc.binary_length(calls.column("lrn")), 0)
    if pc.any(ported).as_py():
        usable = parse_numbers(calls.column("lrn"))[1] > 0
        yield "lrn", pc.and_not(ported, pa.array(usable)), "invalid", _NO_NUMBER
    for field, low, high in (
        ("answered_at", INSTANT_MS_MIN, INSTANT_MS_MAX - 1),
        ("duration_ms", 0, DURATION_MS_MAX),
        ("sip_code", 0, SIP_CODE_MAX),
        ("pdd_ms", 0, PDD_MS_MAX),
    ):
        column = calls.column(field)
        if field == "answered_at":
            column = column.view(pa.int64())
        outside = pc.or_(pc.less(column, low), pc.greater(column, high))
        yield field, pc.fill_null(outside, False), "invalid", f"allowed {low} to {high}"


def cdr_ids(calls: pa.RecordBatch) -> pa.Array:
    """The 16-byte id of each call: BLAKE2b of switch, call id and leg. Same call, same id."""
    joined = pc.binary_join_element_wise(
        calls.column("switch"), calls.column("call_id"), calls.column("leg"), "\0"
    ).cast(pa.large_binary())
    n = len(joined)
    _, offsets, data = joined.buffers()
    bounds = np.frombuffer(offsets, np.int64, n + 1, joined.offset * 8).tolist() if n else [0]
    text = memoryview(data or b"")
    digests = b"".join([blake2b(text[a:b], digest_size=16).digest() for a, b in pairwise(bounds)])
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), n, [None, pa.py_buffer(digests)])


def cdr_id(switch: str, call_id: str, leg: str) -> bytes:
    """`cdr_ids` of one call."""
    return blake2b(f"{switch}\0{call_id}\0{leg}".encode(), digest_size=16).digest()


def contents(calls: pa.RecordBatch) -> U64:
    """A hash of what is rated, to tell a call sent again from another call with the same id.

    That of a call without an LRN is what it was before there were LRNs.
    """
    found = content_hash(
        [calls.column(c) for c in ("customer", "vendor", "calling", "called")],
        [instants_ms(calls), calls.column("duration_ms").to_numpy()],
    )
    lrn = calls.column("lrn")
    ported = pc.greater(pc.binary_length(lrn), 0).to_numpy(zero_copy_only=False)
    if ported.any():
        found ^= np.where(ported, content_hash([lrn], [np.zeros(len(lrn), np.int64)]), np.uint64(0))
    return found


def instants_ms(calls: pa.RecordBatch) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """answered_at as int64 milliseconds."""
    column: pa.Array = calls.column("answered_at")
    return column.view(pa.int64()).to_numpy()  # type: ignore[no-any-return]
