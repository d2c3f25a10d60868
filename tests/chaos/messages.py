"""Records as messages of cdr.raw: Arrow streams, single JSON objects and CSV lines, and poison.

Every piece of poison becomes exactly one dead letter: a row of an Arrow stream, a line, an object,
or a message that is nothing at all.
"""

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.mediation.mediate import ARROW, CSV, JSON
from tests.chaos.calls import POISON, Records
from tests.chaos.world import CUSTOMERS, NOWHERE_PREFIX, PREFIXES, VENDORS

SINGLE_SHARE: Final = 0.05
ROWS_MAX: Final = 200
NUMBER_STARTS: Final = (*PREFIXES, NOWHERE_PREFIX)
BAD_MESSAGES: Final = (
    b"",
    b"\x00\xff\x00\xff",
    b'{"call_id": "cut off',
    b"[1, 2, 3]",
    b"one,two",
    b"\xff\xff\xff\xffnot an arrow stream",
    b'{"customer": "chaos-c0", "called": "1", "answered_at": 0}',
    b"\xef\xbb\xbf;;;;\xfe",
)
"""Each one record that cannot be read, whatever content type it claims."""


class Message(NamedTuple):
    """One message to send; `records` have its number and their rows in it."""

    number: int
    customer: str
    kind: str
    payload: bytes
    records: Records


class Encoder:
    """Makes messages of records and numbers them. `run` begins every call id."""

    def __init__(self, run: str, seed: int) -> None:
        self._run, self._rng = run, np.random.default_rng([seed, 5])
        self._number = 0

    def messages(self, records: Records) -> Iterator[Message]:
        """The records as messages, one customer each; some go alone, most in Arrow streams."""
        alone = self._rng.random(len(records)) < SINGLE_SHARE
        for i in np.flatnonzero(alone).tolist():
            yield self._single(records[i : i + 1].copy())
        rest = records[~alone]
        for customer in np.unique(rest["customer"]).tolist():
            own = rest[rest["customer"] == customer]
            for at in range(0, len(own), ROWS_MAX):
                yield self._stream(own[at : at + ROWS_MAX].copy())

    def _numbered(self, kind: str, payload: bytes, records: Records) -> Message:
        message = Message(self._number, CUSTOMERS[records["customer"][0]], kind, payload, records)
        records["message"] = self._number
        records["row"] = np.arange(len(records))
        self._number += 1
        return message

    def _single(self, record: Records) -> Message:
        pick = int(self._rng.integers(2 * len(BAD_MESSAGES)))
        if record["call"][0] == POISON and pick < len(BAD_MESSAGES):
            claimed = ("", JSON, ARROW)[int(self._rng.integers(3))]
            return self._numbered(claimed, BAD_MESSAGES[pick], record)
        fields = self._fields(record)
        values = {name: column[0] for name, column in fields.items()}
        if pick % 2:
            return self._numbered(JSON, json.dumps(values).encode(), record)
        cells = [*list(values.values())[:2], "", *list(values.values())[2:], "200", ""]
        line = ",".join("" if cell is None else str(cell) for cell in cells)
        return self._numbered(CSV, line.encode(), record)

    def _stream(self, records: Records) -> Message:
        fields = self._fields(records)
        stamps = pa.array(fields.pop("answered_at"), pa.int64()).cast(pa.timestamp("ms", "UTC"))
        batch = pa.RecordBatch.from_pydict({"answered_at": stamps, **fields})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return self._numbered(ARROW, sink.getvalue().to_pybytes(), records)

    def _fields(self, records: Records) -> dict[str, list[object]]:
        """Columns in the order of a CSV line, `leg` left out; a bad row lacks or breaks one."""
        calls = records["call"].tolist()
        starts = [NUMBER_STARTS[d] for d in records["destination"].tolist()]
        fields: dict[str, list[object]] = {
            "call_id": [call_id(self._run, n) for n in calls],
            "switch": [switch(n) for n in calls],
            "answered_at": records["answered_ms"].tolist(),
            "duration_ms": records["duration_ms"].tolist(),
            "calling": [f"49300{n % 10_000_000:07d}" for n in calls],
            "called": [f"{s}0{n % 1_000_000:06d}" for s, n in zip(starts, calls, strict=True)],
            "customer": [CUSTOMERS[c] for c in records["customer"].tolist()],
            "vendor": [VENDORS[v] for v in records["vendor"].tolist()],
        }
        for row in np.flatnonzero(records["call"] == POISON).tolist():
            field, value = self._bad_field()
            fields[field][row] = value
        return fields

    def _bad_field(self) -> tuple[str, object]:
        bad: list[tuple[str, object]] = [
            ("call_id", ""),
            ("answered_at", None),
            ("duration_ms", -7_000),
            ("called", "sip:alice"),
            ("customer", ""),
            ("duration_ms", 10**12),
            ("vendor", "v" * 300),
        ]
        return bad[int(self._rng.integers(len(bad)))]


def call_id(run: str, call: int) -> str:
    """The id of a call of a run; says which call of the account it is."""
    return f"{run}-{call:08d}"


def switch(call: int) -> str:
    """The switch that a call comes from."""
    return f"chaos-sw{call % 3}"
