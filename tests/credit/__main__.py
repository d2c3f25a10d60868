"""`make simulate-credit`: thousands of calls at once on little money; prints the worst overruns.

The last line is JSON; money in units of the accounts' currency.
"""

import argparse
import json
import time

from rich.console import Console
from rich.table import Table

from billing.credit.session import Pace
from tests.credit.truth import NANOS, Found, Overrun, Trouble
from tests.credit.world import World

MONEY = 100
"""times the limits of the tests"""
WAYS = {
    "asks, events": Trouble(),
    "asks, no events": Trouble(tells=False),
    "events only": Trouble(asks=False),
    "CDRs only": Trouble(asks=False, tells=False),
}


def worst_of(runs: list[Found]) -> Overrun:
    """The worst moment, as a share of its limit."""
    moments = [overrun for run in runs for overrun in run.worst.values()]
    return max(moments, key=lambda o: o.over_nanos / o.limit_nanos)


def played(trouble: Trouble, asked: argparse.Namespace) -> dict[str, float]:
    """The figures of all seeds of one way of telling."""
    begun = time.perf_counter()
    runs = [
        World(seed, asked.calls, asked.minutes, trouble, Pace(), MONEY).run()
        for seed in range(asked.seeds)
    ]
    worst = worst_of(runs)
    return {
        "calls": sum(run.calls for run in runs),
        "refused": sum(run.refused for run in runs),
        "cut": sum(run.cut for run in runs),
        "at_once": max(run.most_at_once for run in runs),
        "worst_over": round(worst.over_nanos / NANOS, 2),
        "share_of_limit": round(worst.over_nanos / worst.limit_nanos, 4),
        "bound_of_limit": round((worst.bound_nanos - worst.limit_nanos) / worst.limit_nanos, 4),
        "moments_beyond_bound": sum(len(run.beyond) for run in runs),
        "took_s": round(time.perf_counter() - begun, 1),
    }


def main() -> None:
    """Play seeds of each way of telling, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=6_000)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    figures = {name: played(trouble, asked) for name, trouble in WAYS.items()}
    table = Table(title="What calls cost beyond their limit at the worst moment, and its bound")
    table.add_column("the switch")
    for key in next(iter(figures.values())):
        table.add_column(key.replace("_", " "), justify="right")
    for name, found in figures.items():
        table.add_row(name, *map(str, found.values()))
    Console(width=120).print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
