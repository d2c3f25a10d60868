"""Events, orders and limits as they come: what is refused, and the words it is refused with."""

from typing import Any

import msgspec
import pytest

from billing.credit.call_events import EVENTS_MAX, SKEW_MS_MAX, CallEvent, parse_events
from billing.credit.limits import Caps, Limit, parse_limits
from billing.credit.orders import accept, parse_order
from billing.errors import BadField, OptionsRefused
from billing.parties import Account

T = 1_700_000_000_000
EVENT = {"event": "start", "call_id": "c1", "customer": "acme", "called": "+49 30", "at": T}
ORDER = {"kind": "payment", "id": "p1", "role": "customer", "account": "acme", "by": "finance",
         "at_ms": T, "amount": "12.50", "currency": "USD"}  # fmt: skip
ACME = Account("acme", "customer", "Acme", "gold", "USD")
VEND = Account("vend", "vendor", "Vend", "buy", "EUR")
ACCOUNTS = {(a.role, a.account): a for a in (ACME, VEND)}


def parsed(**more: Any) -> "CallEvent | BadField":
    sent = {**EVENT, "called": "+4930", **more}
    sent = {key: value for key, value in sent.items() if value is not ...}
    (found,) = parse_events(msgspec.json.encode(sent), T)
    return found


def test_an_event() -> None:
    found = parsed(event="stop", duration_ms=5_000, lrn="+4931", at="2023-11-14T22:13:20Z")
    assert isinstance(found, CallEvent)
    assert (found.called, found.at_ms, found.duration_ms) == ("4930", T, 5_000)
    assert (found.lrn, parsed().lrn) == ("+4931", "")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event", "hangup"),
        ("call_id", ""),
        ("call_id", ...),
        ("call_id", "a\0b"),
        ("customer", ""),
        ("called", "sip:bob"),
        ("called", "+49 30"),
        ("lrn", "N/A"),
        ("at", "yesterday"),
        ("at", T + SKEW_MS_MAX + 1),
        ("duration_ms", -1),
        ("duration_ms", 2**40),
        ("request_no", -1),
        ("vendor", "v" * 300),
    ],
)
def test_a_bad_event_names_its_field(field: str, value: Any) -> None:
    found = parsed(**{field: value})
    assert isinstance(found, BadField)
    assert field in f"{found.field} {found.detail}"


def test_a_stop_without_a_duration() -> None:
    found = parsed(event="stop")
    assert isinstance(found, BadField)
    assert (found.reason, found.field) == ("missing", "duration_ms")


def test_many_events_in_one_message_stand_alone() -> None:
    many = [{**EVENT, "called": "4930"}, {"event": "start"}, 7, {**EVENT, "called": "4930"}]
    found = parse_events(msgspec.json.encode(many), T)
    assert [isinstance(one, CallEvent) for one in found] == [True, False, False, True]


@pytest.mark.parametrize("payload", [b"", b"{", b"[{", b"\xff", b'["' + b"x" * 10, b"[" * 9_999])
def test_what_is_not_json(payload: bytes) -> None:
    (found,) = parse_events(payload, T)
    assert isinstance(found, BadField)
    assert found.reason == "unreadable"


def test_too_many_in_one() -> None:
    (found,) = parse_events(b"[" + b",".join([b"1"] * (EVENTS_MAX + 1)) + b"]", T)
    assert isinstance(found, BadField)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"amount": "-1"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1,5"}, "amount"),
        ({"amount": "99999999999"}, "amount"),
        ({"currency": "EUR"}, "currency"),
        ({"account": "nobody"}, "account"),
        ({"kind": "gift"}, "kind"),
        ({"id": ""}, "id"),
        ({"colour": "red"}, "colour"),
        ({"kind": "block", "reason": ""}, "reason"),
        ({"kind": "block", "reason": "x", "prefix": "+49"}, "prefix"),
        ({"kind": "block", "reason": "x", "role": "vendor", "account": "vend"}, "role"),
    ],
)
def test_a_bad_order_names_its_field(more: dict[str, str], field: str) -> None:
    def taken(payload: bytes) -> None:
        order = parse_order(payload)
        accept(order, ACCOUNTS.get((order.role, order.account)))

    with pytest.raises(BadField) as refused:
        taken(msgspec.json.encode({**ORDER, **more}))
    assert field in str(refused.value)


def test_orders_are_worth_what_they_say() -> None:
    worth = []
    for kind, amount in (("payment", "12.50"), ("adjustment", "-0.000000001"), ("opening", "0")):
        order = parse_order(msgspec.json.encode({**ORDER, "kind": kind, "amount": amount}))
        worth.append(accept(order, ACME).nanos)
    assert worth == [12_500_000_000, -1, 0]


LIMITS = """
[customers.acme]
limit = "1000.50 USD"
max_calls = 500
when_recovering = "allow"
[customers.acme.trunks.t1]
max_calls_per_s = 5
[vendors.vend]
limit = "20 EUR"
"""


def test_limits() -> None:
    assert parse_limits(LIMITS, "l.toml", ACCOUNTS) == [
        Limit("customer", "acme", "USD", 1_000_500_000_000, Caps(500), "allow", {"t1": Caps(0, 5)}),
        Limit("vendor", "vend", "EUR", 20_000_000_000),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[customers.acme", "not TOML"),
        ('[clients.acme]\nlimit = "1 USD"', "unknown table clients"),
        ('[customers]\nacme = "1 USD"', "customers.acme='1 USD': expected a table"),
        ('[customers.bolt]\nlimit = "1 USD"', "customers.bolt: no such customer"),
        ("[customers.acme]\nmax_calls = 1", "limit=None"),
        ('[customers.acme]\nlimit = "1 EUR"', "limit='1 EUR': the account is kept in USD"),
        ('[customers.acme]\nlimit = "-1 USD"', "limit='-1 USD'"),
        ('[customers.acme]\nlimit = "1"', "limit='1'"),
        ('[customers.acme]\nlimit = "1 USD"\nmax_calls = -1', "max_calls=-1"),
        ('[customers.acme]\nlimit = "1 USD"\nmax_calls = true', "max_calls=True"),
        ('[customers.acme]\nlimit = "1 USD"\nmax_cals = 1', "unknown key max_cals"),
        ('[customers.acme]\nlimit = "1 USD"\nwhen_recovering = "open"', "when_recovering='open'"),
        ('[vendors.vend]\nlimit = "1 EUR"\nmax_calls = 1', "unknown key max_calls"),
        ('[customers.acme]\nlimit = "1 USD"\ntrunks = 3', "trunks=3"),
        (
            '[customers.acme]\nlimit = "1 USD"\n[customers.acme.trunks.t]\ncps = 3',
            "unknown key cps",
        ),
    ],
)
def test_limits_that_are_refused(text: str, said: str) -> None:
    with pytest.raises(OptionsRefused) as refused:
        parse_limits(text, "l.toml", ACCOUNTS)
    assert str(refused.value).startswith("l.toml: ")
    assert said in str(refused.value)
