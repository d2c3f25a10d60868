"""Which worker of the controls answers for which partition: told by the owners, known by all."""

import asyncio
import time
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from deploy.runtime.settings import Settings
from streams import topics

_PARTITIONER: Final = DefaultPartitioner()


class Owner(msgspec.Struct):
    """A worker that has taken a partition."""

    url: str
    since_ms: int


def own_url(settings: Settings) -> str:
    """Where other workers reach this one."""
    return settings.controls_url or f"http://{settings.controls}"


def partition_of(customer: str, partitions: int) -> int:
    """Where a customer's messages stand: as Kafka's clients, and the collector, place a key."""
    every = list(range(partitions))
    return int(_PARTITIONER(customer.encode(), every, every))


def claim(settings: Settings, partition: int) -> tuple[bytes, bytes]:
    """That this worker answers for a partition, as (key, value) of controls.owner."""
    owner = Owner(own_url(settings), int(time.time() * 1_000))
    return str(partition).encode(), msgspec.json.encode(owner)


class Owners:
    """The owners as they are known here."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._urls: dict[int, str] = {}

    def url(self, partition: int) -> str | None:
        """Who answers for a partition."""
        return self._urls.get(partition)

    async def follow(self) -> None:
        """Read the topic from its beginning, for ever."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.broker, enable_auto_commit=False
        )
        await consumer.start()
        try:
            at = TopicPartition(topics.CONTROLS_OWNER, 0)
            consumer.assign([at])
            consumer.seek(at, (await consumer.beginning_offsets([at]))[at])
            while True:
                for messages in (await consumer.getmany(timeout_ms=1_000)).values():
                    for message in messages:
                        owner = msgspec.json.decode(message.value, type=Owner)
                        self._urls[int(message.key)] = owner.url
        finally:
            await asyncio.shield(consumer.stop())
