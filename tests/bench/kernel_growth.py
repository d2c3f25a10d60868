"""How the rating kernels' time and memory grow. `python -m tests.bench.kernel_growth`

Four series around one middle (20 decks of 50,000 codes with 2 versions each, 1,000,000 calls): more
calls, more decks, more codes in a deck, more versions of a code. Every point has a process of its
own. Calls come in batches of at most a million and go through the same output columns, each batch
made anew; only rating is timed, the median batch counts, and the memory is the most that the
process held while rating, book included. Prints the table and draws docs/img/kernel-growth.png.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from kernels import empty_rated, rate, warm
from tests.bench.kernel_columns import forget_rss_max, rss_mb_max
from tests.bench.kernel_ours import book_bytes, compile_all
from tests.bench.kernel_world import Size, as_calls, make_traffic, make_world

ROOT = Path(__file__).parent.parent.parent
PICTURE = ROOT / "docs" / "img" / "kernel-growth.png"
BATCH_CALLS = 1_000_000
RUNS_MIN = 5


class Point(NamedTuple):
    """What is asked: one axis off the middle."""

    calls: int = BATCH_CALLS
    decks: int = 20
    codes: int = 50_000
    versions: int = 2


class Measured(NamedTuple):
    """What came out."""

    ns_per_cdr: float
    rss_mb: int
    book_mb: int
    compile_s: float


AXES = {
    "calls": (10**5, 10**6, 10**7, 10**8),
    "decks": (1, 3, 10, 30, 100, 300, 1_000),
    "codes": (1_000, 3_000, 10_000, 30_000, 100_000, 500_000),
    "versions": (1, 2, 5, 10, 20, 50),
}
LABELS = {
    "calls": "calls rated",
    "decks": "decks",
    "codes": "codes in a deck",
    "versions": "versions of a code within the month",
}


def union_of(codes: int) -> int:
    """Codes of all decks together."""
    return min(6 * codes, max(300_000, codes * 6 // 5))


def measure(point: Point) -> Measured:
    """Compile a book and rate calls by it, in this process."""
    warm()
    world = make_world(Size(point.decks, point.codes, union_of(point.codes), point.versions))
    compiled = compile_all(world)
    book, compile_s = compiled.book, compiled.seconds
    world = world._replace(sheets=world.sheets[:1] * point.decks)
    del compiled
    size = min(point.calls, BATCH_CALLS)
    out = empty_rated(size)
    rate(as_calls(make_traffic(world, size, 0)), book, out=out)
    seconds, rss_mb = [], 0
    for batch in range(max(RUNS_MIN, point.calls // size)):
        calls = as_calls(make_traffic(world, size, batch + 1))
        forget_rss_max()
        begin = time.perf_counter()
        rate(calls, book, out=out)
        seconds.append(time.perf_counter() - begin)
        rss_mb = max(rss_mb, rss_mb_max())
    ns = statistics.median(seconds) / size * 1e9
    return Measured(ns, rss_mb, book_bytes(book) >> 20, compile_s)


def measure_apart(point: Point) -> Measured:
    """`measure` in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.kernel_growth", "--point", json.dumps(point)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Measured(*json.loads(done.stdout.splitlines()[-1]))


def draw(series: dict[str, dict[int, Measured]], path: Path) -> None:
    """Four panels: nanoseconds a call on the left, memory on the right."""
    matplotlib = import_module("matplotlib")
    matplotlib.use("Agg")
    plt = import_module("matplotlib.pyplot")
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False})
    figure, panels = plt.subplots(2, 2, figsize=(9, 6.4), dpi=100, layout="constrained")
    for panel, (axis, points) in zip(panels.flat, series.items(), strict=True):
        _panel(panel, LABELS[axis], points)
    figure.suptitle("Rating both sides of a call on the CPU: time and memory", fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def short(n: int) -> str:
    """A count as a label: 300k, 100M."""
    for unit, letter in ((10**6, "M"), (10**3, "k")):
        if n >= unit:
            return f"{n // unit}{letter}"
    return str(n)


def _panel(panel: Any, label: str, points: dict[int, Measured]) -> None:
    blue, orange = "#1f5fa8", "#c2571a"
    at = list(points)
    panel.plot(at, [m.ns_per_cdr for m in points.values()], "o-", color=blue)
    panel.set(xscale="log", xlabel=label)
    panel.set_xticks(at, [short(n) for n in at])
    panel.minorticks_off()
    panel.set_ylabel("ns a call", color=blue)
    panel.set_ylim(0, 1.3 * max(m.ns_per_cdr for m in points.values()))
    panel.grid(visible=True, alpha=0.3)
    memory = panel.twinx()
    memory.plot(at, [m.rss_mb / 1_024 for m in points.values()], "s--", color=orange)
    memory.set_ylabel("memory while rating, GiB", color=orange)
    top = max(m.rss_mb for m in points.values()) / 1_024
    memory.set_ylim(0, max(1.2 * top, 1.0))


def main() -> None:
    """All points, or the one that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--point", help="calls, decks, codes, versions as a JSON list")
    parser.add_argument(
        "--small", action="store_true", help="a small middle, no point above ten times it"
    )
    parser.add_argument("--picture", type=Path, default=PICTURE)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(Point(*json.loads(options.point)))))
        return
    middle = Point(100_000, 2, 5_000) if options.small else Point()
    print(f"{'':12}{'':>12}{'ns/CDR':>9}{'MiB':>9}{'book MiB':>10}{'compile s':>11}")
    series: dict[str, dict[int, Measured]] = {axis: {} for axis in AXES}
    for axis, values in AXES.items():
        most = 10 * getattr(middle, axis) if options.small else values[-1]
        for value in (value for value in values if value <= most):
            found = measure_apart(middle._replace(**{axis: value}))
            series[axis][value] = found
            print(f"{axis:12}{value:12,}{found.ns_per_cdr:9.1f}{found.rss_mb:9,}", end="")
            print(f"{found.book_mb:10,}{found.compile_s:11.1f}", flush=True)
    draw(series, options.picture)


if __name__ == "__main__":
    main()
