"""Decks as text, versions and tariffs for tests."""

from typing import Any

from billing.deck import ALWAYS_MS, DeckOptions, DeckVersion
from billing.deck_csv import parse_deck
from billing.parties import Account, parties_of
from billing.tariff import Tariff, compile_tariff

HEADER = "prefix,destination,rate_per_min,connect_fee,first_increment,next_increment"
DATED = HEADER + ",valid_from,valid_to"
CUSTOMER = Account("acme", "customer", "Acme", "retail", "USD")
VENDOR = Account("telco", "vendor", "Telco", "a-z", "USD")
PARTIES = parties_of([CUSTOMER, VENDOR])


def deck_bytes(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def version(number: int, *rows: str, **terms: Any) -> DeckVersion:
    """A version of the sell deck "retail"; rows such as "44,UK,0.6,0,1,1" or with dates."""
    dated = any(row.count(",") > 5 for row in rows)
    valid_from_ms = terms.pop("valid_from_ms", ALWAYS_MS)
    options = DeckOptions(**terms.pop("options", {}))
    parsed = parse_deck(
        deck_bytes(*rows, header=DATED if dated else HEADER), "t.csv", valid_from_ms
    )
    assert not parsed.problems, parsed.problems
    made = DeckVersion(number, "retail", "sell", "full", valid_from_ms, 0, options, parsed.rates)
    return made._replace(**terms)


def buy(number: int, *rows: str, **terms: Any) -> DeckVersion:
    """A version of the buy deck "a-z"."""
    return version(number, *rows, **{"deck": "a-z", "side": "buy", **terms})


def tariff(*versions: DeckVersion) -> Tariff:
    return compile_tariff(versions, PARTIES)
