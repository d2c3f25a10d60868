"""Accounts as files: what is exported is what is loaded, and every refusal says where."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.account_terms import AccountTerms, format_csv, format_toml, parse_terms, replaced
from billing.cdr import TEXT_MAX
from billing.credit.limits import CALLS_MAX, LIMIT_NANOS_MAX, WHEN_RECOVERING, Caps, Limit
from billing.errors import OptionsRefused
from billing.parties import Account

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: len(name.encode()) <= TEXT_MAX
)
CAPS = st.builds(Caps, st.integers(0, CALLS_MAX), st.integers(0, CALLS_MAX))


@st.composite
def terms(draw: st.DrawFn, trunks: bool) -> AccountTerms:
    """An account that a file can name."""
    role = draw(st.sampled_from(["customer", "vendor"]))
    currency = draw(st.sampled_from(["EUR", "USD"]))
    account = Account(draw(NAMES), role, draw(NAMES), draw(NAMES), currency)
    if draw(st.booleans()):
        return AccountTerms(account)
    nanos = draw(st.integers(0, LIMIT_NANOS_MAX))
    if role == "vendor":
        return AccountTerms(account, Limit(role, account.account, currency, nanos))
    own = draw(st.dictionaries(NAMES, CAPS, max_size=3)) if trunks else {}
    when = draw(st.sampled_from(WHEN_RECOVERING))
    limit = Limit(role, account.account, currency, nanos, draw(CAPS), when, own)
    return AccountTerms(account, limit)


def unique(found: list[AccountTerms]) -> list[AccountTerms]:
    """One of each role and name, in the order of a file."""
    own = {(each.account.role, each.account.account): each for each in found}
    return [own[key] for key in sorted(own)]


@given(st.lists(terms(trunks=True), max_size=6).map(unique))
def test_a_toml_file_gives_the_same_accounts_back(found: list[AccountTerms]) -> None:
    assert unique(parse_terms(format_toml(found).encode(), "a.toml")) == found


@given(st.lists(terms(trunks=False), max_size=6).map(unique))
def test_a_csv_file_gives_the_same_accounts_back_and_has_no_formula(
    found: list[AccountTerms],
) -> None:
    text = format_csv(found)
    assert parse_terms(text.encode(), "A.CSV") == found
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


LEAST = b"role,account,deck,currency\n"
HEAD = "role,account,name,deck,currency,limit,max_calls,max_calls_per_s,when_recovering\n"


@pytest.mark.parametrize(
    ("file", "data", "says"),
    [
        ("a.csv", LEAST[:-1] + b",acct\n", "a.csv: unknown column 'acct'"),
        ("a.csv", b"", "a.csv: no column 'role' in its first line"),
        ("a.csv", b"role,account,deck\n", "a.csv: no column 'currency' in its first line"),
        ("a.csv", LEAST[:-1] + b",role\n", "a.csv: column 'role' twice"),
        ("a.csv", LEAST + b"boss,x,d,USD\n", "a.csv: line 2: role='boss': customer or vendor"),
        ("a.csv", LEAST + b"vendor\n", "a.csv: line 2: has not as many cells"),
        ("a.csv", LEAST + b"vendor,x,d,USD,y\n", "a.csv: line 2: has not as many cells"),
        ("a.csv", HEAD.encode() + b"vendor,x,,d,USD,1,,,\n" * 2, "a.csv: line 3: vendor x again"),
        (
            "a.csv",
            HEAD.encode() + b"customer,x,,d,USD,,7,,\n",
            "a.csv: line 2: max_calls=7: there is no limit",
        ),
        (
            "a.csv",
            HEAD.encode() + b"customer,x,,d,USD,1,many,,\n",
            "a.csv: line 2: max_calls='many': a whole number",
        ),
        (
            "a.csv",
            HEAD.encode() + b"customer,x,,d,USD,1,,,maybe\n",
            "a.csv: line 2: customers.x: when_recovering='maybe'",
        ),
        (
            "a.csv",
            HEAD.encode() + b"customer,x,,d,USD,ten,,,\n",
            "a.csv: line 2: customers.x: limit='ten USD'",
        ),
        (
            "a.csv",
            HEAD.encode() + b"vendor,x,,d,USD,1,5,,\n",
            "a.csv: line 2: vendors.x: unknown key max_calls: name, currency, buy_deck",
        ),
        ("a.toml", b"\xff", "a.toml: not UTF-8 text"),
        ("a.toml", b"[customers]\nacme = 5\n", "a.toml: customers.acme: expected a table"),
        (
            "a.toml",
            b'[customers.acme]\nsell_deck = "d"\ncurrency = "USD"\nlimit = "5 EUR"\n',
            "a.toml: customers.acme: limit='5 EUR': the account is kept in USD",
        ),
        (
            "a.toml",
            b'[vendors.v]\nbuy_deck = "d"\ncurrency = "USD"\nmax_calls = 5\n',
            "a.toml: vendors.v: unknown key max_calls: name, currency, buy_deck",
        ),
    ],
)
def test_a_refusal_names_file_place_and_value(file: str, data: bytes, says: str) -> None:
    with pytest.raises(OptionsRefused) as refusal:
        parse_terms(data, file)
    assert str(refusal.value).startswith(says)


def test_a_limit_that_is_not_named_stays_and_keeps_its_currency() -> None:
    account = Account("acme", "customer", "Acme", "gold", "USD")
    before = AccountTerms(account, Limit("customer", "acme", "USD", 5))
    other = AccountTerms(account._replace(deck="silver"))
    assert replaced(before, other) == AccountTerms(other.account, before.limit)
    with pytest.raises(OptionsRefused, match="its limit is in USD"):
        replaced(before, AccountTerms(account._replace(currency="EUR")))
    euro = AccountTerms(account._replace(currency="EUR"), Limit("customer", "acme", "EUR", 7))
    assert replaced(before, euro) == euro
    assert replaced(None, other) == other
