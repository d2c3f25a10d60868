"""The peers of the rating kernels, each in a process of its own with all the machine's cores.

Each has the tables of kernel_tables.py in its own form in memory before time is taken, and returns
sums, no call's charge: less than the kernels do. It may do the job in several ways; its fastest
counts. A peer whose package is not installed has no figure.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tests.bench.kernel_columns import Totals, Ways, rss_mb_max
from tests.bench.kernel_frames import pandas_ways, polars_ways
from tests.bench.kernel_sql import clickhouse_ways, duckdb_ways

ROOT = Path(__file__).parent.parent.parent


class Peer(NamedTuple):
    """A library that can do the job."""

    package: str
    ways: Callable[[Path], Ways]


PEERS = {
    "duckdb": Peer("duckdb", duckdb_ways),
    "polars": Peer("polars", polars_ways),
    "clickhouse": Peer("chdb", clickhouse_ways),
    "pandas": Peer("pandas", pandas_ways),
}


class Answer(NamedTuple):
    """What a peer's process has to say."""

    load_s: float
    rss_mb_max: int
    seconds: dict[str, list[float]]
    """by way, one a run"""
    totals: dict[str, Totals]
    """by way"""

    def best_s(self) -> float:
        """The best run of the fastest way."""
        return min(map(min, self.seconds.values()))


def missing(name: str) -> str | None:
    """The package that a peer lacks."""
    package = PEERS[name].package
    return package if find_spec(package) is None else None


def answer(name: str, folder: Path, runs: int) -> Answer:
    """Have a peer do the job on the tables in the folder, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.kernel_peers", name, str(folder), str(runs)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Answer(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Arguments: a peer, the folder of the tables, runs of each way. Prints an Answer as JSON."""
    name, folder, runs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    begin = time.perf_counter()
    ways = PEERS[name].ways(folder)
    load_s = time.perf_counter() - begin
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    totals: dict[str, Totals] = {}
    for way, run in list(ways.items()) * runs:
        begin = time.perf_counter()
        totals[way] = run()
        seconds[way].append(time.perf_counter() - begin)
    print(json.dumps(Answer(load_s, rss_mb_max(), seconds, totals)._asdict()))


if __name__ == "__main__":
    main()
