"""Batches of messages in any format: each record becomes one call or one dead letter, in order."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing.mediation import CONTENT_TYPES, Message
from tests.billing.records import (
    ARROW,
    CSV,
    JSON,
    arrow_bytes,
    arrow_row,
    csv_line,
    found_in,
    json_bytes,
)

MIXED = [
    Message(json_bytes(call_id="0.0")),
    Message(
        arrow_bytes([arrow_row(call_id="1.0"), arrow_row(called=""), arrow_row(call_id="1.2")])
    ),
    Message(b"\n".join([csv_line(call_id="2.0"), b"bad", csv_line(call_id="2.2")])),
    Message(b"{"),
    Message(json_bytes(call_id="4.0"), "something/else"),
    Message(json_bytes(duration_ms=-5)),
    Message(arrow_bytes([arrow_row(call_id="6.0")]), ARROW),
    Message(csv_line(call_id="7.0"), CSV),
]


def test_calls_stand_in_the_order_of_message_and_row() -> None:
    found = found_in(*MIXED)
    places = list(zip(found.message.tolist(), found.row.tolist(), strict=True))
    assert places == sorted(places)
    assert found.calls.column("call_id").to_pylist() == [f"{m}.{r}" for m, r in places]
    assert len(found.digits) == len(found.digit_count) == found.calls.num_rows == 8
    assert found.digits.tolist() == [442071838750000] * 8


def test_dead_letters_say_where_they_stood() -> None:
    dead = {(d.message, d.row): d for d in found_in(*MIXED).dead}
    assert sorted(dead) == [(1, 1), (2, 1), (3, 0), (5, 0)]
    assert dead[2, 1].raw == b"bad"
    assert dead[3, 0].raw == b"{"
    assert dead[5, 0].duration_ms == 0, "a duration that is none is counted as none"
    assert dead[1, 1].duration_ms == 61_500


def test_nothing() -> None:
    found = found_in()
    assert (found.calls.num_rows, found.dead, len(found.digits)) == (0, [], 0)


def test_one_message_at_a_time_or_all_at_once_is_the_same() -> None:
    together = found_in(*MIXED)
    alone = [found_in(message) for message in MIXED]
    rows = [row for found in alone for row in found.calls.to_pylist()]
    assert together.calls.to_pylist() == rows
    letters = [d._replace(message=m) for m, found in enumerate(alone) for d in found.dead]
    assert together.dead == letters


def test_bytes_are_recognised_without_a_content_type() -> None:
    for payload in (json_bytes(), csv_line(), arrow_bytes([arrow_row()])):
        assert found_in(Message(payload)).calls.num_rows == 1


PIECES = st.sampled_from(
    [
        *(b"{", b"}", b"[", b'"', b",", b"\n", b"\r", b":", b"\0", b"\xef\xbb\xbf", b"\xff" * 4),
        *(b"call_id", b"called", b"duration_ms", b"NaN", b"1e999", b"9" * 20, json_bytes()[:40]),
        *(csv_line(), json_bytes(), arrow_bytes([arrow_row()])[:200], b'"call_id":', b"\\ud800"),
    ]
)
PAYLOADS = (
    st.binary(max_size=80)
    | st.lists(PIECES | st.binary(max_size=4), max_size=12).map(b"".join)
    | st.text(max_size=40).map(lambda text: json_bytes(call_id=text))
    | st.text(max_size=40).map(lambda text: json_bytes(answered_at=text))
    | st.text(max_size=40).map(lambda text: csv_line(duration_ms=text, leg=text))
)


def records_in(payload: bytes) -> list[bytes]:
    """The lines of a CSV message that are records, told the plain way."""
    lines = [line for line in payload.splitlines() if line.strip()]
    names = lines[0].decode(errors="replace").lower() if lines else ""
    cells = {cell.strip(" \t\"'\ufeff\0") for cell in names.split(",")}
    return lines[1:] if {"call_id", "called"} <= cells else lines


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(PAYLOADS, st.sampled_from(["", *CONTENT_TYPES])), max_size=4))
@example([(b"", CSV), (b"", JSON), (b"", ARROW), (b"", "")])
@example([(b"\r\n", CSV), (b"x", ""), (b"\xff\xff\xff\xff", "")])
def test_every_record_of_any_bytes_is_a_call_or_a_dead_letter(
    sent: list[tuple[bytes, str]],
) -> None:
    found = found_in(*(Message(*message) for message in sent))
    calls = list(zip(found.message.tolist(), found.row.tolist(), strict=True))
    dead = [(d.message, d.row) for d in found.dead]
    assert len({*calls, *dead}) == len(calls) + len(dead), "a record came twice"
    for m, (payload, content_type) in enumerate(sent):
        rows = sorted(row for at, row in [*calls, *dead] if at == m)
        assert rows == list(range(len(rows)))
        csv = content_type == CSV or (
            not content_type and payload.lstrip()[:1] not in (b"", b"{", b"[")
        )
        if payload[:4] == b"\xff\xff\xff\xff" and not content_type:
            csv = False
        if content_type == JSON or (not content_type and not csv):
            assert len(rows) == 1
        elif csv:
            assert len(rows) == len(records_in(payload))
        for letter in (d for d in found.dead if d.message == m):
            assert letter.raw == (records_in(payload)[letter.row] if csv else payload)
            assert letter.reason in ("missing", "invalid", "unreadable")
            assert len(letter.value) <= 256
