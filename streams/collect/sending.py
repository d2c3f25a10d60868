"""Messages of the ledger to the broker: each once, as far as that can be known.

A message is sent at least once. Before one is sent again, after a failure or a kill, the log is
searched for it: if the broker has it already, it is not sent. What is in flight at the very moment
of the search can still come twice; the rater knows the calls of the second by their ids.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from streams import topics
from streams.collect.ledger import Message

HEADER: Final = "collected"
"""of a message of cdr.raw: what it is known by"""
REQUEST_MS_MAX: Final = 10_000
LATE_MS: Final = 600_000
"""A message stands in the log at the latest so long after it was last tried, by its time."""
FETCH_BYTES_MAX: Final = topics.MESSAGE_BYTES_MAX
_log = structlog.get_logger()


class Place(NamedTuple):
    """Where a message stands in the log."""

    partition: int
    offset: int
    at_ms: int
    """the record's time"""


class LogChanged(Exception):
    """The broker has begun another log: offsets mean other messages now."""


class Sending:
    """A producer, and a reader of cdr.raw beside every group. Raises KafkaError."""

    def __init__(self, settings: Settings, log: str) -> None:
        self._settings, self.log = settings, log
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.broker,
            acks="all",
            linger_ms=0,
            request_timeout_ms=REQUEST_MS_MAX,
            max_request_size=topics.MESSAGE_BYTES_MAX,
        )
        self._reader = AIOKafkaConsumer(
            bootstrap_servers=settings.broker,
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            request_timeout_ms=REQUEST_MS_MAX + 30_000,
        )
        self._partitions = [TopicPartition(topics.RAW, p) for p in range(settings.partitions)]

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()
        await self._reader.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()
        await self._reader.stop()

    async def ends(self) -> dict[int, int]:
        """partition of cdr.raw -> where it ends now, or a little before."""
        ends = await self._reader.end_offsets(self._partitions)
        return {at.partition: int(offset) for at, offset in ends.items()}

    async def same_log(self) -> None:
        """Raises LogChanged if the broker's log is not the one it was."""
        found = await topics.cluster_id(self._settings)
        if found != self.log:
            raise LogChanged(f"was {self.log}, is {found}")

    async def send(self, messages: Sequence[Message], places: dict[int, Place]) -> None:
        """Send what has no place yet; `places` gets, by number, where each stands.

        Raises the first error, when every other message is acknowledged or has failed too.
        """
        waiting = []
        for message in messages:
            if message.number not in places:
                waiting.append(self._sent(message, places))
        results = await asyncio.gather(*waiting, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _sent(self, message: Message, places: dict[int, Place]) -> None:
        headers = []
        if message.topic == topics.RAW:
            headers = [
                ("content-type", message.kind.encode()),
                (HEADER, message.mark),
            ]
        found = await self._producer.send_and_wait(
            message.topic, message.value, message.key, headers=headers
        )
        places[message.number] = Place(found.partition, found.offset, int(found.timestamp or 0))
        metrics.SENT.labels(message.topic).inc()

    async def find(
        self, messages: Sequence[Message], ends: Mapping[int, int], places: dict[int, Place]
    ) -> None:
        """Look for messages in cdr.raw from `ends` on; `places` gets those that are there."""
        marks = {m.mark: m.number for m in messages if m.number not in places}
        if not marks or not ends:
            return
        tried_ms = max(m.tried_ms for m in messages)
        own = [at for at in self._partitions if at.partition in ends]
        self._reader.assign(own)
        until = await self._reader.end_offsets(own)
        for at in own:
            self._reader.assign([at])
            self._reader.seek(at, ends[at.partition])
            await self._search(at, until[at], tried_ms + LATE_MS, marks, places)
        found = sum(number in places for number in marks.values())
        _log.info("messages looked for in the log", messages=len(marks), found=found)

    async def _search(
        self,
        at: TopicPartition,
        end: int,
        until_ms: int,
        marks: Mapping[bytes, int],
        places: dict[int, Place],
    ) -> None:
        while await self._reader.position(at) < end:
            found: dict[Any, list[Any]] = await self._reader.getmany(at, timeout_ms=1_000)
            for message in found.get(at, ()):
                number = marks.get(dict(message.headers or ()).get(HEADER, b""))
                if number is not None:
                    places[number] = Place(at.partition, message.offset, message.timestamp)
            if any(message.timestamp > until_ms for message in found.get(at, ())):
                return


OUTAGES: Final = (KafkaError,)
