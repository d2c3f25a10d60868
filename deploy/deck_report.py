"""Deck versions and their rates, as a table and as CSV."""

import csv
import sys

from clickhouse.client import connect
from rich.console import Console
from rich.table import Table

from billing.instants import format_instant_ms
from billing.money import format_nanos
from clickhouse import reference
from deploy.runtime.settings import Settings


def versions(settings: Settings) -> None:
    """Every deck version, one line each."""
    client = connect(settings)
    try:
        rows = reference.list_versions(client)
    finally:
        client.close()
    table = Table(title="Deck versions")
    table.add_column("version", justify="right")
    for name in ("deck", "side", "currency", "covers", "valid from", "published", "file"):
        table.add_column(name)
    table.add_column("rates", justify="right")
    for v in rows:
        table.add_row(
            str(v.number),
            v.deck,
            v.side,
            v.currency,
            v.coverage,
            format_instant_ms(v.valid_from_ms),
            format_instant_ms(v.published_ms),
            v.source,
            f"{v.rates:,}",
        )
    Console().print(table)


def rates(settings: Settings, number: int, prefix: str) -> None:
    """The rates of a version as CSV on stdout."""
    client = connect(settings)
    try:
        found = reference.load_rates(client, number)
    finally:
        client.close()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(found.column_names)
    for row in found.to_pylist():
        if row["prefix"].startswith(prefix):
            writer.writerow(
                [format_nanos(v) if name.endswith("_nanos") else v for name, v in row.items()]
            )
