"""What accounts may spend, as CSV."""

import csv
import sys

from billing.instants import format_instant_ms
from billing.money import format_nanos
from deploy.credit import list_states
from deploy.runtime.settings import Settings

_MONEY = ("limit", "paid", "spent", "reserved", "free", "overrun")


def print_states(settings: Settings) -> None:
    """One line an account; an account without a limit has no `limit` and no `free`."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["account", *_MONEY, "calls", "used_percent", "blocks", "at"])
    for row in list_states(settings, ""):
        money = [format_nanos(row[f"{name}_nanos"]) for name in _MONEY]
        if not row["limited"]:
            money[0] = money[4] = ""
        counts = (row["calls"], row["level"], row["blocks"])
        out.writerow([row["account"], *money, *counts, format_instant_ms(row["at_ms"])])
