"""Whether everything sent has gone all the way, asked of the broker without joining its groups."""

import asyncio
import time
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.runtime.settings import Settings

POLL_S: Final = 1.0


def drained(settings: Settings, group: str, names: tuple[str, ...], limit_s: float) -> int:
    """Wait until a group has read all of some topics; the messages left when the time is over."""
    return asyncio.run(_drained(settings, group, names, limit_s))


async def _drained(settings: Settings, group: str, names: tuple[str, ...], limit_s: float) -> int:
    until = time.monotonic() + limit_s
    left = -1
    while left != 0 and time.monotonic() < until:
        try:
            left = await _left(settings, group, names)
        except KafkaError:
            left = -1
        if left:
            await asyncio.sleep(POLL_S)
    return left


async def _left(settings: Settings, group: str, names: tuple[str, ...]) -> int:
    at = [TopicPartition(name, p) for name in names for p in range(settings.partitions)]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker, enable_auto_commit=False)
    try:
        await admin.start()
        await consumer.start()
        ends = await consumer.end_offsets(at)
        found = await admin.list_consumer_group_offsets(group)
        passed = {tp: max(0, found[tp].offset) if tp in found else 0 for tp in at}
        return sum(max(0, ends[tp] - passed[tp]) for tp in at)
    finally:
        await consumer.stop()
        await admin.close()


async def members(settings: Settings, group: str) -> int:
    """How many members a group has in the eyes of the broker; 0 if it does not answer."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker, request_timeout_ms=2_000)
    try:
        await admin.start()
        answers = await admin.describe_consumer_groups([group])
        return sum(len(found[5]) for answer in answers for found in answer.groups)
    except KafkaError:
        return 0
    finally:
        await admin.close()
