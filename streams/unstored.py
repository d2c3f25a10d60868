"""Late calls that are rated and not stored yet: neither memory nor ClickHouse has them."""

import asyncio

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.runtime.settings import Settings
from streams import topics, wire
from streams.reading import messages
from streams.step import Place, TakenIn

POLL_S = 0.2
WAIT_S_MAX = 5.0
"""The store is waited for so long. It may be this very step that keeps it from going on: while
partitions are handed over nothing is stored, and the work in progress is waited for."""
_PLACE = ("partition", "offset", "row", "content")
_log = structlog.get_logger()


class Unstored:
    """What stands in cdr.rated before an offset and is not stored, seen without joining a group."""

    def __init__(self, settings: Settings, group: str) -> None:
        self._settings, self._group = settings, group
        self._consumer: AIOKafkaConsumer | None = None
        self._passed: dict[int, int] = {}

    async def find(self, taken: TakenIn) -> dict[bytes, Place]:
        """The late calls of a step that stand in cdr.rated before `known_from`, by cdr_id.

        Those in ClickHouse may be left out: it is to be asked after this. Raises KafkaError.
        """
        at, end = TopicPartition(topics.RATED, taken.partition), taken.known_from
        waited_s = 0.0
        while self._passed.get(taken.partition, 0) < end:
            self._passed[taken.partition] = start = await self._stored_to(at)
            if start < end and waited_s >= WAIT_S_MAX:
                _log.warning(
                    "the store is behind: late calls", partition=at.partition, by=end - start
                )
                return await self._read(taken, at, start)
            if start < end:
                await asyncio.sleep(POLL_S)
                waited_s += POLL_S
        return {}

    async def _stored_to(self, at: TopicPartition) -> int:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._settings.broker,
                group_id=self._group,
                enable_auto_commit=False,
                max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
            )
            await consumer.start()
            self._consumer = consumer
        self._consumer.assign([at])
        begin = (await self._consumer.beginning_offsets([at]))[at]
        return max(int(begin), int(await self._consumer.committed(at) or 0))

    async def _read(self, taken: TakenIn, at: TopicPartition, start: int) -> dict[bytes, Place]:
        late = {taken.ids[i].as_py() for i in taken.late.tolist()}
        found: dict[bytes, Place] = {}
        async for message in messages(self._consumer, at, start, taken.known_from):
            rows = wire.decode(message.value).select(["cdr_id", "log", *_PLACE])
            for cdr_id, *place in zip(*(c.to_pylist() for c in rows.columns), strict=True):
                if cdr_id in late:
                    found.setdefault(cdr_id, Place(*place))
        return found
