"""Decks and accounts that price the calls of tests.dashboards.traffic, as `tollwire` would load."""

from clickhouse_connect.driver.client import Client

from billing.deck import DeckOptions, DeckVersion, encode_options
from billing.deck_csv import parse_deck
from billing.parties import Account
from clickhouse import reference
from tests.dashboards.traffic import BUY_DECK, SELL_DECK

HEADER = b"prefix,destination,rate_per_min,connect_fee,first_increment,next_increment\n"
DECKS = (
    (SELL_DECK, "gold", "sell", b"44,United Kingdom,0.02,0,1,1\n"),
    (BUY_DECK, "wholesale", "buy", b"44,UK (wholesale),0.015,0,1,1\n"),
)


def store_decks(client: Client) -> None:
    """A sell deck at 0.02 and a buy deck at 0.015 EUR a minute; acme and carrier-a have them."""
    options = DeckOptions(currency="EUR")
    for number, deck, side, csv in DECKS:
        rates = parse_deck(HEADER + csv, f"{deck}.csv", 0, options).rates
        version = DeckVersion(number, deck, side, "full", 0, 0, options, rates)
        reference.save_version(client, version, encode_options(options), f"{deck}.csv", "0" * 64)
    accounts = [
        Account("acme", "customer", "Acme", "gold", "EUR"),
        Account("carrier-a", "vendor", "Carrier A", "wholesale", "EUR"),
    ]
    reference.save_accounts(client, accounts, 0)
