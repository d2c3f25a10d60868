"""What goes from a topic in time: Apache Kafka deletes and compacts, the embedded broker does not.

So nothing of ours may rely on old messages being there, nor on their being gone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import TopicPartition

from tests.kafka.broker import Broker
from tests.kafka.client import consumer, create, fill

pytestmark = pytest.mark.slow
GOES_S_MAX = 45.0
STAYS_S = 10.0
DAY_MS = 86_400_000


async def goes(broker: Broker, topic: str, gone: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it happens while the topic is written to; the embedded broker gets less time."""
    until = time.monotonic() + (GOES_S_MAX if broker.name == "kafka" else STAYS_S)
    while time.monotonic() < until:
        await fill(broker, topic, [b"more"], key=b"more")
        if await gone():
            return True
        await asyncio.sleep(0.5)
    return False


async def begin_of(broker: Broker, topic: str) -> int:
    """The first offset of partition 0 that is still there."""
    async with consumer(broker) as client:
        at = TopicPartition(topic, 0)
        return int((await client.beginning_offsets([at]))[at])


def test_only_kafka_deletes_what_is_older_than_its_retention(broker: Broker) -> None:
    async def run() -> bool:
        await create(broker, "aging", retention_ms="2000", segment_ms="1000")
        await fill(broker, "aging", [b"x"] * 10)

        async def gone() -> bool:
            return await begin_of(broker, "aging") >= 10

        return await goes(broker, "aging", gone)

    assert asyncio.run(run()) == (broker.name == "kafka")


def test_kafka_deletes_a_new_record_with_an_old_stamp_unless_it_stamps_itself(
    broker: Broker,
) -> None:
    """Why cdr.raw has LogAppendTime: a late call must not be gone before it is read."""

    async def run() -> tuple[bool, int]:
        week: dict[str, Any] = {"retention_ms": str(7 * DAY_MS), "segment_ms": "1000"}
        old_ms = int(time.time() * 1_000) - 30 * DAY_MS
        await create(broker, "senders", **week)
        await create(broker, "brokers", message_timestamp_type="LogAppendTime", **week)
        for topic in ("senders", "brokers"):
            await fill(broker, topic, [b"x"] * 10, timestamp_ms=old_ms)

        async def gone() -> bool:
            await fill(broker, "brokers", [b"more"])
            return await begin_of(broker, "senders") >= 10

        return await goes(broker, "senders", gone), await begin_of(broker, "brokers")

    assert asyncio.run(run()) == (broker.name == "kafka", 0)


def test_only_kafka_compacts(broker: Broker) -> None:
    async def run() -> bool:
        await create(
            broker,
            "compacted",
            cleanup_policy="compact",
            segment_ms="500",
            min_cleanable_dirty_ratio="0.01",
        )
        await fill(broker, "compacted", [b"old", b"old", b"new"], key=b"one")

        async def gone() -> bool:
            async with consumer(broker) as client:
                at = TopicPartition("compacted", 0)
                client.assign([at])
                client.seek(at, 0)
                return bool((await client.getone()).offset > 0)

        return await goes(broker, "compacted", gone)

    assert asyncio.run(run()) == (broker.name == "kafka")
