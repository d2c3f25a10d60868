"""An Arrow message that would unpack to more than a call needs is refused before it is unpacked."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from billing.mediation.arrow_cdr import ROWS_MAX
from billing.mediation.arrow_size import MESSAGES_MAX, UNPACKED_BYTES_MAX
from tests.billing.records import ANSWERED_MS, ARROW, Letter, mediated, only_dead

WIRE_BYTES_MAX = 1024 * 1024
TEXT = "x" * 900_000


def stream(
    columns: dict[str, pa.Array], compression: str | None = None, rows_a_batch: int = ROWS_MAX
) -> bytes:
    """Columns as an IPC stream."""
    table = pa.table(columns)
    options = pa.ipc.IpcWriteOptions(compression=compression)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows_a_batch)
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


def calls(rows: int = ROWS_MAX) -> dict[str, pa.Array]:
    """What each call needs."""
    same = {"customer": "acme", "called": "4930", "answered_at": ANSWERED_MS, "duration_ms": 1}
    numbers = pa.array([f"c-{i}" for i in range(rows)])
    return {"call_id": numbers, **{name: pa.array([v] * rows) for name, v in same.items()}}


def repeated(text: str, rows: int = ROWS_MAX) -> pa.Array:
    """A column of one text, there as often as there are rows."""
    return pa.repeat(text, rows)


def one_text_for_all(how: str) -> pa.Array:
    """ROWS_MAX rows of a long text that is there once."""
    if how == "dictionary":
        return pa.DictionaryArray.from_arrays(pa.array([0] * ROWS_MAX, pa.int8()), pa.array([TEXT]))
    _, view, text = pa.array([TEXT], pa.string_view()).buffers()
    every = pa.py_buffer(view.to_pybytes()[:16] * ROWS_MAX)
    return pa.Array.from_buffers(pa.string_view(), ROWS_MAX, [None, every, text])


BOMBS: dict[str, Callable[[], bytes]] = {
    "LZ4": lambda: stream({**calls(), "leg": repeated("y" * 5_000)}, "lz4"),
    "ZSTD": lambda: stream({**calls(), "leg": repeated("y" * 5_000)}, "zstd"),
    "an ignored column": lambda: stream({**calls(), "x": repeated("y" * 5_000)}, "zstd"),
    "a dictionary": lambda: stream({**calls(), "leg": one_text_for_all("dictionary")}, "lz4"),
    "a compressed dictionary": lambda: stream(
        {**calls(1), "leg": repeated("y" * 100_000_000, 1).dictionary_encode()}, "zstd"
    ),
    "views": lambda: stream({**calls(), "leg": one_text_for_all("views")}, "lz4"),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_is_one_dead_letter(what: str) -> None:
    payload = BOMBS[what]()
    assert len(payload) < WIRE_BYTES_MAX
    dead = only_dead(payload, ARROW)
    assert (dead.reason, dead.raw) == ("unreadable", payload)
    assert dead.detail == f"unpacks to more than {UNPACKED_BYTES_MAX} bytes"
    assert int(dead.value) > UNPACKED_BYTES_MAX


MEASURE = """
import json, resource, sys
from billing.mediation import Message, mediate
from billing.mediation.mediate import ARROW
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
payloads = [open(path, "rb").read() for path in sys.argv[2:]]
mediate([Message(open(sys.argv[1], "rb").read(), ARROW)])
before = peak()
dead = [mediate([Message(payload, ARROW)]).dead.num_rows for payload in payloads]
print(json.dumps([dead, peak() - before]))
"""


def test_bombs_take_no_memory(tmp_path: Path) -> None:
    """In a process of its own: its peak grows by less than what one message may unpack to."""
    paths = []
    for n, made in enumerate((lambda: stream(calls()), *BOMBS.values())):
        (tmp_path / str(n)).write_bytes(made())
        paths.append(str(tmp_path / str(n)))
    command = [sys.executable, "-c", MEASURE, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    dead, grown = json.loads(done.stdout)
    assert dead == [1] * len(BOMBS)
    assert grown < UNPACKED_BYTES_MAX


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_what_calls_unpack_to_is_taken(compression: str | None) -> None:
    found = mediated(stream({**calls(), "leg": repeated("y" * 250)}, compression), ARROW)
    assert (found.calls.num_rows, found.dead) == (ROWS_MAX, [])


def refused(payload: bytes) -> Letter:
    """The dead letter of a message that is refused as a whole."""
    dead = only_dead(payload, ARROW)
    assert (dead.reason, dead.raw) == ("unreadable", payload)
    return dead


def test_rows_that_take_no_bytes() -> None:
    empty = {name: pa.nulls(ROWS_MAX) for name in ("call_id", "called")}
    assert refused(stream(empty)).detail == "more rows than so few bytes can hold"
    many = {name: pa.nulls(10**8) for name in ("call_id", "called")}
    assert refused(stream(many, None, 10**8)).detail == f"more than {ROWS_MAX} rows"


def test_many_small_batches() -> None:
    found = mediated(stream(calls(MESSAGES_MAX - 1), None, 1), ARROW)
    assert found.calls.num_rows == MESSAGES_MAX - 1
    dead = refused(stream(calls(MESSAGES_MAX), None, 1))
    assert dead.detail == f"more than {MESSAGES_MAX} Arrow messages"


def test_a_dictionary_in_parts() -> None:
    """Each part would have all parts before it copied once more."""
    kind = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema([("call_id", kind)])
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        for size in (1, 2):
            values = pa.array([str(i) for i in range(size)])
            column = pa.DictionaryArray.from_arrays(np.arange(size, dtype=np.int32), values)
            writer.write_batch(pa.record_batch([column], schema=schema))
    assert refused(sink.getvalue().to_pybytes()).detail == "a dictionary in parts is not taken"


def test_no_column_of_a_call() -> None:
    dead = refused(stream({"a": pa.array([1] * 100)}))
    assert (dead.value, dead.detail) == ("['a']", "none of the columns of a call")


UNUSABLE = {
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array([50], pa.int32()), pa.array([TEXT])),
    "lists": pa.array([["a"]] * 50),
    "a dictionary of lists": pa.DictionaryArray.from_arrays(
        pa.array([0] * 50, pa.int8()), pa.array([["a"]])
    ),
    "UUIDs": pa.array([b"x" * 16] * 50, pa.uuid()),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_column_whose_values_are_no_texts(what: str) -> None:
    payload = stream({**calls(50), "leg": UNUSABLE[what]})
    dead = only_dead(payload, ARROW)
    assert (dead.reason, dead.field, dead.raw) == ("invalid", "leg", payload)
