"""ClickHouse away for ten minutes under load: `make bench-outage`. The last line is JSON.

What must be seen: the raters' memory stays flat, nothing is lost, and afterwards the backlog goes
faster than it came.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from clickhouse_connect.driver.client import Client

from clickhouse import ledger
from clickhouse.client import connect, wait_ready
from tests.bench.rig import POLL_S, Rig, Traffic, rig, rss_mb, serve

EVERY_S = 10.0
CATCH_UP_S_MAX = 1_800.0
READY_S_MAX = 60.0
IN_FLIGHT_S = 3.0
"""Calls of the last seconds may be on their way when the stream has caught up."""


def _raters_mb(made: Rig) -> float:
    return max(rss_mb(r.process.pid) for r in made.raters)


def _watch(made: Rig, traffic: Traffic, seconds: float) -> float:
    """Wait, printing a line now and then; the most memory a rater held."""
    until, most = time.monotonic() + seconds, 0.0
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(EVERY_S, left))
        most = max(most, _raters_mb(made))
        waits = max(r.metric("tollwire_waiting_seconds") for r in made.raters)
        print(
            f"{traffic.sent.truth.sent:,} calls sent; waiting for {waits:,.0f} s; "
            f"most memory of a rater {most:,.0f} MB",
            flush=True,
        )
    return most


def rows_of(made: Rig) -> float:
    """Calls that the raters have stored since they began."""
    return sum(r.metric('tollwire_stored_rows_total{table="cdr"}') for r in made.raters)


def stored_of(client: Client) -> int:
    """Calls of this run that are stored, each once; reads all of them."""
    return sum(ledger.outcomes(client, "outage-")[:2])


def outage(folder: Path, minutes: float, calls_per_s: float) -> dict[str, float]:
    """Run it; the figures. Raises when calls are missing at the end."""
    with rig(folder) as made:
        for _ in range(2):
            made.rater()
        made.decks()
        traffic = Traffic(made.settings, calls_per_s, "outage-")
        traffic.start()
        before = _watch(made, traffic, 30.0)
        made.clickhouse.kill()
        made.clickhouse.wait()
        print("ClickHouse is away", flush=True)
        during = _watch(made, traffic, minutes * 60)
        waiting: float = traffic.sent.truth.sent
        made.clickhouse = serve("clickhouse", made.settings)
        wait_ready(made.settings, READY_S_MAX)
        begin, there = time.monotonic(), rows_of(made)
        waiting -= there
        print(f"ClickHouse is back; {waiting:,.0f} calls wait", flush=True)
        while rows_of(made) < traffic.sent.truth.sent - calls_per_s * IN_FLIGHT_S:
            if time.monotonic() - begin > CATCH_UP_S_MAX:
                raise RuntimeError("the stream does not catch up")
            time.sleep(POLL_S)
        caught_up_s = time.monotonic() - begin
        after = _raters_mb(made)
        speed = (rows_of(made) - there) / caught_up_s
        sent = traffic.stop()
        client = connect(made.settings)
        while (stored := stored_of(client)) < sent:
            if time.monotonic() - begin > CATCH_UP_S_MAX:
                raise RuntimeError(f"{sent:,} calls were sent, {stored:,} are stored")
            time.sleep(POLL_S)
        client.close()
    return {
        "outage_s": round(minutes * 60),
        "calls_per_s": calls_per_s,
        "sent": sent,
        "lost": sent - stored,
        "waiting_calls": round(waiting),
        "catch_up_s": round(caught_up_s, 1),
        "catch_up_calls_per_s": round(speed),
        "rater_mb_before": round(before),
        "rater_mb_during": round(during),
        "rater_mb_after": round(after),
    }


def main() -> None:
    """Print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--calls-per-s", type=float, default=5_000.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(outage(Path(folder), asked.minutes, asked.calls_per_s)))


if __name__ == "__main__":
    main()
