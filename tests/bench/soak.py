"""An hour at half load: memory must stay flat, nothing may be lost. `make soak`; JSON last.

Two raters, ClickHouse and the broker; a line with what every process holds, each half minute. The
slope is a least-squares line through the second half, in megabytes an hour.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from clickhouse.client import connect
from tests.bench.rig import POLL_S, Rig, Traffic, rig, rss_mb

EVERY_S = 30.0
DRAIN_S_MAX = 600.0
_STORED = """
SELECT count() FROM charge FINAL WHERE leg = 'sell'
SETTINGS do_not_merge_across_partitions_select_final = 1
"""
"""Calls stored, each once; the database is the run's own."""


def _held(made: Rig) -> dict[str, float]:
    raters = {f"rater {i + 1}": r.process.pid for i, r in enumerate(made.raters)}
    pids = raters | {"ClickHouse": made.clickhouse.pid, "broker": made.broker.pid()}
    return {name: rss_mb(pid) for name, pid in pids.items()}


def slope_mb_per_h(at_s: list[float], held_mb: list[float]) -> float:
    """Growth over the second half of the readings."""
    half = len(at_s) // 2
    return float(np.polyfit(np.array(at_s[half:]) / 3_600, held_mb[half:], 1)[0])


def soak(folder: Path, minutes: float, calls_per_s: float, workers: int) -> dict[str, object]:
    """Run it; the figures."""
    at_s: list[float] = []
    held: dict[str, list[float]] = {}
    with rig(folder) as made:
        for _ in range(workers):
            made.rater()
        made.decks()
        traffic = Traffic(made.settings, calls_per_s, "soak-")
        begin = time.monotonic()
        traffic.start()
        while time.monotonic() - begin < minutes * 60:
            time.sleep(EVERY_S)
            at_s.append(time.monotonic() - begin)
            for name, mb in _held(made).items():
                held.setdefault(name, []).append(mb)
            lag = sum(r.metric("tollwire_consumer_lag") for r in made.raters)
            now = ", ".join(f"{name} {mb[-1]:,.0f} MB" for name, mb in held.items())
            calls = traffic.sent.truth.sent
            print(f"{at_s[-1] / 60:5.1f} min {calls:,} calls, lag {lag:,.0f}: {now}", flush=True)
        sent = traffic.stop()
        client = connect(made.settings)
        until = time.monotonic() + DRAIN_S_MAX
        while (stored := client.query(_STORED).result_rows[0][0]) < sent:
            if time.monotonic() > until:
                break
            time.sleep(POLL_S)
        client.close()
    return {
        "minutes": minutes,
        "calls_per_s": calls_per_s,
        "sent": sent,
        "lost": sent - stored,
        "mb_first": {name: round(mb[0]) for name, mb in held.items()},
        "mb_last": {name: round(mb[-1]) for name, mb in held.items()},
        "mb_per_h": {name: round(slope_mb_per_h(at_s, mb), 1) for name, mb in held.items()},
    }


def main() -> None:
    """Print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--calls-per-s", type=float, default=10_000.0)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(soak(Path(folder), asked.minutes, asked.calls_per_s, asked.workers)))


if __name__ == "__main__":
    main()
