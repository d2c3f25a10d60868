"""The rating kernels beside DuckDB, Polars, ClickHouse and pandas. `make bench-kernels`.

One made-up month of calls and decks with dates (kernel_world.py), both sides of every call, one
machine, one run. Everybody's totals are compared first; where one differs there are no figures and
the exit status is 1. The last line is JSON.

What each side is given: the kernels a book (Library.put), the peers tables of disjoint ranges of
numbers with one price for each step of a deck's dates (kernel_tables.py), in their own form in
memory; neither preparation is in the figures, both are printed. The tables are made apart from the
kernels' compiler and the charge is written anew for SQL and for frames, so that equal totals say
something. The kernels return every call's rate, billed seconds and charge for both sides, the peers
only the sums. Every peer may use all cores. The best run counts, and of a peer the best way
(kernel_sql.py, kernel_frames.py).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kernels import warm
from tests.bench.kernel_columns import Totals, rss_mb_max
from tests.bench.kernel_others import Summed, least_cost_s, one_day, summed
from tests.bench.kernel_ours import (
    Compiled,
    Job,
    book_bytes,
    bytes_per_call,
    compile_all,
    device,
    floor_s,
    timed,
)
from tests.bench.kernel_peers import PEERS, Answer, answer, missing
from tests.bench.kernel_publish import publish
from tests.bench.kernel_tables import write_tables
from tests.bench.kernel_world import Size, World, make_traffic, make_world

Figures = dict[str, Any]
KEYS = (
    *("calls", "totals_equal", "ns_per_cdr", "ns_per_cdr_from_nodes", "floor_ns", "ratio_duckdb"),
    *("ratio_polars", "ratio_clickhouse", "ratio_pandas", "device"),
)
"""of the JSON line, others after them"""


def asked() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=5_000_000)
    parser.add_argument("--decks", type=int, default=200)
    parser.add_argument("--codes", type=int, default=50_000, help="of a deck")
    parser.add_argument("--union", type=int, default=300_000, help="codes of all decks together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5, help="of each way of ours, twice")
    parser.add_argument("--peer-runs", type=int, default=3, help="of each way of a peer")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--uniform", action="store_true", help="destinations, instead of Zipf")
    return parser.parse_args()


def peers_answers(names: list[str], folder: Path, runs: int) -> dict[str, Answer]:
    """What each peer that can be asked has to say; a line for each that cannot."""
    answers = {}
    for name in names:
        if package := missing(name):
            print(f"{name}: the package {package} is not installed (extra: bench)")
            continue
        try:
            answers[name] = answer(name, folder, runs)
        except subprocess.CalledProcessError as error:
            print(f"{name}: its process ended with status {error.returncode}")
    return answers


def all_equal(ours: dict[str, Totals], total: Summed, answers: dict[str, Answer]) -> bool:
    """Compare everybody's totals and say what they are."""
    said = {f"ours {way}": totals for way, totals in ours.items()}
    rated = [totals[at] for totals in ours.values() for at in (0, 3)]
    said["ours summed"] = [rated[0], *total.totals[:2], rated[1], *total.totals[2:]]
    for name, peer in answers.items():
        said |= {f"{name} {way}": totals for way, totals in peer.totals.items()}
    first = next(iter(said.values()))
    differing = {who: totals for who, totals in said.items() if totals != first}
    for side, sums in (("sell", first[:3]), ("buy", first[3:])):
        print("{}: {:,} rated, {:,} s billed, {:,} nanos".format(side, *sums))
    for who, differently in differing.items():
        print(f"DIFFERENT: {who}: {differently}")
    print(f"totals of {len(said)} ways: {len(differing) or 'none'} differ")
    return not differing


def our_figures(seconds: dict[str, list[float]], n: int, floor: float) -> Figures:
    """Print what ours took beside the floor."""
    print(f"\n{'ours':40}{'ns/CDR':>9}{'median':>9}{'M CDR/s':>9}{'x floor':>9}")
    best = {way: min(runs) / n * 1e9 for way, runs in seconds.items()}
    for way, runs in seconds.items():
        of_bytes = bytes_per_call(from_nodes="from nodes" in way) / bytes_per_call()
        print(
            f"{way:40}{best[way]:9.1f}{statistics.median(runs) / n * 1e9:9.1f}"
            f"{1e3 / best[way]:9.1f}{best[way] / (floor * of_bytes):9.1f}"
        )
    print(f"floor: a numpy copy that moves the {bytes_per_call()} bytes a call: {floor:.2f} ns")
    return {
        "ns_per_cdr": round(best["from numbers"], 2),
        "ns_per_cdr_from_nodes": round(best["from nodes"], 2),
        "floor_ns": round(floor, 2),
        "ns_per_cdr_one_thread": round(best["from numbers, 1 thread"], 2),
        "ns_per_cdr_one_day": round(best["from numbers, one day's book"], 2),
        "ns_per_cdr_one_day_from_nodes": round(best["from nodes, one day's book"], 2),
    }


def peer_figures(answers: dict[str, Answer], n: int, ours_ns: float) -> Figures:
    """Print what the peers took; ratios above 1 say that ours was faster."""
    print(f"\n{'peers':54}{'ns/CDR':>9}{'median':>9}{'ratio':>8}{'loaded s':>10}{'GB':>6}")
    figures: Figures = {f"{figure}_{name}": None for figure in ("ratio", "ns") for name in PEERS}
    for name, peer in answers.items():
        for way, runs in peer.seconds.items():
            best, median = min(runs) / n * 1e9, statistics.median(runs) / n * 1e9
            print(
                f"{name + ', ' + way:54}{best:9.1f}{median:9.1f}{best / ours_ns:8.1f}"
                f"{peer.load_s:10.1f}{peer.rss_mb_max / 1_024:6.1f}"
            )
        best = peer.best_s() / n * 1e9
        figures |= {f"ratio_{name}": round(best / ours_ns, 2), f"ns_{name}": round(best, 1)}
    return figures


def other_figures(world: World, n: int, compiled: Compiled, total: Summed) -> Figures:
    """Print what summing n calls, the least-cost table and publishing took."""
    nodes = len(compiled.book.codes.parent)
    listed_s = least_cost_s(compiled.book, 3)
    put = publish(world, compiled, 3)
    print(f"\naggregate, from nodes to {total.cells:,} cells: {total.seconds / n * 1e9:.1f} ns/CDR")
    vendors = len(world.sheets)
    print(f"least cost of {vendors} vendors at {nodes:,} nodes: {listed_s:.2f} s")
    for what, seconds in (("known", put.known_codes_s), ("with new", put.new_codes_s)):
        ratio = compiled.seconds / seconds
        print(f"one deck put anew, {what} codes: {seconds * 1e3:.0f} ms, all / one = {ratio:.1f}")
    return {
        "aggregate_ns_per_cdr": round(total.seconds / n * 1e9, 2),
        "least_cost_s": round(listed_s, 3),
        "compile_s": round(compiled.seconds, 2),
        "put_known_codes_s": round(put.known_codes_s, 3),
        "put_new_codes_s": round(put.new_codes_s, 3),
        "book_bytes": book_bytes(compiled.book),
    }


def measure(options: argparse.Namespace, folder: Path) -> Figures:
    """All figures, or only that the totals differ."""
    n, runs = options.calls, options.runs
    size = Size(options.decks, options.codes, options.union, seed=options.seed)
    world = make_world(size)
    traffic = make_traffic(world, n, options.seed, options.uniform)
    rows = sum(sheet.price.size for sheet in world.sheets)
    law = "uniform" if options.uniform else "by Zipf's law"
    print(f"{n:,} calls, destinations {law}; {size.decks} decks, {rows:,} dated rates")
    warm()
    compiled = compile_all(world)
    print(f"book: {compiled.seconds:.1f} s, {book_bytes(compiled.book) / 2**20:,.0f} MiB")
    begin = time.perf_counter()
    ranges = write_tables(world, traffic, folder)
    print(f"the peers' tables: {time.perf_counter() - begin:.1f} s, {ranges:,} ranges")
    job = Job(compiled.book, traffic)
    ours = job.totals()
    seconds = {way: timed(run, runs) for way, run in job.ways().items()}
    rss_mb = rss_mb_max()
    total = summed(world, traffic, job, 3)
    answers = peers_answers(options.peers, folder, options.peer_runs)
    if not all_equal(ours, total, answers):
        return {"calls": n, "totals_equal": False}
    for way, run in job.ways().items():  # once more, for the machine may be quieter now
        seconds[way] += timed(run, runs)
    seconds |= one_day(world, traffic, runs)
    figures = our_figures(seconds, n, floor_s(n, 10) / n * 1e9)
    print(f"peak memory before the peers began: {rss_mb:,} MiB")
    ratios = peer_figures(answers, n, figures["ns_per_cdr"])
    figures |= ratios | {"device": device(), "rss_mb": rss_mb}
    figures |= {"calls": n, "totals_equal": True} | other_figures(world, n, compiled, total)
    return {key: figures[key] for key in KEYS} | figures


def main() -> None:
    """Print the figures; the last line is JSON."""
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(asked(), Path(folder))
    print(json.dumps(figures))
    sys.exit(0 if figures["totals_equal"] else 1)


if __name__ == "__main__":
    main()
