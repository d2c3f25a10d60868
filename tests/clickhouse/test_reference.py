"""Decks and exchange rates at rest come back as they were stored."""

import pyarrow as pa

from billing.deck import DeckOptions, DeckVersion
from billing.deck_csv import parse_deck
from billing.fx import FX
from clickhouse import reference
from clickhouse.client import connect
from deploy.runtime.settings import Settings
from tests.billing.decks import HEADER, deck_bytes

DECK = deck_bytes(
    *("44,UK,0.5,0,30,6,,,", "44,UK,0.4,0,30,6,2027-01-01,missing,", "4470,UK mobile,,,,,,,yes"),
    header=HEADER + ",valid_to,origin_class,blocked",
)


def test_a_version_comes_back_with_its_classes(migrated: Settings) -> None:
    client = connect(migrated)
    rates = parse_deck(DECK, "d.csv", 1_704_067_200_000).rates
    version = DeckVersion(1, "gold", "sell", "full", 1_704_067_200_000, 5, DeckOptions(), rates)
    reference.save_version(client, version, "{}", "d.csv", "0" * 64)
    [row] = reference.list_versions(client)
    assert reference.load_version(client, row, DeckOptions()) == version
    client.command(
        "INSERT INTO rate (deck_version, rate_row, prefix, valid_from) VALUES (2, 0, '44', now())"
    )
    [before] = reference.load_rates(client, 2).to_pylist()
    assert (before["time_class"], before["origin_class"]) == ("any", "any")
    assert before["blocked"] is False
    client.close()


def test_exchange_rates_come_back_once(migrated: Settings) -> None:
    client = connect(migrated)
    assert reference.load_fx(client).equals(FX.empty_table())
    since = 1_704_067_200_123
    rows = [("EUR", "USD", 11, 10, since, 7), ("EUR", "USD", 10**12, 1, since + 1, 8)]
    sent = pa.Table.from_pylist([dict(zip(FX.names, row, strict=True)) for row in rows], FX)
    for _ in range(2):
        reference.save_fx(client, sent)
    assert reference.load_fx(client).equals(sent)
    client.close()
