"""Short-lived clients of a broker, as the tests of both brokers need them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.kafka.broker import Broker

ANSWER_S_MAX = 20.0


@asynccontextmanager
async def producer(broker: Broker, **more: Any) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that waits for every copy."""
    found = AIOKafkaProducer(bootstrap_servers=broker.address, acks="all", **more)
    try:
        await found.start()
        yield found
    finally:
        await found.stop()


@asynccontextmanager
async def consumer(broker: Broker, *topics: str, **more: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that commits only when told to."""
    found = AIOKafkaConsumer(
        *topics, bootstrap_servers=broker.address, enable_auto_commit=False, **more
    )
    try:
        await found.start()
        yield found
    finally:
        await found.stop()


@asynccontextmanager
async def admin(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client."""
    found = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    try:
        await found.start()
        yield found
    finally:
        await found.close()


async def create(
    broker: Broker, name: str, partitions: int = 1, copies: int = 1, **configs: str
) -> int:
    """Create a topic; configs with _ for the dots. Returns the broker's error code, 0 if none."""
    settings = {key.replace("_", "."): value for key, value in configs.items()}
    async with admin(broker) as client:
        answer = await client.create_topics(
            [NewTopic(name, partitions, copies, topic_configs=settings)]
        )
    return int(answer.topic_errors[0][1])


async def fill(broker: Broker, name: str, values: Sequence[bytes], **more: Any) -> list[Any]:
    """Send values to partition 0 at once, so that they travel in one batch; what the broker said"""
    async with producer(broker, linger_ms=50) as client:
        waiting = [await client.send(name, v, partition=0, **more) for v in values]
        return [await one for one in waiting]


async def end_of(broker: Broker, name: str) -> int:
    """The end offset of partition 0 as the broker states it."""
    async with consumer(broker) as client:
        at = TopicPartition(name, 0)
        return int((await client.end_offsets([at]))[at])


async def values(address: str, topic: str) -> list[bytes]:
    """The values of every message of a topic that is there now."""
    found = list[bytes]()
    consumer = AIOKafkaConsumer(bootstrap_servers=address, enable_auto_commit=False)
    await consumer.start()
    at = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    consumer.assign(at)
    await consumer.seek_to_beginning(*at)
    ends = await consumer.end_offsets(at)
    while any([await consumer.position(tp) < end for tp, end in ends.items()]):
        for messages in (await consumer.getmany(timeout_ms=200)).values():
            found += [message.value for message in messages]
    await consumer.stop()
    return found
