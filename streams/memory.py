"""What a worker knows of a partition: the ids of the calls in cdr.rated, as far back as they fit.

Read from the topic when a worker takes a partition over. A partition that comes back after a
rebalance is only read from where its memory ends.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.runtime.settings import Settings
from kernels.seen import Seen
from streams import topics, wire
from streams.reading import messages

_HOUR_MS = 3_600_000
SAMPLE_MESSAGES = 64
"""The newest messages, read to learn how many hold as many calls as the memory does."""

OnlyThisLog = Callable[[], Awaitable[bool]]
"""Whether no stored call came through another log, so that none is older than the topic."""


@dataclass(slots=True)
class Memory:
    """The ids of one partition."""

    seen: Seen
    known_to: int
    """every row of cdr.rated before this offset is known"""
    next_rated: int
    """no row of ours that is still to be written stands before this offset"""

    @property
    def complete(self) -> bool:
        """Whether only this worker has written since the topic was read."""
        return self.known_to == self.next_rated

    def wrote(self, offsets: Sequence[int]) -> None:
        """Rows of ours stand at these offsets; what stands between them is not known."""
        for offset in offsets:
            self.known_to += offset == self.known_to
            self.next_rated = max(self.next_rated, offset + 1)

    def take(self, payload: bytes, offset: int) -> None:
        """Remember what a message of cdr.rated holds."""
        rows = wire.decode(payload)
        columns = ("cdr_id", "content", "offset", "row", "received_at")
        for batch in rows.select(columns).to_batches():
            self.seen.judge(
                batch.column(0),
                batch.column(1).to_numpy(),
                batch.column(2).to_numpy().view("i8"),
                batch.column(3).to_numpy().astype("i8"),
                batch.column(4).view("int64").to_numpy(),
                max(offset, self.next_rated),
            )
        self.know(offset + 1)

    def know(self, end: int) -> None:
        """Every row before this offset has been read."""
        self.known_to = max(self.known_to, end)
        self.next_rated = max(self.next_rated, end)


async def remember(
    settings: Settings, partition: int, only_this_log: OnlyThisLog, before: Memory | None = None
) -> Memory:
    """The memory of a partition up to the present end of cdr.rated; `before` is brought up to date.

    only_this_log is asked when the topic is read from its beginning.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        enable_auto_commit=False,
        max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
    )
    await consumer.start()
    try:
        return await _Reader(consumer, settings, partition).memory(only_this_log, before)
    finally:
        await consumer.stop()


class _Reader:
    def __init__(self, consumer: AIOKafkaConsumer, settings: Settings, partition: int) -> None:
        self._consumer, self._settings = consumer, settings
        self._at = TopicPartition(topics.RATED, partition)

    async def memory(self, only_this_log: OnlyThisLog, before: Memory | None) -> Memory:
        # Offsets are asked for before the first fetch: on one connection they would wait behind it.
        consumer, at = self._consumer, self._at
        end = (await consumer.end_offsets([at]))[at]
        begin = (await consumer.beginning_offsets([at]))[at]
        now_ms = int(time.time() * 1_000)
        window_ms = now_ms - self._settings.dedupe_window_h * _HOUR_MS
        window = (await consumer.offsets_for_times({at: window_ms}))[at]
        consumer.assign([at])
        if before is not None and begin <= before.known_to <= end:
            await self._take(before, before.known_to, end)
            return before
        start = await self._start(max(begin, window.offset if window else begin), end)
        whole = start == begin == 0 and await only_this_log()
        first_ms = 0 if whole else await self._first_ms(start, end, now_ms)
        memory = Memory(Seen(self._settings.dedupe_calls, first_ms, start), start, start)
        await self._take(memory, start, end)
        return memory

    async def _start(self, start: int, end: int) -> int:
        """Where the newest calls begin that fill the memory, judging by the last messages."""
        last = max(start, end - SAMPLE_MESSAGES)
        rows = 0
        async for message in self._read(last, end):
            rows += wire.decode(message.value).num_rows
        messages = self._settings.dedupe_calls * (end - last) // max(rows, 1)
        return max(start, end - max(messages, 1))

    async def _first_ms(self, start: int, end: int, now_ms: int) -> int:
        async for message in self._read(start, min(start + 1, end)):
            return int(message.timestamp)
        return now_ms

    async def _take(self, memory: Memory, start: int, end: int) -> None:
        async for message in self._read(start, end):
            memory.take(message.value, message.offset)
        memory.know(end)

    def _read(self, start: int, end: int) -> AsyncIterator[Any]:
        return messages(self._consumer, self._at, start, end)
