"""Exchange rates as CSV."""

import csv
import sys

from billing.fx import format_factor
from billing.fx_csv import COLUMNS
from billing.instants import format_instant_ms
from clickhouse import reference
from clickhouse.client import connect
from deploy.runtime.settings import Settings


def exchange_rates(settings: Settings) -> None:
    """Every exchange rate on stdout, as CSV; of one pair and date the last line counts."""
    client = connect(settings)
    try:
        found = reference.load_fx(client)
    finally:
        client.close()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*COLUMNS, "published"])
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
