"""Accounts of a TOML file; every refusal names the file, the account and the key."""

import pytest

from billing.account_terms import parse_terms
from billing.errors import OptionsRefused
from billing.parties import Account, parties_of


def parse_accounts(text: str, file: str) -> list[Account]:
    """The accounts of a file, without limits."""
    return [each.account for each in parse_terms(text.encode(), file)]


GOOD = """
[customers.acme]
name = "Acme"
sell_deck = "retail"
currency = "EUR"

[customers."b-2"]
sell_deck = "retail"
currency = "USD"

[vendors.acme]
buy_deck = "a-z"
currency = "USD"
"""


def test_accounts_of_both_roles() -> None:
    accounts = parse_accounts(GOOD, "a.toml")
    assert accounts == [
        Account("acme", "customer", "Acme", "retail", "EUR"),
        Account("b-2", "customer", "b-2", "retail", "USD"),
        Account("acme", "vendor", "acme", "a-z", "USD"),
    ]
    parties = parties_of(accounts)
    assert parties.customers["acme"].deck == "retail"
    assert parties.vendors["acme"].deck == "a-z"
    assert "b-2" not in parties.vendors


def test_no_accounts() -> None:
    assert parse_accounts("", "a.toml") == []


def test_the_last_of_one_name_wins() -> None:
    first = Account("a", "customer", "one", "d", "EUR")
    assert parties_of([first, first._replace(name="two")]).customers["a"].name == "two"


A_CUSTOMER = '[customers.x]\nsell_deck = "d"\ncurrency = "EUR"\n'
REFUSED = {
    "not TOML": ("customers = ", "a.toml: not TOML"),
    "an unknown table": ('[clients.x]\nname = "x"', "a.toml: unknown table clients"),
    "customers that are no table": ("customers = 5", "a.toml: customers"),
    "vendors that are a list": ("[[vendors]]\nname = 'x'", "a.toml: vendors"),
    "an account that is no table": ("[customers]\nx = 5", "a.toml: customers.x: expected a table"),
    "an account without a name": (A_CUSTOMER.replace("x", '""'), "customers.: a name has"),
    "a name longer than a call can carry": (A_CUSTOMER.replace("x", "x" * 257), "xx: a name has"),
    "no deck": ('[customers.x]\ncurrency = "EUR"', "customers.x: sell_deck is required"),
    "an empty deck": (A_CUSTOMER.replace('"d"', '""'), "customers.x: sell_deck is required"),
    "a deck that is no text": (A_CUSTOMER.replace('"d"', "5"), "customers.x: sell_deck"),
    "no currency": ('[customers.x]\nsell_deck = "d"', "customers.x: currency is required"),
    "a wrong currency": (A_CUSTOMER.replace("EUR", "eur"), "customers.x: currency='eur'"),
    "a customer's buy deck": (A_CUSTOMER + 'buy_deck = "b"', "customers.x: unknown key buy_deck"),
    "a misspelt key": (A_CUSTOMER + 'curency = "EUR"', "customers.x: unknown key curency"),
    "a vendor with a sell deck": (
        '[vendors.v]\nsell_deck = "d"\ncurrency = "EUR"',
        "vendors.v: buy_deck is required",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    text, said = REFUSED[what]
    with pytest.raises(OptionsRefused) as refused:
        parse_accounts(text, "a.toml")
    assert str(refused.value).startswith("a.toml: ")
    assert said in str(refused.value)
