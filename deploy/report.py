"""What the command line shows a person while it works: progress on stderr, data on stdout."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from billing.money import format_nanos
from deploy.rate_file import Offline, Summary

if TYPE_CHECKING:
    from rerate.steps import Progress as Steps

ERRORS_SHOWN_MAX = 100
_console = Console(stderr=True)


@contextmanager
def live() -> Iterator[tuple[Callable[[str], None], Callable[[str, int, int], None]]]:
    """(stage, progress) for a demo: lines as things become ready, a bar for what moves."""
    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=_console) as bars:
        tasks = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield lambda text: bars.console.print(f"  {text}"), progress


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """A running count of calls."""
    with Progress(TextColumn("{task.description}"), console=_console, transient=True) as bars:
        task = bars.add_task(what)
        yield lambda n: bars.update(task, description=f"{what} {n:,} calls")


@contextmanager
def chunks(what: str) -> Iterator[Callable[["Steps"], None]]:
    """A bar for a step of a re-rating: chunks, calls a second, time left."""
    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn())
    speed = TextColumn("chunks, {task.fields[speed]:,.0f} calls/s")
    with Progress(*columns, speed, TimeRemainingColumn(), console=_console) as bars:
        task, began_s = bars.add_task(what, total=None, speed=0.0), time.monotonic()

        def show(now: "Steps") -> None:
            speed = now.calls_done / max(time.monotonic() - began_s, 0.001)
            bars.update(task, completed=now.chunks_done, total=now.chunks, speed=speed)

        yield show


class FirstOnly:
    """Says the first ERRORS_SHOWN_MAX messages, counts the rest."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._count = say, 0

    def __call__(self, message: str) -> None:
        self._count += 1
        if self._count <= ERRORS_SHOWN_MAX:
            self._say(message)

    def rest(self) -> None:
        """Say how many were not shown."""
        if self._count > ERRORS_SHOWN_MAX:
            self._say(f"... and {self._count - ERRORS_SHOWN_MAX} more")


def offline(total: Summary, out: Path, decks: Offline) -> None:
    """The sums of an offline run."""
    line = (
        f"{out}: {total.calls:,} calls = rated {total.rated:,} + suspended {total.suspended:,} "
        f"+ dead {total.dead:,}; sell {format_nanos(total.sell_nanos)}"
    )
    if "buy" in decks.sides:
        margin = format_nanos(total.sell_nanos - total.buy_nanos)
        line += f", buy {format_nanos(total.buy_nanos)}, margin {margin}"
    _console.print(line, highlight=False, soft_wrap=True)
