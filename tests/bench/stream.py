"""The live stream end to end, on real processes: produced -> stored. `make bench-stream`.

One rater, the embedded broker and the embedded ClickHouse share the machine with this sender. Each
figure stands beside the same for a Faust agent that only decodes (tests/bench/noop_worker.py), so
that the cost of rating and storing is a ratio. The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition

from billing.mediation.mediate import ARROW, JSON
from clickhouse import ledger
from clickhouse.client import connect
from deploy.local import rater_metric, running
from deploy.runtime.settings import Settings
from deploy.seed import seed
from deploy.send import Sent, messages
from deploy.traffic import CLEAN, Batch, live_batch
from streams.collector import Collector
from streams.topics import ensure_topics
from tests.bench.rate_one import rate_one_p99_us

NOOP_METRICS = "127.0.0.1:19102"
STORED_ROWS = 'tollwire_stored_rows_total{table="cdr"}'
ARROW_CALLS = 6_000  # of one batch of all customers: some 1,000 a message


def batches(calls: int, size: int, run: str) -> list[Batch]:
    """Clean calls that end about now, as the sender would have them."""
    rng = np.random.default_rng(7)
    now_ms = int(time.time() * 1_000)
    return [
        live_batch(rng, now_ms, min(size, calls - at), run=run, dirt=CLEAN)
        for at in range(0, calls, size)
    ]


async def send_all(
    settings: Settings, parts: list[list[tuple[str, str, bytes]]], per_second: float | None = None
) -> Sent:
    """Send prepared messages as fast as the broker takes them, or evenly at a rate of parts."""
    sent = Sent()
    begin = time.monotonic()
    async with Collector(settings) as collector:
        for i, part in enumerate(parts):
            waiting = [await collector.send(*message) for message in part]
            for metadata in await asyncio.gather(*waiting):
                sent.offsets[metadata.partition].add(metadata.offset)
            if per_second:
                await asyncio.sleep(max(0.0, begin + (i + 1) / per_second - time.monotonic()))
    return sent


def prepared(made: list[Batch], kind: str, per_part: int) -> list[list[tuple[str, str, bytes]]]:
    """Messages of the batches, in parts of per_part messages."""
    flat = [
        (customer, kind, payload)
        for batch in made
        for customer, part in batch.by_customer()
        for payload in messages(part, kind)
    ]
    return [flat[at : at + per_part] for at in range(0, len(flat), per_part)]


def stored_since(
    settings: Settings, client: Any, log: str, before: dict[int, int], calls: int, rows: float
) -> float:
    """Wait until `calls` more calls are stored; returns the moment they were.

    `rows` is the rater's own count of stored calls before; ClickHouse has the last word, but is
    asked only then, for to ask it all the time would slow what is measured.
    """
    while (rater_metric(settings, STORED_ROWS) or rows) - rows < calls:
        time.sleep(0.1)
    while True:
        now = time.monotonic()
        if ledger.stored(client, log, before) >= calls:
            return now
        time.sleep(0.1)


def through(
    settings: Settings, client: Any, log: str, kind: str, made: list[Batch], per_part: int
) -> float:
    """Calls a second from the first send to the last row stored."""
    calls = sum(len(batch.fate) for batch in made)
    parts = prepared(made, kind, per_part)
    before = asyncio.run(_ends(settings))
    rows = rater_metric(settings, STORED_ROWS) or 0.0
    begin = time.monotonic()
    asyncio.run(send_all(settings, parts))
    return calls / (stored_since(settings, client, log, before, calls, rows) - begin)


async def _ends(settings: Settings) -> dict[int, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker)
    await consumer.start()
    try:
        at = [TopicPartition("cdr.raw", p) for p in range(settings.partitions)]
        return {tp.partition: end for tp, end in (await consumer.end_offsets(at)).items()}
    finally:
        await consumer.stop()


def latency_ms(
    settings: Settings, client: Any, log: str, calls_per_second: float, seconds: float
) -> list[float]:
    """p50, p95, p99 from arrival in the broker to ClickHouse's clock at the insert."""
    beat = 20.0
    each = max(1, int(calls_per_second / beat))
    count = int(each * beat * seconds)
    run = f"lat-{os.getpid()}"
    made = batches(count, each, run)
    flat = prepared(made, JSON, 10**9)[0]
    parts = [flat[at : at + each] for at in range(0, len(flat), each)]
    before = asyncio.run(_ends(settings))
    rows = rater_metric(settings, STORED_ROWS) or 0.0
    asyncio.run(send_all(settings, parts, beat))
    stored_since(settings, client, log, before, count, rows)
    return ledger.latency_ms(client, run, (0.5, 0.95, 0.99))


@contextmanager
def noop(settings: Settings) -> Iterator[None]:
    """The agent that only decodes, on the same topic, in a group of its own."""
    command = [sys.executable, "-m", "tests.bench.noop_worker"]
    process = subprocess.Popen(command, env={**os.environ, **_environment(settings)})
    try:
        while rater_metric(_noop_settings(settings), "tollwire_noop_ready") != 1:
            if process.poll() is not None:
                raise RuntimeError("the decoding agent ended")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(15)


def _noop_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rater_metrics": NOOP_METRICS})


def through_noop(settings: Settings, kind: str, made: list[Batch], per_part: int) -> float:
    """Calls a second from the first send until the decoding agent has seen the last."""
    calls = sum(len(batch.fate) for batch in made)
    parts = prepared(made, kind, per_part)
    at = _noop_settings(settings)
    before = rater_metric(at, "tollwire_noop_calls_total") or 0.0
    begin = time.monotonic()
    asyncio.run(send_all(settings, parts))
    while (rater_metric(at, "tollwire_noop_calls_total") or 0.0) - before < calls:
        time.sleep(0.1)
    return calls / (time.monotonic() - begin)


def _environment(settings: Settings) -> dict[str, str]:
    return {
        f"TOLLWIRE_{name.upper()}": str(value)
        for name, value in settings.model_dump().items()
        if name
        in (
            *("broker", "clickhouse", "console", "rater_metrics", "data_dir"),
            *("controls", "controls_metrics", "fraud_metrics"),
        )
    }


def cpu_s(processes: "dict[str, subprocess.Popen[bytes]]") -> dict[str, float]:
    """Seconds of CPU each process has used, as the kernel counts them."""
    used = {}
    for name, process in processes.items():
        fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        used[name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def cost(
    processes: "dict[str, subprocess.Popen[bytes]]", before: dict[str, float], calls: int
) -> str:
    """CPU per call of each process since `before`, as text."""
    parts = [f"{n} {(s - before[n]) / calls * 1e6:.1f}" for n, s in cpu_s(processes).items()]
    return "CPU a call in us: " + ", ".join(parts)


def measure(
    settings: Settings, json_calls: int, arrow_calls: int, controls: bool
) -> dict[str, float]:
    """All figures; with the controls beside the rater, if asked."""
    figures: dict[str, float] = {}
    say = print
    with running(settings, ("broker", "clickhouse"), say):
        log = asyncio.run(ensure_topics(settings))
        with noop(settings):
            through_noop(settings, JSON, batches(2_000, 1_000, "w0"), 1_000)
            noop_json = through_noop(settings, JSON, batches(json_calls, 5_000, "n1"), 1_000)
            noop_arrow = through_noop(settings, ARROW, batches(arrow_calls, ARROW_CALLS, "n2"), 20)
        say(f"an agent that only decodes: JSON {noop_json:,.0f}/s, Arrow {noop_arrow:,.0f}/s")
    names = ("broker", "clickhouse", "rater", *(("controls", "fraud") if controls else ()))
    with running(settings, names, say) as processes:
        log = asyncio.run(ensure_topics(settings))
        seed(settings)
        while (rater_metric(settings, "tollwire_deck_versions") or 0) < 7:
            time.sleep(0.1)
        client = connect(settings)
        through(settings, client, log, JSON, batches(2_000, 1_000, "w1"), 1_000)
        through(settings, client, log, ARROW, batches(50_000, ARROW_CALLS, "w2"), 20)
        made = batches(json_calls, 5_000, "j")
        before = cpu_s(processes)
        of_json = through(settings, client, log, JSON, made, 1_000)
        say(f"rated and stored: JSON {of_json:,.0f}/s; {cost(processes, before, json_calls)}")
        made = batches(arrow_calls, ARROW_CALLS, "a")
        before = cpu_s(processes)
        of_arrow = through(settings, client, log, ARROW, made, 20)
        say(f"rated and stored: Arrow {of_arrow:,.0f}/s; {cost(processes, before, arrow_calls)}")
        p50, p95, p99 = latency_ms(settings, client, log, of_json / 2, 10.0)
        client.close()
    figures |= {"json_cdrs_per_s": round(of_json), "arrow_cdrs_per_s": round(of_arrow)}
    figures |= {
        "json_vs_noop": round(of_json / noop_json, 3),
        "arrow_vs_noop": round(of_arrow / noop_arrow, 3),
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
        "rate_one_p99_us": rate_one_p99_us(),
    }
    return figures


def first_call_s(settings: Settings) -> float:
    """Seconds from `tollwire run` on an empty folder to the first charge in ClickHouse."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "deploy.cli", "run"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while not rater_metric(settings, 'tollwire_stored_rows_total{table="charge"}'):
            time.sleep(0.05)
        return time.monotonic() - begin
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)


def main() -> None:
    """Print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json-calls", type=int, default=80_000)
    parser.add_argument("--arrow-calls", type=int, default=1_000_000)
    parser.add_argument("--controls", action="store_true", help="balances, credit, fraud too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            broker="127.0.0.1:19292",
            clickhouse="http://127.0.0.1:18323",
            rater_metrics="127.0.0.1:19301",
            controls="127.0.0.1:19303",
            controls_metrics="127.0.0.1:19304",
            fraud_metrics="127.0.0.1:19305",
            console="127.0.0.1:18300",
            data_dir=Path(folder),
        )
        os.environ.update(_environment(settings))
        print(f"first charge {first_call_s(settings):.1f} s after `tollwire run` on nothing")
        os.environ["TOLLWIRE_DATA_DIR"] = f"{folder}/second"
        settings = settings.model_copy(update={"data_dir": Path(folder) / "second"})
        print(json.dumps(measure(settings, asked.json_calls, asked.arrow_calls, asked.controls)))


if __name__ == "__main__":
    main()
