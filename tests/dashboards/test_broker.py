"""What waits in a real broker, told without any rater: counted, dated, found after an outage."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from dashboards.broker import GROUP, UNRATED, UNSTORED, Look
from dashboards.broker import Broker as Watch
from deploy.runtime.settings import Settings
from streams.topics import ensure_topics
from tests.conftest import free_port
from tests.kafka.broker import Broker

WAIT_S_MAX = 40
LATE_MS = 10_000
"""A message that came between two looks is dated back to the earlier one."""


def now_ms() -> int:
    """Wall time."""
    return time.time_ns() // 1_000_000


async def until(what: str, reached: Callable[[], bool]) -> None:
    """Wait for a condition; fails saying what was waited for."""
    end = time.monotonic() + WAIT_S_MAX
    while not reached():
        assert time.monotonic() < end, f"waited {WAIT_S_MAX} s for {what}"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def watching(address: str) -> AsyncIterator[Watch]:
    """A watch that follows the broker, and is still at it at the end."""
    watch = Watch(address, now_ms)
    following = asyncio.create_task(watch.follow())
    yield watch
    assert not following.done()
    following.cancel()
    await asyncio.wait([following])


async def look_at(what: str, watch: Watch, reached: Callable[[Look], bool]) -> Look:
    """The first look for which a condition holds."""
    await until(what, lambda: bool(watch.looks) and reached(watch.looks[-1]))
    return watch.looks[-1]


async def commit(address: str, offsets: dict[TopicPartition, int]) -> None:
    """Be done with messages, as the group of the raters."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(list(offsets))
    await consumer.commit(offsets)
    await consumer.stop()


async def waits_and_is_done(address: str) -> None:
    """Five messages wait, then four of them are done."""
    await ensure_topics(Settings(broker=address, partitions=2))
    raw, rated = TopicPartition(UNRATED, 0), TopicPartition(UNSTORED, 1)
    async with watching(address) as watch, AIOKafkaProducer(bootstrap_servers=address) as producer:
        began_ms = now_ms()
        for at in (raw, raw, raw, rated, rated):
            await producer.send_and_wait(at.topic, b"x" * 200_000, partition=at.partition)
        sent_ms = now_ms()
        look = await look_at("five messages", watch, lambda look: look.waiting(UNSTORED) == 2)
        assert look.waiting(UNRATED) == 3
        for topic in (UNRATED, UNSTORED):
            oldest_ms = look.oldest_ms(topic)
            assert oldest_ms is not None
            assert began_ms - LATE_MS <= oldest_ms <= sent_ms
        later = await look_at("the next one", watch, lambda now: now.at_ms > look.at_ms)
        first_ms = later.oldest_ms(UNRATED)
        assert first_ms is not None
        assert began_ms <= first_ms <= sent_ms, "read from the message itself by now"

        await commit(address, {raw: 3, rated: 1})
        look = await look_at("four to be done", watch, lambda look: not look.waiting(UNRATED))
        assert look.oldest_ms(UNRATED) is None
        assert look.waiting(UNSTORED) == 1


def test_messages_that_wait_are_counted_and_dated(broker: Broker) -> None:
    asyncio.run(waits_and_is_done(broker.address))


async def goes_and_comes(broker: Broker) -> None:
    """The broker is killed and started again under the watch."""
    await ensure_topics(Settings(broker=broker.address, partitions=2))
    async with watching(broker.address) as watch:
        seen = await look_at("a look", watch, lambda _: True)
        await asyncio.to_thread(broker.kill)
        await until("silence", lambda: watch.silent_since_ms is not None)
        assert watch.looks, "what was known last stays"
        await asyncio.to_thread(broker.restart)
        await look_at("a look afterwards", watch, lambda look: look.at_ms > seen.at_ms)
        await until("the end of the silence", lambda: watch.silent_since_ms is None)


def test_a_broker_that_comes_back_is_watched_again(broker: Broker) -> None:
    asyncio.run(goes_and_comes(broker))


async def says_half(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """One answer leaves a partition out, as that of a broker that has just started may."""
    await ensure_topics(Settings(broker=broker.address, partitions=2))
    whole, halves = AIOKafkaConsumer.beginning_offsets, 1

    async def half(self: AIOKafkaConsumer, partitions: Any) -> Any:
        nonlocal halves
        found = await whole(self, partitions)
        if halves and len(found) > 1:
            halves -= 1
            found.pop(next(iter(found)))
        return found

    monkeypatch.setattr(AIOKafkaConsumer, "beginning_offsets", half)
    async with watching(broker.address) as watch:
        await look_at("a look all the same", watch, lambda look: bool(look.queues))
        assert halves == 0


def test_an_answer_that_leaves_partitions_out_is_an_outage(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(says_half(broker, monkeypatch))


async def watch_nobody() -> None:
    """Watch an address where nothing listens."""
    async with watching(f"127.0.0.1:{free_port()}") as watch:
        await until("silence", lambda: watch.silent_since_ms is not None)
        assert watch.looks == ()


def test_a_broker_that_was_never_there_is_silent() -> None:
    asyncio.run(watch_nobody())
