"""Valid call records, mutated by a seed in every way a sender may get them wrong, with canaries.

A canary is a call left as it was, in the middle of the others; what holds of it: it is rated, and
at the price of its duration. Mutated calls have ids that no canary has.
"""

import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa

from billing.mediation import CONTENT_TYPES
from billing.mediation.fields import COLUMNS
from billing.mediation.mediate import ARROW, CSV, JSON

ROWS_MAX: Final = 400
"""Of one mutated CSV or Arrow message."""
CANARY_SHARE: Final = 0.02
LANES: Final = 8
AGAIN_SHARE: Final = 0.02
"""Of the messages, and of the ids of mutated calls, those that come a second time."""

TEXTS: Final = (
    *(
        "",
        " ",
        "\t",
        "x" * 257,
        "é" * 200,
        "x" * 5_000,
        "\0",
        "49\0",
        "\ufeff49",
        "+",
        "00",
        "++49",
    ),
    *("NaN", "Infinity", "-Infinity", "null", "true", "٤٩٣٠", "४९", "４９３０", "\u202e49", "1e5"),
    *("-1", "0x31", "1_000", "9" * 18, "9" * 19, "9" * 4_000, "1.5", "1,5", '"', '""', "a,b", "\r"),
    *("1999-12-31T23:59:59.999Z", "2000-01-01", "2099-12-31T23:59:59.999Z", "2100-01-01"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999-23:59", "2026-02-30", "2026-1-1"),
    *("2026-11-23T24:00", "2026-11-23T10:00:60Z", "2026-11-23 10:00:00,5 +0530", "-62135596800"),
    *("٢٠٢٦-١١-٢٣", "\ud800", "\udfff\ud800", "🕳", "=cmd|' /C'!A0", "'; DROP TABLE cdr; --"),
)
NUMBERS: Final = (
    *(0, 1, -1, 2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**40),
    *(946_684_799_999, 4_102_444_800_000, 604_800_000, 604_800_001, 699, 700, 10**4_000),
)
OTHERS: Final[tuple[Any, ...]] = (
    None,
    True,
    [],
    {},
    [[1]],
    {"a": {"b": None}},
    1.5,
    1e308,
    -0.0,
    5e-324,
)
NOT_FINITE: Final = (float("nan"), float("inf"), float("-inf"))
PIECES: Final = (
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\n", b"\r", b",", b'"', b"{", b"}", b"[", b"]", b"\\u"),
    *(b"\xff\xff\xff\xff", b"\xc0\x80", b"\xed\xa0\x80", b"call_id,called\n", b"x" * 3_000),
)
DEPTHS: Final = (1, 40, *range(950, 1_001), 100_000)
"""Of nested JSON: also those just below Python's recursion limit."""
KINDS: Final[tuple[pa.DataType, ...]] = (
    *(pa.null(), pa.bool_(), pa.float64(), pa.int8(), pa.uint64(), pa.date32(), pa.duration("s")),
    *(pa.timestamp("ns"), pa.timestamp("s", "Asia/Kolkata"), pa.decimal128(30, 3), pa.binary(7)),
    *(pa.large_string(), pa.string_view(), pa.binary(), pa.list_(pa.string())),
    *(pa.struct([("a", pa.int32())]), pa.dictionary(pa.int8(), pa.string()), pa.uuid()),
    *(pa.run_end_encoded(pa.int32(), pa.string()), pa.map_(pa.string(), pa.int64())),
)


class Sent(NamedTuple):
    """One message as sent; `canaries` are the calls in it that must be rated, by id, in seconds."""

    content_type: str
    payload: bytes
    records: int
    canaries: dict[str, int]
    lane: int = 0
    """which switch it comes from: calls of one switch have to go one way"""


class Mutator:
    """Makes messages; the same seed and instant make the same ones."""

    def __init__(self, seed: int, now_ms: int, run: str = "m") -> None:
        self._draw, self._now_ms, self._run = random.Random(seed), now_ms, run
        self._made = self._lane = 0

    def messages(self, records: int) -> Iterator[Sent]:
        """Messages of at least so many records in all."""
        left = records
        while left > 0:
            make = self._draw.choices((self._json, self._csv, self._arrow), (60, 1, 1))[0]
            self._lane = self._draw.randrange(LANES)
            sent = make()._replace(lane=self._lane)
            left -= sent.records
            yield sent
            if self._draw.random() < AGAIN_SHARE:
                left -= sent.records
                yield sent._replace(canaries={})

    def _call(self, word: str = "bad") -> dict[str, Any]:
        """A good call; its duration is a multiple of three seconds, so that its price is whole."""
        self._made += 1
        seconds = 3 * self._draw.randint(1, 200)
        return {
            "call_id": f"{self._run}-{word}-{self._made}",
            "switch": f"sbc-{self._lane}",
            "leg": "a",
            "customer": "acme",
            "vendor": "vend",
            "calling": "15550100",
            "called": f"49{self._draw.randrange(10**9)}",
            "answered_at": self._now_ms - 1_000 * seconds - self._draw.randrange(60_000),
            "duration_ms": 1_000 * seconds,
            "sip_code": 200,
            "pdd_ms": 900,
        }

    def _mutated(self) -> dict[str, Any]:
        """A call with one to three fields lost, renamed, of another type, or of no sense."""
        call = self._call()
        if self._draw.random() < AGAIN_SHARE:
            call["call_id"] = f"{self._run}-bad-{self._draw.randint(1, self._made)}"
        for _ in range(self._draw.randint(1, 3)):
            field = self._draw.choice(COLUMNS)
            match self._draw.randrange(5):
                case 0:
                    call.pop(field, None)
                case 1:
                    call[field.upper()] = call.pop(field, None)
                case 2:
                    call[field] = call.get(self._draw.choice(COLUMNS))
                case _:
                    call[field] = self._draw.choice(
                        self._draw.choice((TEXTS, NUMBERS, OTHERS, NOT_FINITE))
                    )
        return call

    def _damaged(self, payload: bytes) -> bytes:
        """Bytes flipped, cut off, cut out, doubled or put in."""
        found = bytearray(payload)
        for _ in range(self._draw.randint(1, 3)):
            at, other = sorted(self._draw.randrange(len(found) + 1) for _ in range(2))
            match self._draw.randrange(5):
                case 0 if found:
                    found[min(at, len(found) - 1)] ^= 1 << self._draw.randrange(8)
                case 1:
                    del found[other:]
                case 2:
                    del found[at : min(other, at + 64)]
                case 3:
                    found[at:at] = found[at : min(other, at + 64)]
                case _:
                    found[at:at] = self._draw.choice(PIECES)
        return bytes(found)

    def _declared(self, kind: str) -> str:
        chance = self._draw.random()
        return kind if chance < 0.8 else self._draw.choice((*CONTENT_TYPES, "", "x/y", "\ufffd"))

    def _json(self) -> Sent:
        if self._draw.random() < CANARY_SHARE:
            call = self._call("canary")
            payload = json.dumps(call).encode()
            return Sent(JSON, payload, 1, {call["call_id"]: call["duration_ms"] // 1_000})
        return Sent(self._declared(JSON), self._json_bytes(), 1, {})

    def _json_bytes(self) -> bytes:
        match self._draw.randrange(10):
            case 0:
                return self._damaged(json.dumps(self._call()).encode())
            case 1:
                return b"" if self._draw.random() < 0.1 else self._draw.randbytes(40)
            case 2:  # the same key twice
                first, second = json.dumps(self._call()), json.dumps(self._mutated())
                return f"{first[:-1]},{second[1:]}".encode()
            case 3:
                field, depth = self._draw.choice(COLUMNS), self._draw.choice(DEPTHS)
                opening, closing = self._draw.choice((("[", "]"), ('{"a":', "}")))
                closed = closing * depth if self._draw.random() < 0.5 else ""
                value = f"{opening * depth}1{closed}"
                return json.dumps({**self._call(), field: "@"}).replace('"@"', value).encode()
            case _:
                text = json.dumps(self._mutated(), ensure_ascii=self._draw.random() < 0.5)
                return text.encode("utf-8", "surrogatepass")

    def _rows(self) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Mutated calls with canaries among them, and these."""
        rows = [self._mutated() for _ in range(self._draw.randint(1, ROWS_MAX))]
        canaries = {}
        for at in range(len(rows)):
            if self._draw.random() < CANARY_SHARE:
                rows[at] = call = self._call("canary")
                canaries[call["call_id"]] = call["duration_ms"] // 1_000
        return rows, canaries

    def _csv(self) -> Sent:
        rows, canaries = self._rows()
        lines = [_line(row) for row in rows]
        payload = self._draw.choice((b"\n", b"\r\n", b"\n\n")).join(lines)
        if self._draw.random() < 0.5:
            payload = ",".join(COLUMNS).encode() + b"\n" + payload
        if self._draw.random() < 0.3:
            return Sent(self._declared(CSV), self._damaged(payload), len(rows), {})
        return Sent(CSV, payload, len(rows), canaries)

    def _arrow(self) -> Sent:
        rows, canaries = self._rows()
        columns = {name: self._column([row.get(name) for row in rows], name) for name in COLUMNS}
        if self._draw.random() < 0.5:
            return Sent(ARROW, self._stream(columns), len(rows), canaries)
        for _ in range(self._draw.randint(0, 2)):
            name = self._draw.choice(COLUMNS)
            columns[name] = _as(columns[name], self._draw.choice(KINDS), self._draw)
        if self._draw.random() < 0.2:
            del columns[self._draw.choice(COLUMNS)]
        payload = self._stream(columns)
        if self._draw.random() < 0.7:
            payload = self._damaged(payload)
        return Sent(self._declared(ARROW), payload, len(rows), {})

    def _column(self, values: list[Any], name: str) -> pa.Array:
        """Values in the column's own type; those that do not fit it are null."""
        number = name in ("answered_at", "duration_ms", "sip_code", "pdd_ms")
        fits: Callable[[Any], bool] = (
            (lambda v: type(v) is int and -(2**63) <= v < 2**63) if number else _is_text
        )
        kept = [value if fits(value) else None for value in values]
        return pa.array(kept, pa.int64() if number else pa.string())

    def _stream(self, columns: dict[str, pa.Array]) -> bytes:
        table = pa.table(columns)
        options = pa.ipc.IpcWriteOptions(compression=self._draw.choice((None, "lz4", "zstd")))
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema, options=options) as stream:
            stream.write_table(table, max_chunksize=self._draw.choice((7, 1_000)))
        return sink.getvalue()


def _line(row: dict[str, Any]) -> bytes:
    cells = ("" if row.get(name) is None else str(row[name]) for name in COLUMNS)
    text = ",".join(f'"{cell}"' if "," in cell else cell for cell in cells)
    return text.replace("\n", " ").replace("\r", " ").encode("utf-8", "surrogatepass")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _as(column: pa.Array, kind: pa.DataType, draw: random.Random) -> pa.Array:
    """The column in another type, or as many values of that type."""
    try:
        return column.cast(kind)
    except (pa.ArrowException, ValueError):
        pass
    size = len(column)
    if pa.types.is_dictionary(kind):
        values = pa.array(["49", "acme", None, "x" * 1_000])
        indices = pa.array([draw.randrange(4) for _ in range(size)], pa.int8())
        return pa.DictionaryArray.from_arrays(indices, values)
    if pa.types.is_run_end_encoded(kind):
        return pa.RunEndEncodedArray.from_arrays(pa.array([size], pa.int32()), pa.array(["49"]))
    return pa.nulls(size, kind)
