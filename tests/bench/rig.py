"""A platform for a benchmark: Apache Kafka where there is one, ClickHouse, and raters that come
and go. Everything is a process of its own on free ports of loopback.
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from billing.mediation.mediate import ARROW, JSON
from deploy.local import rater_metric
from deploy.runtime.settings import Settings
from deploy.seed import seed
from deploy.send import Sent, send_batch
from deploy.traffic import CLEAN, live_batch
from streams.collector import Collector
from streams.topics import ensure_topics
from tests.conftest import free_port
from tests.kafka.broker import Broker
from tests.kafka.cluster import Kafka
from tests.kafka.embedded import Tansu
from tests.kafka.fetch import missing

PARTITIONS = 8
READY_S_MAX = 120.0
STOP_S_MAX = 30.0
POLL_S = 0.05
DECKS = 7
BEAT_S = 0.1
JSON_BEATS = 10
"""Every so many beats the calls are JSON; the others are Arrow."""
KAFKA = {"fetch_wait_ms": 500, "rebalance_timeout_s": 10.0}


class Rater(NamedTuple):
    """A rater process and its settings."""

    settings: Settings
    process: "subprocess.Popen[bytes]"

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels; 0 if it does not answer."""
        return rater_metric(self.settings, name) or 0.0

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        self.process.terminate()
        return self.process.wait(STOP_S_MAX)


def _has_decks(rater: Rater) -> bool:
    return rater.metric("tollwire_deck_versions") >= DECKS


class Rig:
    """A broker, a ClickHouse, and the raters started so far."""

    def __init__(self, settings: Settings, broker: Broker) -> None:
        self.settings, self.broker = settings, broker
        self.clickhouse = serve("clickhouse", settings)
        self.log = ""
        """The cluster's id."""
        self.raters: list[Rater] = []

    def rater(self, ready: bool = True) -> Rater:
        """Start a rater; returns when it has its partitions."""
        own = self.settings.model_copy(update={"rater_metrics": f"127.0.0.1:{free_port()}"})
        rater = Rater(own, serve("rater", own))
        self.raters.append(rater)
        if ready:
            wait(rater.process, lambda: rater.metric("tollwire_rater_ready") == 1)
        return rater

    def decks(self) -> None:
        """Load the demo's decks; returns when every rater prices from them."""
        seed(self.settings)
        for rater in self.raters:
            wait(rater.process, partial(_has_decks, rater))

    def stop_raters(self) -> None:
        """Stop the raters that still run."""
        for rater in self.raters:
            if rater.process.poll() is None:
                rater.stop()
        self.raters.clear()

    def stop(self) -> None:
        """Stop raters and ClickHouse."""
        self.stop_raters()
        self.clickhouse.terminate()
        self.clickhouse.wait(STOP_S_MAX)


def serve(name: str, settings: Settings) -> "subprocess.Popen[bytes]":
    """Start `tollwire serve NAME`; its output goes to a file in the data folder."""
    names = {f"TOLLWIRE_{k.upper()}": str(v) for k, v in settings.model_dump().items()}
    with (settings.data_dir / f"{name}-{free_port()}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "serve", name],
            env={**os.environ, **names},
            stdout=log,
            stderr=log,
        )


def wait(process: "subprocess.Popen[bytes]", reached: Callable[[], bool]) -> None:
    """Wait for a condition while the process lives."""
    until = time.monotonic() + READY_S_MAX
    while not reached():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"process {process.pid} ended or is not ready: {process.args!r}")
        time.sleep(POLL_S)


@contextmanager
def rig(folder: Path, partitions: int = PARTITIONS) -> Iterator[Rig]:
    """A broker and a ClickHouse; raters are for the caller to start."""
    kafka = not missing()
    folder.mkdir(parents=True, exist_ok=True)
    broker: Broker = Kafka(folder) if kafka else Tansu(folder)
    with ExitStack() as stack:
        stack.callback(broker.stop)
        broker.start()
        settings = Settings.model_validate(
            {
                "broker": broker.address,
                "clickhouse": f"http://127.0.0.1:{free_port()}",
                "data_dir": folder,
                "partitions": partitions,
                **(KAFKA if kafka else {}),
            }
        )
        found = Rig(settings, broker)
        stack.callback(found.stop)
        found.log = asyncio.run(ensure_topics(settings))
        yield found


class Traffic(threading.Thread):
    """Clean calls that have just ended, sent evenly until `stop`; `sent` is its own account."""

    def __init__(self, settings: Settings, calls_per_s: float, run: str) -> None:
        super().__init__(daemon=True)
        self.sent, self.error = Sent(), ""
        self._settings, self._calls_per_s, self._prefix = settings, calls_per_s, run
        self._over = threading.Event()

    def run(self) -> None:
        """The thread."""
        try:
            asyncio.run(self._send())
        except Exception as error:
            self.error = repr(error)
            raise

    async def _send(self) -> None:
        rng = np.random.default_rng(11)
        begin, beat = time.monotonic(), 0
        async with Collector(self._settings) as collector:
            while not self._over.is_set():
                beat += 1
                due = int(self._calls_per_s * beat * BEAT_S) - self.sent.truth.sent
                now_ms = int(time.time() * 1_000)
                batch = live_batch(rng, now_ms, max(0, due), run=self._prefix, dirt=CLEAN)
                kind = ARROW if beat % JSON_BEATS else JSON
                await send_batch(collector, batch, kind, self.sent)
                self.sent.offsets.clear()
                await asyncio.sleep(max(0.0, begin + beat * BEAT_S - time.monotonic()))

    def stop(self) -> int:
        """End it; the number of calls it sent, each acknowledged by the broker."""
        self._over.set()
        self.join(STOP_S_MAX)
        if self.error or self.is_alive():
            raise RuntimeError(f"the sender failed: {self.error or 'does not end'}")
        return self.sent.truth.sent


def cpu_s(pid: int) -> float:
    """Seconds of CPU a process has used, as the kernel counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Megabytes of memory a process holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
