"""What the real code imports to reach broker and ClickHouse, with effects on the simulated ones.

A request and its effect are two things: the effect happens outside of any process, so it may come
after the process that asked has died, or after it was told that the request failed.
"""

import asyncio
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError

from clickhouse.client import ClickHouseDown
from tests.simulation.broker import Record

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

LATE_S_MAX = 30.0
TIMEOUT_S = 1.0


class Planted(RuntimeError):
    """A bug of ours, as far as the real code can tell."""


class Producer:
    """As Faust's producer: one message, acknowledged."""

    def __init__(self, simulation: "Simulation") -> None:
        self._of = simulation

    async def send_and_wait(
        self, topic: str, key: Any, value: bytes, partition: int, *_: Any
    ) -> Record:
        """The record as the broker keeps it. Raises ProducerSendError: it may have it or not."""
        of, chance = self._of, self._of.chance
        odds, loop = chance.odds, of.loop
        answer: asyncio.Future[Record] = loop.create_future()
        at = TopicPartition(topic, partition)
        bug = of.take_bug("send")

        def land() -> None:
            of.in_flight -= 1
            record = of.logs.append(at, value)
            if fate == "answered":
                loop.outside(chance.delay_s(), _set, answer, record)

        fate, delay_s = "answered", of.stalled_s() + chance.delay_s()
        if of.broker_down or chance.happens(odds.send_lost) or bug:
            fate = "lost"
        elif chance.happens(odds.send_unanswered):
            fate = "unanswered"
        elif chance.happens(odds.send_late):
            fate, delay_s = "late", TIMEOUT_S + chance.up_to(LATE_S_MAX)
        if fate != "lost":
            of.in_flight += 1
            loop.outside(delay_s, land)
        if fate != "answered":
            error: Exception = Planted("send") if bug else ProducerSendError(f"request {fate}")
            timeout_s = TIMEOUT_S if fate == "late" else min(TIMEOUT_S, 4 * odds.slow_s)
            of.note("broker", f"{topic}[{partition}] request {fate}")
            loop.outside(delay_s + timeout_s if fate != "late" else TIMEOUT_S, _fail, answer, error)
        return await answer


def _set(answer: "asyncio.Future[Any]", value: Any) -> None:
    if not answer.done():
        answer.set_result(value)


def _fail(answer: "asyncio.Future[Any]", error: BaseException) -> None:
    if not answer.done():
        answer.set_exception(error)


async def in_thread(of: "Simulation", run: Callable[..., Any], *args: Any) -> Any:
    """As asyncio.to_thread: here every thread is one request to ClickHouse."""
    chance, loop = of.chance, of.loop
    odds = chance.odds
    answer: asyncio.Future[Any] = loop.create_future()
    bug = of.take_bug("clickhouse")

    def land() -> None:
        of.in_flight -= 1
        if bug:
            loop.outside(0.0, _fail, answer, Planted("clickhouse"))
        elif of.clickhouse_down or chance.happens(odds.store_refused):
            of.note("clickhouse", "request refused")
            loop.outside(chance.delay_s(), _fail, answer, ClickHouseDown("refused"))
        else:
            try:
                done = run(*args)
            except Exception as error:
                loop.outside(0.0, _fail, answer, error)
                return
            if chance.happens(odds.store_unanswered):
                of.note("clickhouse", "request done, not answered")
                loop.outside(chance.delay_s(), _fail, answer, ClickHouseDown("no answer"))
            else:
                loop.outside(chance.delay_s(), _set, answer, done)

    of.in_flight += 1
    loop.outside(chance.delay_s(), land)
    return await answer


class PlainConsumer:
    """As AIOKafkaConsumer where it is used outside of Faust: memory and progress."""

    def __init__(self, of: "Simulation") -> None:
        self._of = of
        self._position: dict[TopicPartition, int] = {}

    async def _asked(self) -> None:
        chance = self._of.chance
        await asyncio.sleep(chance.delay_s())
        if self._of.broker_down or chance.happens(chance.odds.send_lost):
            raise KafkaError("the broker does not answer")

    async def start(self) -> None:
        """Reach the broker."""
        await self._asked()

    async def stop(self) -> None:
        """Let go of it."""

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these."""

    def seek(self, at: TopicPartition, offset: int) -> None:
        """Go to a place."""
        self._position[at] = offset

    async def position(self, at: TopicPartition) -> int:
        """The next offset to be read."""
        return self._position[at]

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Where the next records will stand."""
        await self._asked()
        return {at: len(self._of.logs.records[at]) for at in partitions}

    async def beginning_offsets(
        self, partitions: Iterable[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Nothing has been deleted yet."""
        return dict.fromkeys(partitions, 0)

    async def offsets_for_times(self, times: dict[TopicPartition, float]) -> dict[Any, Any]:
        """The first record at or after an instant."""
        await self._asked()
        found = {}
        for at, since_ms in times.items():
            records = self._of.logs.records[at]
            first = next((r for r in records if r.timestamp >= since_ms), None)
            found[at] = first and SimpleNamespace(offset=first.offset, timestamp=first.timestamp)
        return found

    async def getmany(self, at: TopicPartition, timeout_ms: int) -> dict[TopicPartition, Any]:
        """Some records from the position on, perhaps none."""
        await self._asked()
        start = self._position[at]
        some = self._of.logs.records[at][start : start + self._of.chance.between(1, 8)]
        self._position[at] = start + len(some)
        return {at: some} if some else {}

    async def committed(self, at: TopicPartition) -> int | None:
        """The group's committed offset."""
        await self._asked()
        return self._of.group.committed.get(at)
