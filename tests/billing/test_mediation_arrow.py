"""An Arrow message is a call or a dead letter a row; columns by name, in several types."""

import random
from typing import Any

import pyarrow as pa
import pytest

from tests.billing.records import (
    ANSWERED_MS,
    ARROW,
    GOOD,
    arrow_bytes,
    arrow_row,
    mediated,
    only_call,
    only_dead,
)

EXPECTED = {**GOOD, "answered_at": ANSWERED_MS, "lrn": ""}
MOMENT = {"answered_at": ANSWERED_MS}


@pytest.mark.parametrize("content_type", ["", ARROW, "application/json; but wrong"])
def test_a_call(content_type: str) -> None:
    assert only_call(arrow_bytes([arrow_row()]), content_type) == EXPECTED


ACCEPTED: dict[str, tuple[str, pa.Array]] = {
    "large strings": ("call_id", pa.array(["c-1"], pa.large_string())),
    "string views": ("call_id", pa.array(["c-1"], pa.string_view())),
    "a dictionary": ("customer", pa.array(["acme"]).dictionary_encode()),
    "numbers as numbers": ("calling", pa.array([15550100])),
    "bytes that are UTF-8": ("leg", pa.array([b"a"])),
    "nanoseconds": ("answered_at", pa.array([ANSWERED_MS * 10**6 + 7], pa.timestamp("ns", "UTC"))),
    "no time zone": ("answered_at", pa.array([ANSWERED_MS], pa.timestamp("ms"))),
    "another time zone": (
        "answered_at",
        pa.array([ANSWERED_MS], pa.timestamp("ms", "Asia/Kolkata")),
    ),
    "epoch milliseconds": ("answered_at", pa.array([ANSWERED_MS])),
    "small integers": ("duration_ms", pa.array([61_500], pa.uint16())),
    "no values at all": ("pdd_ms", pa.array([None])),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_accepted(what: str) -> None:
    name, column = ACCEPTED[what]
    expected = dict(EXPECTED)
    if what == "numbers as numbers":
        expected["calling"] = "15550100"
    if what == "no values at all":
        expected["pdd_ms"] = None
    assert only_call(arrow_bytes([arrow_row()], **{name: column})) == expected


def test_columns_that_may_be_absent() -> None:
    names = ("switch", "leg", "vendor", "calling", "sip_code", "pdd_ms")
    call = only_call(arrow_bytes([arrow_row(**dict.fromkeys(names))], codec=pa.array(["G729"])))
    assert [call[n] for n in names] == ["", "", "", "", 0, None]


def test_several_record_batches_of_one_message_are_one_sequence_of_rows() -> None:
    table = pa.table({k: [v] * 10 for k, v in arrow_row().items()})
    ids = pa.array([str(n) for n in range(10)])
    table = table.set_column(0, "call_id", ids)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table, max_chunksize=3)
    found = mediated(sink.getvalue().to_pybytes())
    assert found.calls.column("call_id").to_pylist() == ids.to_pylist()
    assert found.row.tolist() == list(range(10))


def test_no_rows() -> None:
    found = mediated(
        arrow_bytes([], **{k: pa.array([], pa.string()) for k in ("call_id", "called")})
    )
    assert (found.calls.num_rows, found.dead) == (0, [])


ROWS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no call id": ({"call_id": None}, "missing", "call_id", ""),
    "an empty customer": ({"customer": ""}, "missing", "customer", ""),
    "no number": ({"called": None}, "missing", "called", ""),
    "no instant": ({"answered_at": None}, "missing", "answered_at", ""),
    "no duration": ({"duration_ms": None}, "missing", "duration_ms", ""),
    "letters in the number": ({"called": "44x"}, "invalid", "called", "44x"),
    "an instant before 2000": ({"answered_at": 1}, "invalid", "answered_at", "1"),
    "a negative duration": ({"duration_ms": -1}, "invalid", "duration_ms", "-1"),
    "a wrong SIP code": ({"sip_code": 999}, "invalid", "sip_code", "999"),
    "a text too long": ({"vendor": "x" * 257}, "invalid", "vendor", "x" * 256),
}


@pytest.mark.parametrize("what", ROWS)
def test_a_bad_row_dies_alone_with_its_own_bytes(what: str) -> None:
    sent, reason, field, value = ROWS[what]
    rows = [arrow_row(call_id="first"), {**arrow_row(), **sent}, arrow_row(call_id="last")]
    found = mediated(arrow_bytes(rows))
    assert found.calls.column("call_id").to_pylist() == ["first", "last"]
    assert found.row.tolist() == [0, 2]
    (dead,) = found.dead
    assert (dead.row, dead.reason, dead.field, dead.value) == (1, reason, field, value)
    assert only_dead(dead.raw)[2:6] == dead[2:6], "its bytes are a message that fails alike"
    sent_row = pa.ipc.open_stream(dead.raw).read_all().to_pylist()[0]
    assert {k: v for k, v in sent_row.items() if k != "answered_at"} == {
        k: v for k, v in rows[1].items() if k != "answered_at"
    }


def test_values_beyond_64_bits_die_alone() -> None:
    rows = [arrow_row(call_id="a"), arrow_row(call_id="b")]
    for name, good in (("answered_at", ANSWERED_MS), ("duration_ms", 5)):
        column = pa.array([2**64 - 1, good], pa.uint64())
        found = mediated(arrow_bytes(rows, **{name: column}))
        assert found.calls.column("call_id").to_pylist() == ["b"]
        assert [(dead.row, dead.field) for dead in found.dead] == [(0, name)]


WHOLE: dict[str, tuple[str, pa.Array]] = {
    "durations as floats": ("duration_ms", pa.array([1.0])),
    "durations as text": ("duration_ms", pa.array(["60"])),
    "instants as text": ("answered_at", pa.array(["2026-11-23"])),
    "instants as days": ("answered_at", pa.array([20_000], pa.int32()).cast(pa.date32())),
    "bytes that are no text": ("call_id", pa.array([b"\xff"])),
    "lists": ("called", pa.array([["44"]])),
    "structs": ("customer", pa.array([{"a": 1}])),
    "a code with decimals": ("sip_code", pa.array([200.5])),
}


@pytest.mark.parametrize("what", WHOLE)
def test_a_column_of_no_use_names_itself(what: str) -> None:
    name, column = WHOLE[what]
    payload = arrow_bytes([arrow_row()], **{name: column})
    dead = only_dead(payload)
    assert (dead.reason, dead.field, dead.raw) == ("invalid", name, payload)


def test_too_many_rows() -> None:
    column = pa.array(["x"] * 100_001)
    dead = only_dead(arrow_bytes([], call_id=column))
    assert (dead.reason, dead.value) == ("unreadable", "100001")


@pytest.mark.parametrize("payload", [b"", b"\xff\xff\xff\xff", b"{}", b"\xff" * 64, b"\0" * 64])
def test_no_arrow_stream(payload: bytes) -> None:
    dead = only_dead(payload, ARROW)
    assert (dead.reason, dead.raw) == ("unreadable", payload)


def test_damaged_streams_never_stop_the_batch() -> None:
    good = arrow_bytes([arrow_row(), arrow_row(called="x")], customer=pa.array(["a", None]))
    draw = random.Random(11)
    for _ in range(2_000):
        damaged = bytearray(good)
        for _ in range(draw.randint(1, 3)):
            damaged[draw.randrange(len(damaged))] = draw.choice([0, 1, 127, 128, 255])
        found = mediated(bytes(damaged), ARROW)
        places = [*found.row.tolist(), *(dead.row for dead in found.dead)]
        assert sorted(places) == list(range(len(places)))


def test_a_time_zone_that_is_no_text() -> None:
    payload = arrow_bytes([arrow_row()]).replace(b"UTC\0", b"\xffTC\0")
    dead = only_dead(payload)
    assert (dead.reason, dead.raw) == ("invalid", payload)
    assert dead.field == "answered_at"
