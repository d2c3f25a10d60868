"""How far the store has come: what stands in cdr.rated before this offset is in ClickHouse."""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.runtime.settings import Settings
from streams import topics

POLL_S = 0.2
_log = structlog.get_logger()


class StoreProgress:
    """The committed offsets of a consumer group on cdr.rated, asked without joining it."""

    def __init__(self, settings: Settings, group: str) -> None:
        self._settings, self._group = settings, group
        self._consumer: AIOKafkaConsumer | None = None
        self._passed: dict[int, int] = {}

    async def wait(self, partition: int, offset: int) -> None:
        """Return once every row before `offset` is stored. Raises KafkaError."""
        while self._passed.get(partition, 0) < offset:
            self._passed[partition] = await self._committed(partition)
            if self._passed[partition] < offset:
                _log.info(
                    "late calls wait for the store",
                    partition=partition,
                    stored_to=self._passed[partition],
                    needed=offset,
                )
                await asyncio.sleep(POLL_S)

    async def _committed(self, partition: int) -> int:
        at = TopicPartition(topics.RATED, partition)
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._settings.broker,
                group_id=self._group,
                enable_auto_commit=False,
            )
            await consumer.start()
            self._consumer = consumer
        self._consumer.assign([at])
        begin = (await self._consumer.beginning_offsets([at]))[at]
        return max(int(begin), int(await self._consumer.committed(at) or 0))
