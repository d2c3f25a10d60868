"""Latency of good calls while bad records flood one partition: `python -m tests.bench.flood`.

One rater on the broker that `rig` finds. Good calls go evenly into the flooded partition ("same")
and into another one; bad records come from a process of their own, as fast as the broker takes
them. Latency is from the arrival in the broker to ClickHouse's clock at the insert, for calls that
were sent while the flood ran. The last line is JSON.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
from aiokafka.partitioner import murmur2
from clickhouse_connect.driver.client import Client

from billing.mediation.mediate import CSV, JSON
from clickhouse import ledger
from clickhouse.client import connect
from deploy.runtime.settings import Settings
from deploy.send import messages
from deploy.traffic import CLEAN, live_batch
from streams.collector import Collector
from tests.bench.rig import POLL_S, Rig, rig

PARTITIONS: Final = 4
BEAT_S: Final = 0.05
IN_FLIGHT_MAX: Final = 1_000
STORED_S_MAX: Final = 600.0
PLACES: Final = ("same", "other")
BAD: Final = {
    "json": (
        JSON,
        b'{"call_id":"x-1","customer":"acme","called":"4930","duration_ms":' + b" " * 150,
    ),
    "csv": (CSV, b"%% buffer overrun %%,7f3a09\n" * 100),
}


def key_in(partition: int) -> str:
    """A message key that goes into this partition."""
    keys = (f"key-{n}" for n in range(1_000))
    return next(k for k in keys if (murmur2(k.encode()) & 0x7FFFFFFF) % PARTITIONS == partition)


async def flood(broker: str, kind: str) -> None:
    """Send bad records into partition 0 until killed; says so when the first ones are there."""
    content_type, payload = BAD[kind]
    async with Collector(Settings(broker=broker)) as collector:
        while True:
            sent = [
                await collector.send(key_in(0), content_type, payload) for _ in range(IN_FLIGHT_MAX)
            ]
            await asyncio.gather(*sent)
            print(len(sent), flush=True)


async def good_calls(settings: Settings, calls_per_s: float, seconds: float, run: str) -> int:
    """Send clean calls evenly, half of them to each place; how many to each."""
    draw, each = np.random.default_rng(3), max(1, round(calls_per_s * BEAT_S / 2))
    begin, beats = time.monotonic(), int(seconds / BEAT_S)
    async with Collector(settings) as collector:
        for beat in range(beats):
            for partition, place in enumerate(PLACES):
                now_ms = int(time.time() * 1_000)
                batch = live_batch(draw, now_ms, each, run=f"{run}-{place}", dirt=CLEAN)
                for payload in messages(batch, JSON):
                    await collector.send(key_in(partition), JSON, payload)
            await asyncio.sleep(max(0.0, begin + (beat + 1) * BEAT_S - time.monotonic()))
        await collector.flush()
    return beats * each


def latencies(client: Client, run: str, calls: int) -> dict[str, float]:
    """p50 and p99 in ms of each place, once all calls are stored."""
    found: dict[str, float] = {}
    until = time.monotonic() + STORED_S_MAX
    for place in PLACES:
        while (stored := sum(ledger.outcomes(client, f"{run}-{place}")[:2])) < calls:
            if time.monotonic() > until:
                raise RuntimeError(f"{stored} of {calls} calls of {run}-{place} are stored")
            time.sleep(POLL_S)
        p50, p99 = ledger.latency_ms(client, f"{run}-{place}", (0.5, 0.99))
        print(f"{run:8s} {place:6s} p50 {p50:10,.0f} ms   p99 {p99:10,.0f} ms", flush=True)
        found |= {f"{run}_{place}_p50_ms": p50, f"{run}_{place}_p99_ms": p99}
    return found


def measure(made: Rig, kind: str, calls_per_s: float, seconds: float) -> dict[str, float]:
    """The figures without and with a flood."""
    rater = made.rater()
    made.decks()
    client = connect(made.settings)
    settings = made.settings
    calls = asyncio.run(good_calls(settings, calls_per_s, 5.0, "warm"))
    latencies(client, "warm", calls)
    calls = asyncio.run(good_calls(settings, calls_per_s, seconds, "quiet"))
    figures = latencies(client, "quiet", calls)
    dead = rater.metric("tollwire_dead_letters_total")
    command = [sys.executable, "-m", "tests.bench.flood", "--sender", settings.broker]
    with subprocess.Popen([*command, "--kind", kind], stdout=subprocess.PIPE) as sender:
        assert sender.stdout is not None
        sent = int(sender.stdout.readline())
        begin = time.monotonic()
        calls = asyncio.run(good_calls(settings, calls_per_s, seconds, "flood"))
        took_s = time.monotonic() - begin
        digested = rater.metric("tollwire_dead_letters_total") - dead
        sender.terminate()
        sent += sum(map(int, sender.stdout))
    figures |= latencies(client, "flood", calls)
    client.close()
    records = sent * max(1, BAD[kind][1].count(b"\n"))
    figures |= {
        "bad_sent_per_s": round(records / took_s),
        "bad_dead_per_s": round(digested / took_s),
    }
    for place in PLACES:
        for level in ("p50", "p99"):
            name = f"{place}_{level}"
            ratio = figures[f"flood_{name}_ms"] / figures[f"quiet_{name}_ms"]
            figures[f"{name}_ratio"] = round(ratio, 2)
    return figures


def main() -> None:
    """Print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=BAD, default="json")
    parser.add_argument("--calls-per-s", type=float, default=400.0)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--sender", metavar="BROKER", help="be the process that sends the flood")
    asked = parser.parse_args()
    if asked.sender:
        asyncio.run(flood(asked.sender, asked.kind))
    with tempfile.TemporaryDirectory() as folder, rig(Path(folder), PARTITIONS) as made:
        print(json.dumps(measure(made, asked.kind, asked.calls_per_s, asked.seconds)))


if __name__ == "__main__":
    main()
