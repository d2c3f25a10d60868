"""One target's reading: each partition in its order, its position committed after delivery.

A partition whose message is not taken waits by itself; the others go on. What was posted but not
yet committed when the process dies is posted again, under the same id.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.runtime.settings import Settings
from streams import topics
from streams.retry import until_done
from streams.webhooks.posting import Poster
from streams.webhooks.targets import Target

GROUP: Final = "tollwire-webhooks"
FETCH_MS: Final = 200
AT_ONCE: Final = 100
_log = structlog.get_logger()


class _Run(msgspec.Struct):
    state: str = ""


def worth_telling(topic: str, value: bytes | None) -> bool:
    """Whether to post a message: of runs only what changes their state, not each chunk."""
    if not value:
        return False
    try:
        return topic != topics.RERATE_EVENTS or bool(msgspec.json.decode(value, type=_Run).state)
    except msgspec.DecodeError as error:
        _log.warning("an event of a run cannot be read, and is not posted", reason=str(error))
        return False


class Following:
    """Follows the topics of one target for as long as it runs."""

    def __init__(self, settings: Settings, name: str, target: Target, poster: Poster) -> None:
        self._target, self._poster = target, poster
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.broker,
            group_id=f"{GROUP}-{name}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
        )
        self._partitions = [
            TopicPartition(topic, number)
            for topic in target.topics
            for number in range(settings.partitions)
        ]

    async def start(self) -> None:
        """Take up where the target's position is; a new target begins with what comes from now."""
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        ends = await self._consumer.end_offsets(self._partitions)
        for at in self._partitions:
            known = await self._consumer.committed(at)
            if known is None:
                await self._consumer.commit({at: ends[at]})
            self._consumer.seek(at, ends[at] if known is None else known)

    async def run(self) -> None:
        """Deliver until cancelled. Raises what a bug raises."""
        async with asyncio.TaskGroup() as busy:
            while True:
                found = await self._consumer.getmany(timeout_ms=FETCH_MS, max_records=AT_ONCE)
                for at, messages in found.items():
                    self._consumer.pause(at)
                    busy.create_task(self._take(at, messages))

    async def stop(self) -> None:
        """Let go of the broker."""
        await self._consumer.stop()

    async def _take(self, at: TopicPartition, messages: Sequence[Any]) -> None:
        for message in messages:
            if worth_telling(at.topic, message.value):
                await self._poster.deliver(message)
            await self._committed(at, message.offset + 1)
        self._consumer.resume(at)

    async def _committed(self, at: TopicPartition, offset: int) -> None:
        async def commit() -> None:
            await self._consumer.commit({at: offset})

        await until_done("commit webhooks", (KafkaError,), commit)
