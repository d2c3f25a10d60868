"""What waits in the broker: asked of the broker itself, for the whole group of raters.

The figures hold whoever rates, and also while no rater runs: what a topic has less what the group
has committed. Offsets are committed about once a second, so a call that was rated just now still
counts. A broker that does not answer is an answer too.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

GROUP: Final = "tollwire-rater"
UNRATED: Final = "cdr.raw"
UNSTORED: Final = "cdr.rated"
TOPICS: Final = (UNRATED, UNSTORED, "cdr.dead", "cdr.receipt")
BEAT_S: Final = 2.0
LOOK_S_MAX: Final = 5.0
LOOKS_KEPT_MAX: Final = 15
PEEKS_MAX: Final = 32
"""Partitions whose oldest waiting message is read in one look; the most loaded ones go first."""
PEEK_BYTES: Final = 64 * 1024
PEEK_S_MAX: Final = 2.0
PEEK_WAIT_MS: Final = 100
TOPICS_MS: Final = 60_000
"""How long the topics' partitions are believed before they are asked for again."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Queue:
    """One partition: messages not yet done, and when the first of them came (None: not known)."""

    topic: str
    partition: int
    done: int
    waiting: int
    oldest_ms: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """All queues at one moment."""

    at_ms: int
    queues: tuple[Queue, ...]

    def waiting(self, topic: str) -> int:
        """Messages of a topic not yet done."""
        return sum(queue.waiting for queue in self.queues if queue.topic == topic)

    def oldest_ms(self, topic: str) -> int | None:
        """Arrival of a topic's oldest message that is not done; None if there is none."""
        found = [q.oldest_ms for q in self.queues if q.topic == topic and q.oldest_ms is not None]
        return min(found, default=None)


class Broker:
    """Looks at the queues on a beat; `looks` are the last ones, newest last."""

    def __init__(self, addresses: str, clock_ms: Callable[[], int]) -> None:
        self.addresses = addresses
        self.looks: tuple[Look, ...] = ()
        self.silent_since_ms: int | None = None
        """since when it does not answer; None while it does"""
        self._clock_ms = clock_ms
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._partitions: list[TopicPartition] = []
        self._partitions_until_ms = 0
        self._peeked: dict[TopicPartition, tuple[int, int]] = {}

    async def follow(self) -> None:
        """Look for ever; an outage is noted, and ends by itself."""
        try:
            while True:
                began_ms = self._clock_ms()
                try:
                    async with asyncio.timeout(LOOK_S_MAX):
                        found = await self._look()
                    before = self.looks if self.silent_since_ms is None else ()
                    self.looks = (*before, found)[-LOOKS_KEPT_MAX:]
                    self.silent_since_ms = None
                except (KafkaError, TimeoutError) as error:
                    if self.silent_since_ms is None:
                        log.warning("the broker gives no figures", error=str(error)[:200])
                        self.silent_since_ms = began_ms
                    await self._let_go()
                spent_s = (self._clock_ms() - began_ms) / 1_000
                await asyncio.sleep(max(0.1, BEAT_S - spent_s))
        finally:
            await self._let_go()

    async def _look(self) -> Look:
        admin, consumer = await self._clients()
        if self._clock_ms() >= self._partitions_until_ms:
            self._partitions = _partitions(await admin.describe_topics())
            whole = {at.topic for at in self._partitions} == set(TOPICS)
            self._partitions_until_ms = self._clock_ms() + (TOPICS_MS if whole else 0)
        if not self._partitions:
            return Look(self._clock_ms(), ())
        # In this order: what is committed while we ask may be ahead, never behind the end.
        committed = await admin.list_consumer_group_offsets(GROUP, partitions=self._partitions)
        begins = await consumer.beginning_offsets(self._partitions)
        ends = await consumer.end_offsets(self._partitions)
        at_ms = self._clock_ms()
        for at in self._partitions:
            if not (at in committed and at in begins and at in ends):
                raise KafkaError(f"it says nothing of {at}: it may be starting")
        done = {at: max(begins[at], committed[at].offset) for at in self._partitions}
        waiting = {at: max(0, ends[at] - done[at]) for at in self._partitions}
        oldest_ms = await self._oldest(consumer, done, waiting)
        return Look(
            at_ms,
            tuple(_queue(at, done[at], waiting[at], oldest_ms.get(at)) for at in self._partitions),
        )

    async def _oldest(
        self,
        consumer: AIOKafkaConsumer,
        done: dict[TopicPartition, int],
        waiting: dict[TopicPartition, int],
    ) -> dict[TopicPartition, int]:
        """When the first waiting message of each partition came.

        One that came after the look before is dated back to it. The others are read, but once:
        in an outage they do not change.
        """
        before = {
            TopicPartition(q.topic, q.partition): (q.done + q.waiting, look.at_ms)
            for look in self.looks[-1:]
            for q in look.queues
        }
        found, unread = dict[TopicPartition, int](), list[TopicPartition]()
        for at in sorted((at for at in waiting if waiting[at]), key=lambda at: -waiting[at]):
            seen, peeked = before.get(at), self._peeked.get(at)
            if seen and done[at] >= seen[0]:
                found[at] = seen[1]
            elif peeked and peeked[0] == done[at]:
                found[at] = peeked[1]
            elif len(unread) < PEEKS_MAX:
                unread.append(at)
        self._peeked.update(await _peek(consumer, {at: done[at] for at in unread}))
        return found | {at: self._peeked[at][1] for at in unread if at in self._peeked}

    async def _clients(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._admin is None or self._consumer is None:
            self._admin = AIOKafkaAdminClient(bootstrap_servers=self.addresses)
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=self.addresses,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=PEEK_BYTES,
                fetch_max_wait_ms=PEEK_WAIT_MS,
            )
            await self._admin.start()
            await self._consumer.start()
        return self._admin, self._consumer

    async def _let_go(self) -> None:
        admin, consumer, self._admin, self._consumer = self._admin, self._consumer, None, None
        for each, close in ((consumer, "stop"), (admin, "close")):
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(LOOK_S_MAX):
                    if each is not None:
                        await getattr(each, close)()


def _queue(at: TopicPartition, done: int, waiting: int, oldest_ms: int | None) -> Queue:
    return Queue(at.topic, at.partition, done, waiting, oldest_ms)


def _partitions(described: Iterable[Mapping[str, Any]]) -> list[TopicPartition]:
    return [
        TopicPartition(topic["topic"], each["partition"])
        for topic in described
        if topic["topic"] in TOPICS
        for each in topic["partitions"]
    ]


async def _peek(
    consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]
) -> dict[TopicPartition, tuple[int, int]]:
    """(offset, its time in ms) of the message at each of the offsets, as far as they come."""
    if not offsets:
        return {}
    consumer.assign(list(offsets))
    for at, offset in offsets.items():
        consumer.seek(at, offset)
    found: dict[TopicPartition, tuple[int, int]] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(PEEK_S_MAX):
            while len(found) < len(offsets):
                for at, messages in (await consumer.getmany(timeout_ms=PEEK_WAIT_MS)).items():
                    found.setdefault(at, (offsets[at], messages[0].timestamp))
                consumer.pause(*found)
    consumer.assign([])
    return found
