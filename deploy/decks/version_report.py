"""Deck versions and drafts as tables."""

import time
from typing import Final

from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from billing.instants import format_instant_ms
from clickhouse import reference
from clickhouse.reference import VersionRow
from dashboards.documents.drafts import Draft

WIDTH_MIN: Final = 150


def standing(rows: list[VersionRow], begun_ms: dict[int, int], now_ms: int) -> dict[int, str]:
    """Of each version whether it is scheduled, in force or superseded.

    rows: all versions, in order; begun_ms: when the last rate of each begins. Superseded: a later
    full version, all of whose rates have begun, has ended every rate of it.
    """
    found: dict[int, str] = {}
    ended: set[tuple[str, str]] = set()
    for row in reversed(rows):
        name = (row.side, row.deck)
        begins_ms = max(row.valid_from_ms, begun_ms.get(row.number, row.valid_from_ms))
        if name in ended:
            found[row.number] = "superseded"
        elif row.valid_from_ms > now_ms:
            found[row.number] = "scheduled"
        else:
            found[row.number] = "in force"
        if row.coverage == "full" and begins_ms <= now_ms:
            ended.add(name)
    return found


def standing_now(client: Client, rows: list[VersionRow]) -> dict[int, str]:
    """Of each version how it stands now; rows: all versions, in order."""
    return standing(rows, reference.last_begins(client), int(time.time() * 1_000))


def versions(rows: list[VersionRow], states: dict[int, str]) -> None:
    """Every version, one line each."""
    table = Table("version", "deck", "side", "currency", "covers", "valid from", "published", "is")
    table.add_column("rates", justify="right")
    table.add_column("from")
    for v in rows:
        table.add_row(
            str(v.number),
            v.deck,
            v.side,
            v.currency,
            v.coverage,
            _shown(v.valid_from_ms),
            _shown(v.published_ms),
            states[v.number],
            f"{v.rates:,}",
            v.source,
        )
    _print(table)


def drafts(found: list[Draft]) -> None:
    """Every draft, one line each."""
    table = Table("draft", "deck", "side", "covers", "valid from", "state", "version")
    for name in ("rates", "bad rows"):
        table.add_column(name, justify="right")
    for name in ("made by", "last step", "from"):
        table.add_column(name)
    for draft in found:
        last = draft.life.steps[-1]
        table.add_row(
            str(draft.number),
            draft.deck,
            draft.side,
            draft.coverage,
            _shown(draft.valid_from_ms),
            str(draft.life.state),
            str(draft.life.version or ""),
            f"{draft.rates:,}",
            f"{draft.bad_rows:,}",
            draft.life.maker,
            f"{last.what} by {last.by}",
            draft.source,
        )
    _print(table)


def history(draft: Draft) -> list[str]:
    """Who did what with a draft, when and why, a line each."""
    return [
        f"{_shown(step.at_ms)} {step.what} by {step.by}" + (f": {step.why}" if step.why else "")
        for step in draft.life.steps
    ]


def _shown(ms: int) -> str:
    return format_instant_ms(ms) if ms >= 0 else "always"


def _print(table: Table) -> None:
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    console.print(table)
