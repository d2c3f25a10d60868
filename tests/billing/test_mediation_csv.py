"""A CSV message is a call or a dead letter a line, with a header or in the fixed order."""

from typing import Any

import pytest

from billing.mediation import csv_cdr
from tests.billing.records import (
    ANSWERED_MS,
    CSV,
    CSV_ORDER,
    GOOD,
    csv_line,
    mediated,
    only_call,
    only_dead,
)

EXPECTED = {**GOOD, "answered_at": ANSWERED_MS, "lrn": ""}
HEADER = ",".join(CSV_ORDER).encode()


@pytest.mark.parametrize("content_type", ["", CSV, "text/csv; header=present"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n  \n"])
def test_a_line_without_a_header(content_type: str, end: bytes) -> None:
    assert only_call(csv_line() + end, content_type) == EXPECTED


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_with_a_header(mark: bytes, end: bytes) -> None:
    found = mediated(mark + end.join([HEADER, csv_line(), csv_line(call_id="c-2")]))
    assert not found.dead
    assert found.calls.column("call_id").to_pylist() == ["c-1", "c-2"]
    assert found.row.tolist() == [0, 1]


def test_a_header_names_columns_in_any_order_and_case_and_others_are_ignored() -> None:
    text = b"codec,Called, DURATION_S ,answered_at,customer,call_id\nG729,4420,61.5,1795428000,x,7"
    call = only_call(text, CSV)
    assert (call["called"], call["duration_ms"], call["customer"]) == ("4420", 61_500, "x")
    assert (call["call_id"], call["answered_at"]) == ("7", 1_795_428_000_000)
    assert (call["vendor"], call["sip_code"], call["pdd_ms"]) == ("", 0, None)


def test_quotes_and_spaces() -> None:
    line = b'"c,1" ,sbc1,a, 1795428000 ,5,,"+4420",ac"me,,,'
    found = mediated(line)
    assert found.dead, "a quote that does not end the field is an error, not a guess"
    call = only_call(b'"c,1",sbc1,"say ""a""", 1795428000 ,5,,"+4420", acme ,,,')
    assert (call["call_id"], call["leg"], call["customer"]) == ("c,1", 'say "a"', "acme")


def test_a_header_alone_is_no_record() -> None:
    found = mediated(HEADER + b"\n", CSV)
    assert (found.calls.num_rows, found.dead) == (0, [])


REFUSED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no call id": ({"call_id": ""}, "missing", "call_id", ""),
    "no customer": ({"customer": ""}, "missing", "customer", ""),
    "a blank customer": ({"customer": "  "}, "missing", "customer", ""),
    "no number": ({"called": ""}, "missing", "called", ""),
    "no instant": ({"answered_at": ""}, "missing", "answered_at", ""),
    "no duration": ({"duration_ms": ""}, "missing", "duration_ms", ""),
    "letters in the number": ({"called": "44x"}, "invalid", "called", "44x"),
    "a wrong instant": ({"answered_at": "soon"}, "invalid", "answered_at", "soon"),
    "a wrong duration": ({"duration_ms": "1.5"}, "invalid", "duration_ms", "1.5"),
    "a negative duration": ({"duration_ms": "-1"}, "invalid", "duration_ms", "-1"),
    "minus minus": ({"duration_ms": "--1"}, "invalid", "duration_ms", "--1"),
    "a duration beyond 64 bits": ({"duration_ms": 10**20}, "invalid", "duration_ms", str(10**20)),
    "a duration of a thousand digits": (
        {"duration_ms": "9" * 5_000},
        "invalid",
        "duration_ms",
        "9" * 256,
    ),
    "digits of another script": ({"duration_ms": "٦٠"}, "invalid", "duration_ms", "٦٠"),
    "a wrong SIP code": ({"sip_code": "OK"}, "invalid", "sip_code", "OK"),
    "a delay beyond 64 bits": ({"pdd_ms": 2**63}, "invalid", "pdd_ms", str(2**63)),
    "a text too long": ({"leg": "x" * 257}, "invalid", "leg", "x" * 256),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    sent, reason, field, value = REFUSED[what]
    line = csv_line(**sent)
    dead = only_dead(line + b"\n")
    assert (dead.reason, dead.field, dead.value) == (reason, field, value)
    assert (dead.row, dead.raw) == (0, line)


UNREADABLE = {
    "too few fields": csv_line()[:-5],
    "too many fields": csv_line() + b",x",
    "another separator": csv_line().replace(b",", b";"),
    "an open quote": b'"' + csv_line(),
    "a quote in a quoted field": csv_line(leg='"a"b'),
    "not UTF-8": csv_line(leg="@").replace(b"@", b"\xff"),
    "a field without end": csv_line(leg="x" * 200_000),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_unreadable(what: str) -> None:
    line = UNREADABLE[what]
    dead = only_dead(line, CSV)
    assert (dead.reason, dead.field, dead.raw) == ("unreadable", "", line)


def test_the_good_lines_around_a_bad_one_go_on() -> None:
    lines = [csv_line(call_id=f"c-{n}") for n in range(5)]
    lines[1] = csv_line(called="x")
    lines[3] = b'"'
    found = mediated(b"\n".join(lines))
    assert found.calls.column("call_id").to_pylist() == ["c-0", "c-2", "c-4"]
    assert found.row.tolist() == [0, 2, 4]
    assert sorted((dead.row, dead.raw) for dead in found.dead) == [(1, lines[1]), (3, lines[3])]


def test_rows_count_records_not_lines() -> None:
    found = mediated(b"\n\n" + HEADER + b"\n\n" + csv_line() + b"\n \n" + csv_line(called="x"))
    assert found.row.tolist() == [0]
    assert [dead.row for dead in found.dead] == [1]


def test_what_is_beyond_the_limit_is_one_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_cdr, "LINES_MAX", 2)
    found = mediated(b"\n\n".join([HEADER, *[csv_line()] * 4]))
    assert found.row.tolist() == [0, 1]
    rest = csv_line() + b"\n" + csv_line()
    assert [(d.row, d.raw, d.detail) for d in found.dead] == [(2, rest, "more than 2 lines")]
