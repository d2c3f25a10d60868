"""A part of a partition, read beside the consumer group."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition


async def messages(
    consumer: AIOKafkaConsumer, at: TopicPartition, start: int, end: int
) -> AsyncIterator[Any]:
    """The messages with offsets in [start, end). The partition must be assigned to the consumer."""
    if start >= end:
        return
    consumer.seek(at, start)
    while await consumer.position(at) < end:
        found: dict[Any, Sequence[Any]] = await consumer.getmany(at, timeout_ms=1_000)
        for message in found.get(at, ()):
            if message.offset < end:
                yield message
