"""Deck versions and their rates, and exchange rates, as a table and as CSV."""

import csv
import sys

from rich.console import Console
from rich.table import Table

from billing.deck import FOREVER_MS
from billing.deck_csv import NEEDED, OPTIONAL
from billing.errors import TollwireError
from billing.fx import format_factor
from billing.fx_csv import COLUMNS as FX_COLUMNS
from billing.instants import format_instant_ms
from billing.money import format_nanos
from clickhouse import reference
from clickhouse.client import connect
from deploy.runtime.settings import Settings

WIDTH_MIN = 140


class NoSuchVersion(TollwireError):
    """The version asked for does not exist."""


def versions(settings: Settings) -> None:
    """Every deck version, one line each."""
    client = connect(settings)
    try:
        rows = reference.list_versions(client)
    finally:
        client.close()
    table = Table("version", "deck", "side", "currency", "covers", "valid from", "published")
    table.add_column("rates", justify="right")
    table.add_column("file")
    for v in rows:
        table.add_row(
            str(v.number),
            v.deck,
            v.side,
            v.currency,
            v.coverage,
            format_instant_ms(v.valid_from_ms),
            format_instant_ms(v.published_ms),
            f"{v.rates:,}",
            v.source,
        )
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    console.print(table)


def rates(settings: Settings, number: int, prefix: str) -> None:
    """The rates of a version on stdout, as CSV that could be loaded again. Raises NoSuchVersion."""
    client = connect(settings)
    try:
        if number not in {v.number for v in reference.list_versions(client)}:
            raise NoSuchVersion(
                f"no deck version {number}: `tollwire deck list` shows what there is"
            )
        found = reference.load_rates(client, number)
    finally:
        client.close()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*NEEDED, *OPTIONAL])
    for row in found.to_pylist():
        if not row["prefix"].startswith(prefix):
            continue
        writer.writerow(
            [
                row["prefix"],
                row["destination"],
                format_nanos(row["next_rate_nanos"]),
                format_nanos(row["connect_nanos"]),
                row["first_increment_s"],
                row["next_increment_s"],
                format_nanos(row["first_rate_nanos"]),
                format_instant_ms(row["valid_from_ms"]),
                "" if row["valid_to_ms"] == FOREVER_MS else format_instant_ms(row["valid_to_ms"]),
                row["time_class"],
                row["origin_class"],
                "yes" if row["blocked"] else "",
            ]
        )


def exchange_rates(settings: Settings) -> None:
    """Every exchange rate on stdout, as CSV; of one pair and date the last line counts."""
    client = connect(settings)
    try:
        found = reference.load_fx(client)
    finally:
        client.close()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*FX_COLUMNS, "published"])
    for row in found.to_pylist():
        writer.writerow(
            [
                row["from_currency"],
                row["to_currency"],
                format_factor(row["numerator"], row["denominator"]),
                format_instant_ms(row["valid_from_ms"]),
                format_instant_ms(row["published_ms"]),
            ]
        )
