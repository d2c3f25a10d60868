"""Numbers, accounts and portability by rules."""

import pytest

from billing.mediation.switches import Dead, Ported, open_reader, parse_sources

SOURCE = """
[sources.s]
format = "json"
instants = "epoch"
[sources.s.fields]
call_id = "id"
called = "to"
calling = "from"
answered_at = "at"
duration = "s"
customer = "customer"
trunk_in = "in"
trunk_out = "out"
ip_in = "ip"
ip_out = "ip_out"
"""
EVERYBODY = 'rules.default_customer = "c"\nrules.default_vendor = "v"\n'


def taken(rules: str, *calls: dict[str, str], ported: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    """What a reader with rules makes of some calls."""
    import json

    head, _, fields = SOURCE.partition("[sources.s.fields]")
    text = head + (rules if rules.startswith("rules.") else "") + "[sources.s.fields]" + fields
    text += "" if rules.startswith("rules.") else rules
    (source,) = parse_sources(text, "switches.toml")
    table = Ported(ported) if ported else None
    base = {"id": "1", "to": "4420", "from": "1202", "at": "1795428000", "s": "5"}
    data = b"".join(json.dumps({**base, **call}).encode() + b"\n" for call in calls)
    return open_reader(source, ported=table).take(data, 1)


def numbers(rule: str, *sent: str, field: str = "called") -> list[str]:
    """Called (or calling) numbers after one rule."""
    rules = f'[[sources.s.rules.numbers]]\nfield = "{field}"\n{rule}\n'
    rules += '[sources.s.rules]\ndefault_customer = "c"\ndefault_vendor = "v"\n'
    key = "to" if field == "called" else "from"
    found = taken(rules, *({key: number} for number in sent))
    assert not found.dead, found.dead
    return found.calls[field].to_pylist()  # type: ignore[no-any-return]


AMERICA = 'national = "1"\ninternational_prefix = "011"\ntrunk_prefix = "1"'


@pytest.mark.parametrize(
    ("rule", "sent", "rated"),
    [
        ("strip = 2", "994420", "4420"),
        ('add = "44"', "20794", "4420794"),
        ('prefix = ["123", "1234"]\nstrip_prefix = true', "12344420", "4420"),
        ('prefix = "123#"\nstrip_prefix = true', "123#4420", "4420"),
        ('prefix = "0"\nstrip = 1\nadd = "49"', "030123", "4930123"),
        ('prefix = "7"\nstrip = 1', "4420", "4420"),
        ('digits_max = 7\nadd = "4930"', "1234567", "49301234567"),
        ('digits_max = 7\nadd = "4930"', "12345678", "12345678"),
        ('national = "49"', "030123", "4930123"),
        ('national = "49"', "0044207", "44207"),
        ('national = "49"', "+44207", "44207"),
        ('national = "49"', "44207", "44207"),
        (AMERICA, "01144207", "44207"),
        (
            AMERICA,
            "12025550100",
            "12025550100",
        ),
        ('digits_min = 10\ntrunk_prefix = ""\nnational = "1"', "2025550100", "12025550100"),
    ],
)
def test_numbers(rule: str, sent: str, rated: str) -> None:
    assert numbers(rule, sent, "777777777777")[0] == rated


def test_a_number_may_be_replaced() -> None:
    rule = 'prefix = ["anonymous", "unknown"]\nreplace = ""'
    assert numbers(rule, "anonymous", "4420", field="calling") == ["", "4420"]


def test_rules_apply_in_order_and_only_to_their_trunk_and_network() -> None:
    rules = """
        [[sources.s.rules.numbers]]
        field = "called"
        trunk = "a"
        strip = 1
        [[sources.s.rules.numbers]]
        field = "called"
        network = ["10.0.0.0/8", "2001:db8::/32"]
        add = "1"
        [sources.s.rules]
        default_customer = "c"
        default_vendor = "v"
    """
    calls = (
        {"to": "94420", "in": "a", "ip": "10.1.2.3:5060"},
        {"to": "94420", "in": "b", "ip": "[2001:db8::1]:5060"},
        {"to": "94420", "in": "b", "ip": "192.0.2.1"},
        {"to": "94420", "in": "a", "ip": "no address"},
    )
    found = taken(rules, *calls)
    assert found.calls["called"].to_pylist() == ["14420", "194420", "94420", "4420"]


ACCOUNTS = """
    [[sources.s.rules.customers]]
    account = "premium"
    trunk = "t1"
    prefix = "77#"
    [[sources.s.rules.customers]]
    account = "first"
    trunk = ["t1", "t2"]
    [[sources.s.rules.customers]]
    account = "netted"
    network = "192.0.2.0/24"
    [[sources.s.rules.customers]]
    account = "renamed"
    named = "17"
    [[sources.s.rules.customers]]
    account = "by-prefix"
    prefix = ["88", "89"]
    [[sources.s.rules.vendors]]
    account = "carrier"
    trunk = "out"
    [[sources.s.rules.numbers]]
    field = "called"
    prefix = "77#"
    strip_prefix = true
"""


@pytest.mark.parametrize(
    ("call", "customer"),
    [
        ({"in": "t1", "to": "77#4420"}, "premium"),
        ({"in": "t1"}, "first"),
        ({"in": "t2", "ip": "192.0.2.9"}, "first"),
        ({"ip": "192.0.2.9"}, "netted"),
        ({"customer": "17"}, "renamed"),
        ({"customer": "18"}, "18"),
        ({"to": "8920"}, "by-prefix"),
    ],
)
def test_the_first_rule_that_holds_names_the_customer(call: dict[str, str], customer: str) -> None:
    others = ({"in": "t2", "out": "out"}, {"ip": "192.0.2.1", "out": "out"})
    found = taken(ACCOUNTS, {**call, "out": "out"}, *others)
    assert found.calls["customer"].to_pylist() == [customer, "first", "netted"]
    assert set(found.calls["vendor"].to_pylist()) == {"carrier"}


def test_an_unknown_account_is_a_dead_letter_that_says_by_what_it_was_looked_for() -> None:
    found = taken(ACCOUNTS, {"in": "t9", "ip": "203.0.113.5", "out": "out"}, {"in": "t1"})
    customer, vendor = found.dead
    assert (customer.reason, customer.field) == ("account_unknown", "customer")
    assert customer.value == "trunk t9 ip 203.0.113.5"
    assert customer.duration_ms == 5_000
    assert (vendor.reason, vendor.field, vendor.line) == ("account_unknown", "vendor", 2)
    assert isinstance(vendor, Dead)


def test_an_attempt_needs_no_vendor() -> None:
    (call,) = taken(ACCOUNTS, {"in": "t1", "s": "0"}).calls.to_pylist()
    assert (call["vendor"], call["duration_ms"]) == ("", 0)


def test_defaults() -> None:
    (call,) = taken(EVERYBODY, {"in": "t9"}).calls.to_pylist()
    assert (call["customer"], call["vendor"]) == ("c", "v")


def test_portability_takes_the_longest_entry() -> None:
    import pyarrow as pa

    table = Ported({"1202555": "12025550000", "12025550100": "13035550000", "44": "4499"})
    called = ["12025550100", "12025550101", "+12025550100", "0044207", "1202", "49", ""]
    wanted = ["13035550000", "12025550000", "13035550000", "4499", "", "", ""]
    assert table.lrns(pa.array(called)).to_pylist() == wanted
    with pytest.raises(ValueError, match="1 to 15 digits"):
        Ported({"+1": "2"})


def test_portability_is_asked_for_the_number_after_the_rules() -> None:
    found = taken(EVERYBODY, {"to": "4420"}, ported={"4420": "4477"})
    assert not found.dead
    assert found.calls["lrn"].to_pylist() == ["4477"]
