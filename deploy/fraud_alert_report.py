"""Incidents as a table or as JSON."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from billing.instants import format_instant_ms
from billing.money import format_nanos
from clickhouse.fraud_alerts import FraudAlert
from deploy.fraud_report import WIDTH_MIN


def as_json(found: list[FraudAlert]) -> str:
    """A JSON list; money as decimal texts."""
    return json.dumps([_line(row) for row in found])


def print_table(found: list[FraudAlert]) -> None:
    """A line for each incident."""
    table = Table()
    for name in ("alert", "raised", "severity", "family", "subject", "why"):
        table.add_column(name, no_wrap=name in ("alert", "raised"))
    for name in ("lost so far", "at risk an hour"):
        table.add_column(name, justify="right")
    table.add_column("done")
    for row in found:
        line = _line(row)
        money = (f"{line['money']} {line['currency']}", f"{line['at_risk_per_h']}")
        names = ("id", "raised_at", "severity", "family", "subject")
        table.add_row(*(line[name] for name in names), ", ".join(line["reasons"]), *money,
                      line["done"])  # fmt: skip
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    console.print(table if found else "no alerts")


def _line(found: FraudAlert) -> dict[str, Any]:
    return {
        "id": found.id,
        "revision": found.revision,
        "severity": found.severity,
        "family": found.family,
        "subject": found.subject,
        "account": found.account,
        "currency": found.currency,
        "raised_at": format_instant_ms(found.raised_ms),
        "updated_at": format_instant_ms(found.updated_ms),
        "money": format_nanos(found.money_nanos),
        "at_risk_per_h": format_nanos(found.at_risk_nanos_per_h),
        "reasons": found.reasons.split(","),
        "done": found.done,
    }
