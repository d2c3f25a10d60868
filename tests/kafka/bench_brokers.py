"""How long a message waits for its reader, and a group for its members: on both brokers.

The figures of docs/brokers.md: pytest -m bench -s tests/kafka
"""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.kafka.broker import Broker
from tests.kafka.client import consumer, create, producer

pytestmark = pytest.mark.bench
MESSAGES = 20
PARTITIONS = 4
WAIT_S_MAX = 60.0
SESSION_MS, REBALANCE_MS, HEARTBEAT_MS = 15_000, 10_000, 1_000
GROUP = {
    "group_id": "bench",
    "session_timeout_ms": SESSION_MS,
    "rebalance_timeout_ms": REBALANCE_MS,
    "heartbeat_interval_ms": HEARTBEAT_MS,
}
MEMBER = """
import asyncio, json, sys
from aiokafka import AIOKafkaConsumer
async def run():
    member = AIOKafkaConsumer("shared", **json.loads(sys.argv[1]))
    await member.start()
    print("joined", flush=True)
    await member.getone()
asyncio.run(run())
"""


@pytest.mark.parametrize("wait_ms", [10, 100, 500])
def test_from_send_to_receipt(broker: Broker, wait_ms: int) -> None:
    async def run() -> list[float]:
        await create(broker, "waited", PARTITIONS)
        took_ms = []
        async with producer(broker) as sender, consumer(broker, fetch_max_wait_ms=wait_ms) as one:
            one.assign([TopicPartition("waited", p) for p in range(PARTITIONS)])
            await one.seek_to_end()
            for number in range(MESSAGES):
                reading = asyncio.create_task(one.getone())
                await asyncio.sleep(0.2 + 0.031 * (number % 7))
                begin = time.monotonic()
                await sender.send_and_wait("waited", b"x", partition=0)
                await reading
                took_ms.append((time.monotonic() - begin) * 1_000)
        return sorted(took_ms)

    took_ms = asyncio.run(run())
    print(
        f"\n{broker.name}: fetches over {PARTITIONS} partitions wait {wait_ms} ms; send to receipt "
        f"in ms: median {took_ms[MESSAGES // 2]:.0f}, slowest {took_ms[-1]:.0f}"
    )


def test_members_come_leave_and_die(broker: Broker) -> None:
    figures = asyncio.run(_lives(broker))
    print(
        f"\n{broker.name}: group with session {SESSION_MS} ms, rebalance {REBALANCE_MS} ms, "
        f"heartbeat {HEARTBEAT_MS} ms; s: "
        + ", ".join(f"{what} {seconds:.1f}" for what, seconds in figures.items())
    )


async def _lives(broker: Broker) -> dict[str, float]:
    """Seconds until the partitions are shared anew, by what happened."""
    await create(broker, "shared", PARTITIONS)
    figures: dict[str, float] = {}

    async def shared(what: str, begin: float, *members: AIOKafkaConsumer) -> None:
        while any(len(m.assignment()) != PARTITIONS // len(members) for m in members):
            assert time.monotonic() - begin < WAIT_S_MAX, what
            await asyncio.sleep(0.01)
        figures[what] = time.monotonic() - begin

    begin = time.monotonic()
    async with consumer(broker, "shared", **GROUP) as stays:
        reading = asyncio.create_task(stays.getone())
        await shared("first joins", begin, stays)
        begin = time.monotonic()
        async with consumer(broker, "shared", **GROUP) as other:
            await shared("second joins", begin, stays, other)
            begin = time.monotonic()
        await shared("leaves", begin, stays)
        await asyncio.to_thread(_join_and_die, broker)
        await shared("killed", time.monotonic(), stays)
        await asyncio.to_thread(_join_and_die, broker)
        begin = time.monotonic()
        async with consumer(broker, "shared", **GROUP) as again:
            await shared("killed and started again", begin, stays, again)
        reading.cancel()
    return figures


def _join_and_die(broker: Broker) -> None:
    given: dict[str, Any] = {"bootstrap_servers": broker.address, **GROUP}
    member = subprocess.Popen(
        [sys.executable, "-c", MEMBER, json.dumps(given)], stdout=subprocess.PIPE
    )
    assert member.stdout is not None
    member.stdout.readline()
    member.kill()
    member.wait()
    member.stdout.close()
