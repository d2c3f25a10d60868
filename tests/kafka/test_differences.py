"""Where the embedded broker and Apache Kafka differ, and where not: the rows of docs/brokers.md.

Each test runs on both and says what each does, so that a new version of either that behaves
otherwise is noticed.
"""

import asyncio
import os
import time
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    OffsetOutOfRangeError,
    UnknownError,
    UnknownTopicOrPartitionError,
)

from tests.kafka.broker import Broker
from tests.kafka.client import ANSWER_S_MAX, admin, consumer, create, end_of, fill, producer

LONG_AGO_MS = 1_000
MIB = 1 << 20
GROUP = {"session_timeout_ms": 6_000, "rebalance_timeout_ms": 2_000, "heartbeat_interval_ms": 1_000}


async def first(broker: Broker, topic: str, offset: int = 0, **more: Any) -> Any:
    """The message of partition 0 at an offset."""
    async with consumer(broker, **more) as client:
        at = TopicPartition(topic, 0)
        client.assign([at])
        client.seek(at, offset)
        return await asyncio.wait_for(client.getone(), ANSWER_S_MAX)


def test_only_kafka_stamps_the_arrival_itself(broker: Broker) -> None:
    async def run() -> int:
        await create(broker, "stamped", message_timestamp_type="LogAppendTime")
        await fill(broker, "stamped", [b"x"], timestamp_ms=LONG_AGO_MS)
        return int((await first(broker, "stamped")).timestamp)

    stamp_ms, now_ms = asyncio.run(run()), time.time() * 1_000
    if broker.name == "kafka":
        assert now_ms - 60_000 < stamp_ms <= now_ms
    else:
        assert stamp_ms == LONG_AGO_MS


def test_the_embedded_end_offset_counts_the_last_batch_as_one_message(broker: Broker) -> None:
    async def run() -> tuple[int, int]:
        await create(broker, "ended")
        sent = await fill(broker, "ended", [b"x"] * 20)
        last = await first(broker, "ended", 19)
        assert (sent[-1].offset, last.offset) == (19, 19)
        return await end_of(broker, "ended"), len(sent)

    assert asyncio.run(run()) == (20 if broker.name == "kafka" else 1, 20)


def test_no_message_at_or_after_a_time(broker: Broker) -> None:
    async def run() -> Any:
        await create(broker, "timed")
        await fill(broker, "timed", [b"x"])
        async with consumer(broker) as client:
            at = TopicPartition("timed", 0)
            tomorrow_ms = int(time.time() * 1_000) + 86_400_000
            return (await client.offsets_for_times({at: tomorrow_ms}))[at]

    found = asyncio.run(run())
    if broker.name == "kafka":
        assert found is None
    else:
        assert found.offset == 0, "the beginning, as if all were after it"


def test_only_kafka_refuses_a_message_over_the_topics_limit(broker: Broker) -> None:
    async def run() -> int:
        await create(broker, "limited", max_message_bytes=str(MIB))
        async with producer(broker, max_request_size=4 * MIB) as client:
            await client.send_and_wait("limited", os.urandom(MIB - 100), partition=0)
            sent = await client.send_and_wait("limited", os.urandom(MIB), partition=0)
            return int(sent.offset)

    if broker.name == "kafka":
        with pytest.raises(MessageSizeTooLargeError):
            asyncio.run(run())
    else:
        assert asyncio.run(run()) == 1


def test_a_message_larger_than_the_fetch_is_delivered(broker: Broker) -> None:
    async def run() -> int:
        await create(broker, "large", max_message_bytes=str(8 * MIB))
        async with producer(broker, max_request_size=8 * MIB) as client:
            await client.send_and_wait("large", os.urandom(8 * MIB - 100), partition=0)
        return len((await first(broker, "large", max_partition_fetch_bytes=1_000)).value)

    assert asyncio.run(run()) == 8 * MIB - 100


def test_only_kafka_has_idempotent_producers_and_transactions(broker: Broker) -> None:
    async def run(**kind: Any) -> None:
        await create(broker, "exact")
        async with producer(broker, **kind) as client:
            if "transactional_id" in kind:
                async with client.transaction():
                    await client.send_and_wait("exact", b"x", partition=0)
            else:
                await client.send_and_wait("exact", b"x", partition=0)

    for kind in ({"enable_idempotence": True}, {"transactional_id": "one"}):
        if broker.name == "kafka":
            asyncio.run(run(**kind))
        else:
            with pytest.raises(UnknownError):
                asyncio.run(run(**kind))


def test_only_kafka_says_that_an_offset_is_past_the_end(broker: Broker) -> None:
    async def run() -> None:
        await create(broker, "short")
        async with consumer(broker, auto_offset_reset="none") as client:
            at = TopicPartition("short", 0)
            client.assign([at])
            client.seek(at, 999)
            await asyncio.wait_for(client.getone(), 2.0)

    with pytest.raises(OffsetOutOfRangeError if broker.name == "kafka" else TimeoutError):
        asyncio.run(run())


def test_only_the_embedded_broker_makes_a_topic_that_somebody_writes_to(broker: Broker) -> None:
    async def run() -> int:
        async with producer(broker, request_timeout_ms=1_000) as client:
            return int((await client.send_and_wait("never.made", b"x")).offset)

    if broker.name == "kafka":
        with pytest.raises(UnknownTopicOrPartitionError):
            asyncio.run(run())
    else:
        assert asyncio.run(run()) == 0


def test_only_kafka_checks_what_a_topic_is_created_with(broker: Broker) -> None:
    async def run() -> list[int]:
        return [
            await create(broker, "checked"),
            await create(broker, "checked"),
            await create(broker, "copied", copies=3),
            await create(broker, "policy", cleanup_policy="nonsense"),
        ]

    kafka = broker.name == "kafka"
    assert asyncio.run(run()) == [0, 36, *((38, 40) if kafka else (0, 0))]


def test_a_session_shorter_than_6_s(broker: Broker) -> None:
    async def run() -> None:
        short = GROUP | {"session_timeout_ms": 5_999}
        await create(broker, "sessions")
        async with consumer(broker, "sessions", group_id="short", **short):
            pass

    if broker.name == "kafka":
        with pytest.raises(KafkaError, match="InvalidSessionTimeout"):
            asyncio.run(run())
    else:
        asyncio.run(run())


def test_a_member_that_the_group_has_left_behind_cannot_commit(broker: Broker) -> None:
    async def run() -> int:
        await create(broker, "left")
        at = TopicPartition("left", 0)
        async with consumer(broker, "left", group_id="left", **GROUP) as client:
            await client.commit({at: 5})
            client._coordinator.generation -= 1
            with pytest.raises(CommitFailedError):
                await client.commit({at: 3})
        async with admin(broker) as asking:
            offsets = await asking.list_consumer_group_offsets("left", partitions=[at])
            return int(offsets[at].offset)

    assert asyncio.run(run()) == 5


def test_only_kafka_lists_all_offsets_of_a_group(broker: Broker) -> None:
    async def run() -> dict[TopicPartition, int]:
        await create(broker, "listed", 2)
        async with consumer(broker, group_id="listed") as client:
            at = TopicPartition("listed", 1)
            client.assign([at])
            await client.commit({at: 7})
        async with admin(broker) as asking:
            found = await asking.list_consumer_group_offsets("listed")
        return {at: value.offset for at, value in found.items()}

    if broker.name == "kafka":
        assert asyncio.run(run()) == {TopicPartition("listed", 1): 7}
    else:
        with pytest.raises(KafkaConnectionError):
            asyncio.run(run())


def test_only_kafka_keeps_log_offsets_and_identity_over_a_kill(broker: Broker) -> None:
    async def facts() -> tuple[str, int, int | None]:
        async with admin(broker) as client:
            cluster = str((await client.describe_cluster())["cluster_id"])
        async with consumer(broker, group_id="kept") as reader:
            return cluster, await end_of(broker, "kept"), await reader.committed(at)

    async def prepare() -> None:
        await create(broker, "kept")
        await fill(broker, "kept", [b"x"])
        async with consumer(broker, group_id="kept") as client:
            client.assign([at])
            await client.commit({at: 1})

    at = TopicPartition("kept", 0)
    asyncio.run(prepare())
    before = asyncio.run(facts())
    broker.kill()
    broker.restart()
    if not broker.durable:
        asyncio.run(create(broker, "kept"))
    after = asyncio.run(facts())
    assert before[1:] == (1, 1)
    assert after == before if broker.durable else (after[0] != before[0] and after[1:] == (0, None))
