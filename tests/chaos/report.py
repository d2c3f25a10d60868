"""What a campaign says at its end: tables for a person, one line of JSON for a machine."""

from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from tests.chaos.audit import Findings
from tests.chaos.campaign import Campaign
from tests.chaos.plant import Plant

CANARY_KILLS_MIN = 5
"""Fewer kills than this prove nothing about the canary or about ghosts."""
_console = Console(width=120)


class Result(NamedTuple):
    """Everything the report is made of."""

    campaign: Campaign
    findings: Findings
    worst_pause_s: dict[str, float]
    sent: dict[str, Any]
    broker: str
    canary_error: int
    figures: dict[str, int]
    """more to print: rated again, copies in the log, ..."""

    def wrong(self) -> list[str]:
        """Why the campaign failed; empty if it did not."""
        found, plant = self.findings, self.campaign.plant
        lines = [*found.lines, *self.campaign.trouble]
        kinds = {done.kind for done in self.campaign.done}
        shown = {done.kind for done in self.campaign.done if done.evidence}
        lines += [f"nothing shows that this happened: {kind}" for kind in sorted(kinds - shown)]
        if plant.canary_kills >= CANARY_KILLS_MIN and not self.canary_error:
            lines.append(f"the canary was right after {plant.canary_kills} kills")
        if plant.broker.durable and plant.canary_kills >= CANARY_KILLS_MIN and not plant.ghosts:
            lines.append("no restart met the dead worker in the group: no ghost member was tried")
        return lines

    def summary(self) -> dict[str, object]:
        """The last line."""
        found, plant, seconds = self.findings, self.campaign.plant, float(self.sent["seconds"])
        return {
            "faults": len(self.campaign.done),
            "deck_changes": len(plant.versions) - 1,
            "sent": self.sent["records"],
            "lost": found.lost,
            "twice": found.twice,
            "balance_mismatch": found.balance_mismatch,
            "money_mismatch": found.money_mismatch,
            "other_mismatch": found.other,
            "canary_error": self.canary_error,
            "ghosts": plant.ghosts,
            "ended_by_itself": sum(
                len(process.ended_by_itself)
                for process in plant.processes
                if process is not plant.canary
            ),
            "worst_pause_s": round(max(self.worst_pause_s.values(), default=0.0), 1),
            "seconds": round(seconds),
            "calls_per_s": round(self.sent["records"] / seconds) if seconds else 0,
            "broker": self.broker,
        }


def show(result: Result) -> None:
    """The tables."""
    table = Table(title="Faults")
    for name, justify in (
        ("fault", "left"),
        ("times", "right"),
        ("with evidence", "right"),
        ("worst pause s", "right"),
        ("for example", "left"),
    ):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    done = result.campaign.done
    for kind in sorted({d.kind for d in done}):
        own = [d for d in done if d.kind == kind]
        shown = [d.evidence for d in own if d.evidence]
        pause = f"{result.worst_pause_s.get(kind, 0.0):.1f}"
        table.add_row(kind, str(len(own)), str(len(shown)), pause, shown[-1] if shown else "")
    _console.print(table)
    _console.print(_processes(result.campaign.plant))
    for name, value in result.figures.items():
        _console.print(f"{name}: {value:,}")


def _processes(plant: Plant) -> Table:
    table = Table(title="Processes")
    for name in ("process", "memory at most, MB", "ended by itself"):
        table.add_column(name, justify="left" if name == "process" else "right")
    for process in plant.processes:
        ends = ", ".join(f"status {status}" for status in process.ended_by_itself)
        table.add_row(process.name, f"{process.memory_mb_max:,.0f}", ends or "-")
    for node, memory_mb in plant.broker_memory_mb.items():
        table.add_row(node, f"{memory_mb:,.0f}", "-")
    return table
