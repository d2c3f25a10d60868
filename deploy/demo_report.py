"""The table a demo run ends with."""

from rich.console import Console
from rich.table import Table

from deploy.demo import Result

DESTINATIONS_SHOWN = 15
_console = Console(stderr=True)


def _money(nanos: int) -> str:
    """Two decimals, rounded half away from zero, for the eye only."""
    cents, rest = divmod(abs(nanos), 10_000_000)
    cents += rest >= 5_000_000
    return f"{'-' if nanos < 0 else ''}{cents // 100:,}.{cents % 100:02d}"


def show(result: Result) -> None:
    """The table of a demo run."""
    table = Table(title="Revenue, cost and margin by destination")
    table.add_column("destination")
    for name in ("calls", "minutes", "revenue", "cost", "margin", "margin %"):
        table.add_column(name, justify="right")
    shown = result.money[:DESTINATIONS_SHOWN]
    rest = result.money[DESTINATIONS_SHOWN:]
    for d in shown:
        _money_row(table, d.destination, d.calls, d.duration_ms, d.sell_nanos, d.buy_nanos)
    for label, part in ((f"{len(rest)} more", rest), ("total", result.money)):
        sums = [sum(column) for column in zip(*(d[2:] for d in part), strict=True)] or [0] * 4
        table.add_section()
        _money_row(table, label, *sums)
    _console.print(table)
    currencies = ", ".join(sorted({d.currency for d in result.money})) or "no currency"
    s = result.summary()
    _console.print(f"amounts in {currencies}, rounded to cents for display")
    _console.print(
        f"received {result.received['calls']:,} = rated {s['rated']:,} + suspended "
        f"{s['suspended']:,} + dead {s['dead']:,} + duplicate {s['duplicate']:,}; "
        f"sent {s['sent']:,}, {s['calls_per_second']:,} calls/s"
    )
    verdict = "conservation holds" if result.holds() else "CONSERVATION DOES NOT HOLD"
    _console.print(f"[bold]{verdict}[/bold], in calls and in seconds")


def _money_row(table: Table, label: str, calls: int, duration_ms: int, sell: int, buy: int) -> None:
    percent = f"{100 * (sell - buy) / sell:.1f}" if sell else ""
    table.add_row(
        label,
        f"{calls:,}",
        f"{duration_ms // 60_000:,}",
        _money(sell),
        _money(buy),
        _money(sell - buy),
        percent,
        style="red" if sell < buy else "",
    )
