"""How the stream grows with its workers: `make bench-scale`. The last line is JSON.

For 1, 2 and 4 raters in one consumer group: a backlog is written while they are held still
(SIGSTOP, shorter than the session timeout), then they are let go; calls a second until the last row
is stored, the processor time a call costs each process, and how evenly the raters shared the work.
Then, under steady traffic, the pause that a worker causes by joining, leaving, dying, restarting.
"""

import argparse
import asyncio
import json
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from billing.mediation.mediate import ARROW, JSON
from clickhouse import ledger
from clickhouse.client import connect
from streams.topics import RATED, RAW
from tests.bench.pauses import pauses
from tests.bench.rig import POLL_S, Rig, cpu_s, rig
from tests.bench.stream import ARROW_CALLS, batches, prepared, send_all

WORKERS = (1, 2, 4)
SETTLE_S_MAX = 60.0
HELD_S_MAX = 8.0
"""Less than the session timeout of rig.KAFKA, so that no rater loses its partitions."""


class Drained(NamedTuple):
    """A backlog, worked off."""

    workers: int
    kind: str
    calls_per_s: float
    cpu_us: dict[str, float]
    """process -> microseconds of processor time a call"""
    shares: list[float]
    """of the calls, by rater"""


def drain(made: Rig, kind: str, calls: int) -> Drained:
    """Work off a backlog of `calls` calls with the raters that run."""
    run = f"scale-{len(made.raters)}-{kind[-4:]}"
    parts = prepared(batches(calls, ARROW_CALLS if kind == ARROW else 5_000, run), kind, 1_000)
    before_rows = [r.metric("tollwire_calls_total") for r in made.raters]
    for rater in made.raters:
        os.kill(rater.process.pid, signal.SIGSTOP)
    held = time.monotonic()
    asyncio.run(send_all(made.settings, parts))
    assert time.monotonic() - held < HELD_S_MAX, "the backlog took too long: ask for fewer calls"
    before = _cpu(made)
    begin = time.monotonic()
    for rater in made.raters:
        os.kill(rater.process.pid, signal.SIGCONT)
    done = _stored(made, run, calls)
    after = _cpu(made)
    rated = [
        r.metric("tollwire_calls_total") - b for r, b in zip(made.raters, before_rows, strict=True)
    ]
    return Drained(
        len(made.raters),
        "JSON" if kind == JSON else "Arrow",
        calls / (done - begin),
        {name: (s - before[name]) / calls * 1e6 for name, s in after.items()},
        sorted((n / max(1.0, sum(rated)) for n in rated), reverse=True),
    )


def _cpu(made: Rig) -> dict[str, float]:
    return {
        "raters": sum(cpu_s(r.process.pid) for r in made.raters),
        "ClickHouse": cpu_s(made.clickhouse.pid),
        "broker": cpu_s(made.broker.pid()),
    }


def _stored(made: Rig, run: str, calls: int) -> float:
    """Wait until the calls are stored; returns the moment. ClickHouse has the last word."""
    client = connect(made.settings)
    try:
        want = sum(r.metric(_ROWS) for r in made.raters) + calls
        until = time.monotonic() + SETTLE_S_MAX
        while sum(r.metric(_ROWS) for r in made.raters) < want and time.monotonic() < until:
            time.sleep(POLL_S)
        while True:
            now = time.monotonic()
            found = ledger.outcomes(client, run)
            if found.rated + found.suspended == calls:
                return now
            if now > until + SETTLE_S_MAX:
                raise RuntimeError(f"{calls} calls were sent, {found} are stored")
            time.sleep(POLL_S)
    finally:
        client.close()


_ROWS = 'tollwire_stored_rows_total{table="cdr"}'


def sizes(made: Rig) -> dict[str, float]:
    """Bytes a call takes at rest: in each ClickHouse table, and in the broker's log of a topic."""
    client = connect(made.settings)
    try:
        rows = client.query(_BYTES).result_rows
        calls = client.query("SELECT count() FROM cdr FINAL").result_rows[0][0]
    finally:
        client.close()
    found = {f"ClickHouse {table}": int(size) / calls for table, size in rows}
    for topic in (RAW, RATED):
        logs = made.settings.data_dir.rglob(f"{topic}-*/*.log")
        found[f"broker {topic}"] = sum(path.stat().st_blocks * 512 for path in logs) / calls
    return {name: round(size, 1) for name, size in found.items()}


_BYTES = """
SELECT table, sum(bytes_on_disk) FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('cdr', 'charge', 'receipt')
GROUP BY table ORDER BY table
"""


def throughput(folder: Path, arrow_calls: int, json_calls: int) -> list[Drained]:
    """Backlogs worked off by 1, 2 and 4 raters."""
    found = []
    with rig(folder) as made:
        for workers in WORKERS:
            while len(made.raters) < workers:
                made.rater()
            made.decks()
            for kind, calls in ((ARROW, arrow_calls), (JSON, json_calls)):
                found.append(drain(made, kind, calls))
                print(_line(found[-1]), flush=True)
        at_rest = ", ".join(f"{name} {size:,.0f}" for name, size in sizes(made).items())
        print(f"bytes a call at rest: {at_rest}", flush=True)
    return found


def _line(d: Drained) -> str:
    cost = ", ".join(f"{name} {us:.1f}" for name, us in d.cpu_us.items())
    shares = " ".join(f"{share:.0%}" for share in d.shares)
    return (
        f"{d.workers} rater(s), {d.kind}: {d.calls_per_s:,.0f} calls/s; "
        f"us of processor a call: {cost}; shares of the work: {shares}"
    )


def main() -> None:
    """Print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrow-calls", type=int, default=600_000)
    parser.add_argument("--json-calls", type=int, default=40_000)
    parser.add_argument("--calls-per-s", type=float, default=5_000.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        drained = throughput(Path(folder) / "throughput", asked.arrow_calls, asked.json_calls)
        figures: dict[str, float] = {
            f"{d.kind.lower()}_calls_per_s_{d.workers}": round(d.calls_per_s) for d in drained
        }
        figures |= pauses(Path(folder) / "pauses", asked.calls_per_s)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
