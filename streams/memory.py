"""The memory of ids of each partition, read again from cdr.rated when a worker takes it over."""

import time

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.runtime.settings import Settings
from kernels.seen import Seen
from streams import topics, wire

_log = structlog.get_logger()
_HOUR_MS = 3_600_000


async def remember(settings: Settings, partition: int, only_this_log: bool) -> Seen:
    """The ids that left this partition within the dedupe window, up to the topic's present end.

    only_this_log: no stored call came through another log, so none is older than the topic.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        enable_auto_commit=False,
        max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
    )
    at = TopicPartition(topics.RATED, partition)
    now_ms = int(time.time() * 1_000)
    await consumer.start()
    try:
        # Offsets are asked for before the first fetch: on one connection they would wait behind it.
        end = (await consumer.end_offsets([at]))[at]
        begin = (await consumer.beginning_offsets([at]))[at]
        window = await consumer.offsets_for_times(
            {at: now_ms - settings.dedupe_window_h * _HOUR_MS}
        )
        start = window[at].offset if window.get(at) else begin
        whole = start == begin == 0 and only_this_log
        seen: Seen | None = None
        consumer.assign([at])
        consumer.seek(at, start)
        while await consumer.position(at) < end:
            for messages in (await consumer.getmany(at, timeout_ms=1_000)).values():
                for message in messages:
                    first_ms = 0 if whole else message.timestamp
                    seen = seen or Seen(settings.dedupe_calls, first_ms)
                    _take(seen, message.value)
        return seen or Seen(settings.dedupe_calls, 0 if whole else now_ms)
    finally:
        await consumer.stop()


def _take(seen: Seen, payload: bytes) -> None:
    rows = wire.decode(payload)
    for batch in rows.select(["cdr_id", "content", "offset", "row", "received_at"]).to_batches():
        seen.judge(
            batch.column(0),
            batch.column(1).to_numpy(),
            batch.column(2).to_numpy().view("i8"),
            batch.column(3).to_numpy().astype("i8"),
            batch.column(4).view("int64").to_numpy(),
        )
