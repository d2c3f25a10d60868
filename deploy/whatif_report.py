"""What a what-if ends with: tables for a person, or one JSON object."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from billing.money import format_nanos
from deploy.line_table import line_table
from deploy.whatif import LEG, WhatIf
from rerate.figures import NOTHING, Line

LINES_SHOWN = 20
LARGEST_SHOWN = 10
WIDTH_MIN = 110


def _lines(found: WhatIf, dimension: str) -> list[tuple[str, Line]]:
    """(text, sums), the largest change first; days in their order."""
    lines = [(text, line) for (_, _, text), line in found.figures.lines(dimension).items()]
    if dimension == "day":
        return sorted(lines)
    return sorted(lines, key=lambda own: (-abs(own[1].delta_nanos), own[0]))


def _total(found: WhatIf) -> Line:
    return found.figures.lines().get((LEG, found.currency, ""), NOTHING)


def _money(line: Line) -> dict[str, Any]:
    amounts = {"old": line.old_nanos, "new": line.new_nanos, "delta": line.delta_nanos}
    counts = line._asdict()
    for name in ("legs", "old_nanos", "new_nanos"):
        del counts[name]
    return {
        "calls": line.legs,
        **counts,
        **{name: format_nanos(nanos) for name, nanos in amounts.items()},
    }


def as_json(found: WhatIf) -> str:
    """Everything; money as decimal strings."""
    largest = [
        {
            "call_id": change.call,
            **change.by,
            "old": format_nanos(change.old_nanos),
            "new": format_nanos(change.new_nanos),
            "delta": format_nanos(change.delta_nanos),
        }
        for change in found.figures.largest(LEG, found.currency)
    ]
    parts = {
        f"by_{name}": [{name: text, **_money(line)} for text, line in _lines(found, name)]
        for name in ("day", "destination")
    }
    total = {"currency": found.currency, "dead": found.dead, **_money(_total(found))}
    return json.dumps({**total, **parts, "largest": largest})


def show(found: WhatIf) -> None:
    """Tables on stdout; every amount is exact."""
    console = Console()
    console.width = max(console.width, WIDTH_MIN)
    total = _total(found)
    for dimension in ("destination", "day"):
        title, columns = f"By {dimension}, {found.currency}", (dimension, "calls")
        lines = _lines(found, dimension)
        console.print(line_table(title, columns, lines, total, LINES_SHOWN))
    _largest(console, found)
    console.print(
        f"{found.calls:,} calls = changed {total.changed:,} (of them newly rated "
        f"{total.newly_rated:,}, no longer rated {total.no_longer_rated:,}) + unchanged "
        f"{total.legs - total.changed:,} (of them without a rate in both {total.suspended:,}); "
        f"{found.dead:,} records are no calls",
        highlight=False,
        soft_wrap=True,
    )


def _largest(console: Console, found: WhatIf) -> None:
    changes = found.figures.largest(LEG, found.currency)[:LARGEST_SHOWN]
    if not changes:
        return
    table = Table("call_id", "destination", "day", title="Largest changes of one call")
    for name in ("old", "new", "delta"):
        table.add_column(name, justify="right")
    for change in changes:
        amounts = (change.old_nanos, change.new_nanos, change.delta_nanos)
        table.add_row(
            change.call, change.by["destination"], change.by["day"], *map(format_nanos, amounts)
        )
    console.print(table)
