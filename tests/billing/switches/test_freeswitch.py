"""FreeSWITCH: which of its variables count, and what is the other leg of a call."""

import json
from typing import Any

import pytest

from billing.mediation.switches import Taken
from tests.billing.switches.samples import reader_of

BASE = {
    "uuid": "u",
    "sip_req_user": "4420",
    "caller_id_number": "1202",
    "billsec": "68",
    "start_epoch": "1795428000",
    "answer_epoch": "1795428003",
    "hangup_cause_q850": "16",
}


def taken(**variables: Any) -> Taken:
    """One document."""
    known = {k: v for k, v in {**BASE, **variables}.items() if v is not None}
    return reader_of("freeswitch_json").take(json.dumps({"variables": known}).encode(), 1, True)


@pytest.mark.parametrize(
    ("variables", "ms"),
    [
        ({"billmsec": "67540"}, 67_540),
        ({"billmsec": "67540", "billusec": "67539896"}, 67_540),
        ({"billusec": "67539896"}, 67_539),
        ({}, 68_000),
        ({"billmsec": ""}, 68_000),
        ({"billmsec": 67540}, 67_540),
    ],
)
def test_durations(variables: dict[str, Any], ms: int) -> None:
    assert taken(**variables).calls["duration_ms"].to_pylist() == [ms]


@pytest.mark.parametrize("billsec", ["10000000000000000", "-1", "1e9", "700000", None])
def test_durations_that_cannot_be(billsec: str | None) -> None:
    found = taken(billsec=billsec)
    assert found.calls.num_rows == 0
    assert found.dead[0].reason == ("invalid" if billsec else "missing")
    assert found.dead[0].duration_ms == 0


def test_values_may_be_url_encoded() -> None:
    (call,) = taken(sip_req_user="%2B44%2020", caller_id_number="1%252").calls.to_pylist()
    assert (call["called"], call["calling"]) == ("+4420", "1%2")


def test_a_posted_form() -> None:
    from urllib.parse import quote_plus

    body = "cdr=" + quote_plus(json.dumps({"variables": {**BASE, "sip_req_user": "+44 20"}}))
    found = reader_of("freeswitch_json").take(body.encode(), 1, last=True)
    assert found.calls["called"].to_pylist() == ["+4420"]


def test_the_other_leg_of_a_call_is_skipped_and_a_call_made_by_the_switch_is_not() -> None:
    other = taken(direction="outbound", originator="a")
    assert (other.calls.num_rows, dict(other.skipped)) == (0, {"b_leg": 1})
    assert taken(direction="outbound").calls.num_rows == 1


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"hangup_cause_q850": "17"}, 486),
        ({"hangup_cause_q850": "16"}, 487),
        ({"hangup_cause_q850": "99"}, 500),
        ({"sip_term_status": "603"}, 603),
        ({"proto_specific_hangup_cause": "sip:404"}, 404),
        ({"hangup_cause_q850": None, "hangup_cause": "NO_ROUTE_DESTINATION"}, 404),
        ({"hangup_cause_q850": None}, 0),
    ],
)
def test_what_ended_an_attempt(variables: dict[str, Any], code: int) -> None:
    (call,) = taken(billsec="0", answer_epoch="0", **variables).calls.to_pylist()
    assert (call["sip_code"], call["duration_ms"]) == (code, 0)
    assert call["answered_at"].timestamp() == 1_795_428_000


def test_gateway_and_address_of_the_vendor() -> None:
    rules = (
        '[[sources.s.rules.vendors]]\naccount = "by-gateway"\ntrunk = "meridian"\n'
        '[[sources.s.rules.vendors]]\naccount = "by-address"\nnetwork = "198.51.100.7"\n'
        '[sources.s.rules]\ndefault_customer = "c"\n'
    )
    for variables, vendor in (
        ({"last_arg": "sofia/gateway/meridian/4420"}, "by-gateway"),
        ({"bridge_channel": "sofia/external/4420@198.51.100.7:5060"}, "by-address"),
    ):
        document = json.dumps({"variables": {**BASE, **variables}}).encode()
        found = reader_of("freeswitch_json", rules=rules).take(document, 1, last=True)
        assert found.calls["vendor"].to_pylist() == [vendor]
