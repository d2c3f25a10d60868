"""Balances beside the charges they must be the sum of, as a table."""

import time

from rich.console import Console
from rich.table import Table

from billing.money import format_nanos
from clickhouse.balances import Comparison, compare
from clickhouse.client import connect
from deploy.runtime.settings import Settings

WAIT_S_MAX = 10.0
POLL_S = 0.5
WIDTH_MIN = 100


def show(settings: Settings) -> bool:
    """Print one line an account; returns whether all agree.

    Calls on their way into ClickHouse look like differences: they are waited for, WAIT_S_MAX.
    """
    found = _settled(settings)
    table = Table("account", "role", "currency")
    for heading in ("posted", "calls", "difference"):
        table.add_column(heading, justify="right")
    for line in found.lines:
        missing = line.posted_calls - line.charged_calls
        difference = format_nanos(line.posted_nanos - line.charged_nanos)
        table.add_row(
            line.account,
            line.role,
            line.currency,
            format_nanos(line.posted_nanos),
            f"{line.posted_calls:,}",
            f"{difference} ({missing:+,} calls)" if line.differs else "0",
        )
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    console.print(table)
    if found.behind:
        console.print(f"{found.behind} partitions: calls have been posted that are not stored yet")
    return not found.differences


def _settled(settings: Settings) -> Comparison:
    until = time.monotonic() + WAIT_S_MAX
    client = connect(settings)
    try:
        while True:
            found = compare(client)
            if not (found.behind or found.differences) or time.monotonic() > until:
                return found
            time.sleep(POLL_S)
    finally:
        client.close()
