"""What a back-test found, as a table or as one JSON object."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from billing.fraud.backtest import Incident, Outcome
from billing.instants import format_instant_ms
from billing.money import format_nanos

WIDTH_MIN = 140


def as_json(found: Outcome) -> str:
    """One JSON object; money as decimal texts, in each account's currency."""
    return json.dumps({**_sums(found), "incidents": [_line(i) for i in found.incidents.values()]})


def print_table(found: Outcome) -> None:
    """A line for each incident in the order they would have been raised, and the sums."""
    table = Table()
    for name in ("raised", "family", "subject", "severity", "why"):
        table.add_column(name)
    for name in ("lost until then", "calls after", "lost after", "false"):
        table.add_column(name, justify="right")
    for incident in found.incidents.values():
        line = _line(incident)
        false = "" if incident.false is None else "yes" if incident.false else "no"
        table.add_row(
            line["raised_at"],
            line["family"],
            line["subject"],
            line["severity"],
            ", ".join(incident.last.reasons),
            line["until_alert"],
            f"{incident.after_calls:,}",
            line["after_alert"],
            false,
        )
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    console.print(table)
    sums = _sums(found)
    console.print(
        f"{sums['calls']:,} calls of {sums['sold']} in all; {len(found.incidents)} incidents, told "
        f"{len(found.alerts)} times; blocking at once would have kept {sums['after_alert']} from "
        f"being called",
        highlight=False,
    )
    if sums["false"] is not None:
        console.print(f"{sums['false']} incidents are false", highlight=False)


def _sums(found: Outcome) -> dict[str, Any]:
    incidents = list(found.incidents.values())
    judged = [i.false for i in incidents if i.false is not None]
    return {
        "calls": found.facts,
        "sold": format_nanos(found.sell_nanos),
        "until_alert": format_nanos(sum(i.until_nanos for i in incidents)),
        "after_alert": format_nanos(sum(i.after_nanos for i in incidents)),
        "false": sum(judged) if judged else None,
    }


def _line(incident: Incident) -> dict[str, Any]:
    last = incident.last
    return {
        "id": last.id,
        "raised_at": format_instant_ms(incident.first.raised_ms),
        "family": last.family,
        "subject": last.subject,
        "account": last.account,
        "severity": last.severity,
        "reasons": list(last.reasons),
        "until_alert": format_nanos(incident.until_nanos),
        "after_calls": incident.after_calls,
        "after_alert": format_nanos(incident.after_nanos),
        "block": [f"{b.kind} {b.value}".strip() for b in last.block],
        "evidence": dict(last.evidence),
        "false": incident.false,
    }
