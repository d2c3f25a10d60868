"""Whether everything sent has gone all the way, asked of the broker without joining its groups."""

import asyncio
import time
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.runtime.settings import Settings
from streams import topics

POLL_S: Final = 1.0
ANSWER_S_MAX: Final = 30.0


def drained(settings: Settings, group: str, names: tuple[str, ...], limit_s: float) -> int:
    """Wait until a group is done with all of some topics.

    Returns the messages left when the time is over, -1 if the broker did not answer.
    """
    return asyncio.run(_drained(settings, group, names, limit_s))


async def _drained(settings: Settings, group: str, names: tuple[str, ...], limit_s: float) -> int:
    until = time.monotonic() + limit_s
    left = -1
    while left != 0 and time.monotonic() < until:
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                left = await _left(settings, group, names)
        except (KafkaError, TimeoutError):
            left = -1
        if left:
            await asyncio.sleep(POLL_S)
    return left


async def _left(settings: Settings, group: str, names: tuple[str, ...]) -> int:
    at = [TopicPartition(name, p) for name in names for p in range(settings.partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        group_id=group,
        enable_auto_commit=False,
        max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
    )
    await consumer.start()
    try:
        consumer.assign(at)
        # before the ends: what is done has put what follows from it into the other topics
        passed = {tp: await consumer.committed(tp) or 0 for tp in at}
        ends = await _ends(consumer, at)
        return sum(max(0, ends[tp] - passed[tp]) for tp in at)
    finally:
        await consumer.stop()


async def _ends(consumer: AIOKafkaConsumer, at: list[TopicPartition]) -> dict[TopicPartition, int]:
    """The ends, found by reading: asked, the embedded broker counts the last batch as a message."""
    said = await consumer.end_offsets(at)
    for tp, end in said.items():
        consumer.seek(tp, max(0, end - 1))
    while True:
        ends = {tp: int(await consumer.position(tp)) for tp in at}
        if all(ends[tp] >= said[tp] for tp in at):
            return ends
        await consumer.getmany(timeout_ms=200)


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
