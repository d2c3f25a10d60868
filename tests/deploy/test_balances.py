"""Balances to the nano, while the workers that keep them are killed, join and leave.

Beside them runs a naive counter on stock Faust, killed in the same moments: that it goes wrong
proves that the faults were such that a table can go wrong.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from clickhouse import balances
from deploy.accounts import load_accounts
from deploy.local import rater_metric, start
from streams.collector import Collector
from tests.conftest import free_port
from tests.deploy import naive_counter
from tests.deploy.conftest import EMBEDDED_FIRST, Platform, platform_on, until
from tests.deploy.test_platform import LONG_AGO_MS, call
from tests.deploy.test_processes import run
from tests.kafka.broker import Broker

pytestmark = EMBEDDED_FIRST

KILLS = 4
CUSTOMERS = [f"customer-{n}" for n in range(8)]
VENDORS = ["east", "west", "south"]
ACCOUNTS = "".join(f'[customers.{c}]\nsell_deck = "gold"\n' for c in CUSTOMERS) + "".join(
    f'[vendors.{v}]\nbuy_deck = "vend"\n' for v in VENDORS
)
SECOND_NANOS = {"customer": 1_000_000, "vendor": 500_000}
PAUSE_S = 0.02

Sent = Counter[tuple[str, str]]


@pytest.fixture(scope="module")
def platform(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose workers find a dead member out within three seconds."""
    with platform_on(broker, tmp_path_factory.mktemp("balances"), rebalance_timeout_s=2) as found:
        path = found.folder / "traders.toml"
        path.write_text(ACCOUNTS.replace("\n[", '\ncurrency = "USD"\n[') + 'currency = "USD"\n')
        # Before the decks, which are waited for: a call of an unknown account is suspended.
        load_accounts(found.settings, path)
        found.load("gold", "sell", "49,Germany,0.06,0,1,1\n", LONG_AGO_MS)
        found.load("vend", "buy", "49,Germany,0.03,0,1,1\n", LONG_AGO_MS)
        yield found


class Traffic(threading.Thread):
    """Calls of all customers, all the time, and the generator's own account of them."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(name="traffic", daemon=True)
        self._settings = platform.settings
        self._ends = threading.Event()
        self.calls, self.nanos = Sent(), Sent()

    def run(self) -> None:
        """Send until the end."""
        asyncio.run(self._send())

    def end(self) -> None:
        """Send no more; returns when the broker has all."""
        self._ends.set()
        self.join(60)
        assert not self.is_alive()

    async def _send(self) -> None:
        number = 0
        async with Collector(self._settings) as collector:
            while not self._ends.is_set():
                for customer in CUSTOMERS:
                    number += 1
                    await collector.send(customer, "", self._record(number, customer))
                await asyncio.sleep(PAUSE_S)

    def _record(self, number: int, customer: str) -> bytes:
        vendor, seconds = VENDORS[number % len(VENDORS)], 1 + number % 977
        unpriced = number % 50 == 0
        for role, account in (("customer", customer), ("vendor", vendor)):
            self.calls[role, account] += not unpriced
            self.nanos[role, account] += 0 if unpriced else seconds * SECOND_NANOS[role]
        record = call(f"balance-{number}", customer=customer, vendor=vendor)
        record |= {"duration_ms": seconds * 1_000, "called": "33" if unpriced else "4930123456"}
        return json.dumps(record).encode()


class Worker:
    """A controls process with an address of its own."""

    def __init__(self, platform: Platform, patch: pytest.MonkeyPatch) -> None:
        self._platform, self._patch = platform, patch
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Worker":
        """Start it, at once."""
        self._address = f"127.0.0.1:{free_port()}"
        self._patch.setenv("TOLLWIRE_CONTROLS_METRICS", self._address)
        self._patch.setenv("TOLLWIRE_CONTROLS", f"127.0.0.1:{free_port()}")
        self._process = start("controls", self._platform.folder / "logs")
        return self

    def stop(self) -> None:
        """As a person stops it."""
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(30) == 0

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def until_at_work(self, messages: int = 1) -> None:
        """Wait until it has posted so many messages itself."""
        own = self._platform.settings.model_copy(update={"rater_metrics": self._address})
        name = "tollwire_messages_total"
        until("the controls to work", lambda: (rater_metric(own, name) or 0) >= messages)


class Canary:
    """The naive counter's process."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._process = self._started()
        self._before: dict[int, int] = {}

    def _started(self) -> "subprocess.Popen[bytes]":
        settings = self._platform.settings
        arguments = [settings.broker, str(settings.data_dir / "naive"), str(settings.partitions)]
        with (settings.data_dir / "logs" / "canary.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", naive_counter.__name__, *arguments],
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=log,
            )

    def kill_and_start(self) -> None:
        """kill -9 as soon as it has counted on, and at once another one."""
        until("the canary to count", lambda: self.counted() != self._before)
        self.kill()
        self._before = self.counted()
        self._process = self._started()

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait(30)

    def counted(self) -> dict[int, int]:
        """Calls counted, by partition."""
        return asyncio.run(last_values(self._platform))


async def last_values(platform: Platform) -> dict[int, int]:
    """The newest value in each partition of the canary's changelog."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=platform.settings.broker, enable_auto_commit=False
    )
    await consumer.start()
    try:
        every = range(platform.settings.partitions)
        at = [TopicPartition(naive_counter.CHANGELOG, partition) for partition in every]
        ends = {tp: end for tp, end in (await consumer.end_offsets(at)).items() if end}
        consumer.assign(list(ends))
        values: dict[int, int] = {}
        for tp, end in ends.items():
            consumer.seek(tp, end - 1)
            # whole batches: the embedded broker's end is that of the last one's first message
            while tp.partition not in values or await consumer.position(tp) < consumer.highwater(
                tp
            ):
                for message in (await consumer.getmany(tp, timeout_ms=100)).get(tp, []):
                    values[tp.partition] = int(message.value)
        return values
    finally:
        await consumer.stop()


@contextmanager
def series(platform: Platform, patch: pytest.MonkeyPatch) -> Iterator[tuple[Worker, Canary]]:
    """The controls and the canary, at work; killed in the end."""
    worker, canary = Worker(platform, patch).start(), Canary(platform)
    try:
        worker.until_at_work()
        until("the canary to count", lambda: len(canary.counted()) >= 2)
        yield worker, canary
    finally:
        canary.kill()
        worker.kill()


def test_balances_are_exact_whatever_befalls_the_workers(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic = Traffic(platform)
    traffic.start()
    with series(platform, monkeypatch) as (worker, canary):
        for number in range(KILLS):
            worker.kill()
            worker.start()
            canary.kill_and_start()
            worker.until_at_work(1 + 100 * (number % 2))
        second = Worker(platform, monkeypatch).start()
        second.until_at_work()
        second.stop()
        third = Worker(platform, monkeypatch).start()
        third.until_at_work()
        third.kill()
        traffic.end()
        posted = sum(n for (role, _), n in traffic.calls.items() if role == "customer")
        until("every call to be posted", lambda: posted_calls(platform) >= posted)
        assert charged(platform) == account_of(traffic)
        found = balances.compare(platform.client)
        assert {(x.role, x.account): (x.posted_calls, x.posted_nanos) for x in found.lines} == (
            account_of(traffic)
        )
        assert (found.differences, found.behind) == ([], 0)
        listed = run("balances", settings=platform.settings)
        assert listed.returncode == 0, listed.stdout
        assert canary_is_wrong(platform, canary)


def posted_calls(platform: Platform) -> int:
    """Calls posted to customers."""
    query = "SELECT sum(calls) FROM balance FINAL WHERE role = 'customer'"
    return int(platform.rows(query)[0][0])


def account_of(traffic: Traffic) -> dict[tuple[str, str], tuple[int, int]]:
    """(role, account) -> calls and nanos, as they were sent."""
    return {key: (calls, traffic.nanos[key]) for key, calls in traffic.calls.items()}


def charged(platform: Platform) -> dict[tuple[str, str], tuple[int, int]]:
    """(role, account) -> calls and nanos, as ClickHouse has them once it has all."""
    query = """
        SELECT if(leg = 'sell', 'customer', 'vendor') AS role,
               if(leg = 'sell', customer, vendor) AS account, count(), sum(toInt128(nanos))
        FROM charge FINAL WHERE reason = '' GROUP BY role, account"""
    return {(role, account): (n, nanos) for role, account, n, nanos in platform.rows(query)}


def canary_is_wrong(platform: Platform, canary: Canary) -> bool:
    """Whether the naive counter, once it counts no more, is off anywhere."""
    query = "SELECT partition, count() FROM cdr FINAL GROUP BY partition"
    right = {int(partition): int(n) for partition, n in platform.rows(query)}
    last: list[dict[int, int]] = []

    def quiet() -> bool:
        last.append(canary.counted())
        return len(last) > 40 and last[-40:] == last[-1:] * 40

    until("the canary to have counted", quiet)
    print("canary:", last[-1], "right:", right)
    return last[-1] != right
