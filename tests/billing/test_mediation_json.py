"""A JSON message is one call or one dead letter that names field and value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.billing.records import (
    ANSWERED_MS,
    GOOD,
    JSON,
    json_bytes,
    mediated,
    only_call,
    only_dead,
)

EXPECTED = {**GOOD, "answered_at": ANSWERED_MS, "lrn": ""}


@pytest.mark.parametrize("content_type", ["", JSON, "application/json; charset=utf-8", "x/y"])
def test_a_call(content_type: str) -> None:
    assert only_call(json_bytes(), content_type) == EXPECTED
    assert only_call(b" \n" + json_bytes() + b"\n", content_type) == EXPECTED


def test_the_digits_come_along() -> None:
    found = mediated(json_bytes(called="004420"))
    assert (found.digits.tolist(), found.digit_count.tolist()) == ([442 * 10**12], [4])


ACCEPTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "epoch seconds": ({"answered_at": 1_795_428_000}, {"answered_at": 1_795_428_000_000}),
    "epoch milliseconds": ({"answered_at": 1_795_428_000_123}, {"answered_at": 1_795_428_000_123}),
    "epoch seconds with decimals": (
        {"answered_at": 1_795_428_000.25},
        {"answered_at": 1_795_428_000_250},
    ),
    "an offset": ({"answered_at": "2026-11-23T11:00:00.5+01:00"}, {}),
    "seconds instead of milliseconds": ({"duration_ms": None, "duration_s": "61.5"}, {}),
    "seconds as a number": ({"duration_ms": None, "duration_s": 61.5}, {}),
    "milliseconds before seconds": ({"duration_s": "7"}, {}),
    "an unanswered attempt": ({"duration_ms": 0, "sip_code": 486}, {}),
    "no vendor": ({"vendor": None}, {"vendor": ""}),
    "numbers as numbers": ({"called": 442071838750, "call_id": 7}, {"call_id": "7"}),
    "the longest call": ({"duration_ms": 604_800_000}, {}),
    "unknown fields": ({"codec": "G729", "nested": {"a": [1]}}, {}),
    "the longest text": ({"call_id": "x" * 256}, {}),
    "no post-dial delay": ({"pdd_ms": None}, {"pdd_ms": None}),
    "only what is required": (
        dict.fromkeys(("switch", "leg", "vendor", "calling", "sip_code", "pdd_ms")),
        {
            **dict.fromkeys(("switch", "leg", "vendor", "calling"), ""),
            "sip_code": 0,
            "pdd_ms": None,
        },
    ),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_accepted(what: str) -> None:
    sent, expected = ACCEPTED[what]
    call = only_call(json_bytes(**sent))
    known = {k: str(v) if k == "called" else v for k, v in sent.items() if v is not None}
    wanted = {**EXPECTED, **{k: v for k, v in known.items() if k in EXPECTED}, **expected}
    if what == "an offset":
        wanted["answered_at"] = ANSWERED_MS
    assert call == wanted


def test_nulls_are_absent_values() -> None:
    sent = {**GOOD, "vendor": None, "calling": None, "sip_code": None, "pdd_ms": None}
    call = only_call(json.dumps(sent).encode())
    assert (call["vendor"], call["calling"], call["sip_code"], call["pdd_ms"]) == ("", "", 0, None)


REFUSED: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no call id": ({"call_id": None}, "missing", "call_id", ""),
    "an empty call id": ({"call_id": ""}, "missing", "call_id", ""),
    "no customer": ({"customer": None}, "missing", "customer", ""),
    "an empty customer": ({"customer": ""}, "missing", "customer", ""),
    "no number": ({"called": None}, "missing", "called", ""),
    "an empty number": ({"called": ""}, "missing", "called", ""),
    "no instant": ({"answered_at": None}, "missing", "answered_at", ""),
    "no duration": ({"duration_ms": None}, "missing", "duration_ms", ""),
    "letters in the number": ({"called": "44x"}, "invalid", "called", "44x"),
    "a number of no digits": ({"called": "+"}, "invalid", "called", "+"),
    "a wrong instant": ({"answered_at": "soon"}, "invalid", "answered_at", "soon"),
    "an instant before 2000": (
        {"answered_at": "1999-12-31T23:59:59.999Z"},
        "invalid",
        "answered_at",
        "1999-12-31T23:59:59.999Z",
    ),
    "an instant that is a list": ({"answered_at": [1]}, "invalid", "answered_at", "[1]"),
    "an instant beyond measure": ({"answered_at": 1e300}, "invalid", "answered_at", "1e+300"),
    "a negative duration": ({"duration_ms": -1}, "invalid", "duration_ms", "-1"),
    "a duration of more than a week": (
        {"duration_ms": 604_800_001},
        "invalid",
        "duration_ms",
        "604800001",
    ),
    "a duration with decimals": ({"duration_ms": 1.5}, "invalid", "duration_ms", "1.5"),
    "a duration as text": ({"duration_ms": "60"}, "invalid", "duration_ms", "60"),
    "a duration beyond 64 bits": (
        {"duration_ms": 2**64},
        "invalid",
        "duration_ms",
        "18446744073709551616",
    ),
    "a duration beyond signed 64 bits": (
        {"duration_ms": 2**63},
        "invalid",
        "duration_ms",
        "9223372036854775808",
    ),
    "seconds finer than milliseconds": (
        {"duration_ms": None, "duration_s": "1.0001"},
        "invalid",
        "duration_s",
        "1.0001",
    ),
    "a wrong SIP code": ({"sip_code": 700}, "invalid", "sip_code", "700"),
    "a SIP code beyond 64 bits": ({"sip_code": 10**30}, "invalid", "sip_code", str(10**30)),
    "a delay of more than ten minutes": ({"pdd_ms": 600_001}, "invalid", "pdd_ms", "600001"),
    "a negative delay": ({"pdd_ms": -1}, "invalid", "pdd_ms", "-1"),
    "a text too long": ({"switch": "é" * 129}, "invalid", "switch", "é" * 129),
    "a customer that is a number": ({"customer": 5}, "invalid", "customer", "5"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    sent, reason, field, value = REFUSED[what]
    payload = json_bytes(**sent)
    dead = only_dead(payload)
    assert (dead.message, dead.row, dead.raw) == (0, 0, payload)
    assert (dead.reason, dead.field, dead.value) == (reason, field, value)
    assert dead.detail


def test_the_first_wrong_field_is_named() -> None:
    assert only_dead(json_bytes(called="x", duration_ms=-1, sip_code=-1)).field == "called"


def test_a_value_too_long_to_show_is_cut() -> None:
    dead = only_dead(json_bytes(answered_at="x" * 5_000))
    assert (dead.field, dead.value) == ("answered_at", "x" * 256)


UNREADABLE = {
    "nothing": b"",
    "blank": b"  \n",
    "half a message": json_bytes()[:-3],
    "two messages": json_bytes() + json_bytes(),
    "broken after a wrong value": b'{"call_id": [], garbage',
    "cut off after a wrong value": b'{"call_id": 5, "customer": 5, "x',
    "not UTF-8": b'{"call_id": "\xff"}',
    "not UTF-8 after a wrong value": b'{"call_id": [], "x": "\xff"}',
    "half a surrogate pair": b'{"call_id": "\\ud800"}',
    "nested beyond all limits": b'{"call_id": ' + b"[" * 50_000,
    "nested where it is ignored": b'{"x": ' + b"[" * 50_000,
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_unreadable(what: str) -> None:
    dead = only_dead(UNREADABLE[what])
    assert (dead.reason, dead.field) == ("unreadable", "")
    assert dead.raw == UNREADABLE[what]
    assert "JSON" in dead.detail


@pytest.mark.parametrize("payload", [b"[]", b"[{}]", b"{}", b"5", b'"x"', b"null"])
def test_json_that_is_no_call(payload: bytes) -> None:
    dead = only_dead(payload, JSON)
    assert dead.reason in ("invalid", "missing")
    assert dead.raw == payload


def test_a_number_of_thousands_of_digits() -> None:
    payload = json_bytes(call_id=0).replace(b'"call_id": 0', b'"call_id": ' + b"1" * 5_000)
    assert only_dead(payload).field == "call_id"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "duration_s", "x"]), VALUES))
def test_any_values_make_a_call_or_a_dead_letter(changes: dict[str, Any]) -> None:
    payload = json.dumps({**GOOD, **changes}).encode()
    found = mediated(payload)
    assert found.calls.num_rows + len(found.dead) == 1
    assert all(dead.raw == payload for dead in found.dead)
