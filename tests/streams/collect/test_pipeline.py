"""Kept, sent, told: on a real broker, with a kill wherever one can be."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.runtime.settings import Settings
from streams import topics
from streams.collect.ledger import Ledger
from streams.collect.pipeline import Pipeline
from streams.collect.sending import HEADER as MARK
from streams.collect.sending import Sending
from tests.kafka.broker import Broker
from tests.streams.collect.switch import HEADER, Collecting, line

PARTITIONS = 2


@pytest.fixture
def settings(broker: Broker, tmp_path: Path) -> Settings:
    """Of the broker."""
    return Settings(broker=broker.address, data_dir=tmp_path, partitions=PARTITIONS)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Collecting]:
    """Files, not yet taken."""
    with closing(Collecting(tmp_path)) as found:
        yield found


async def read(settings: Settings, topic: str) -> list[bytes]:
    """The marks, or the values, of all messages of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.broker, enable_auto_commit=False)
    await consumer.start()
    try:
        at = [TopicPartition(topic, p) for p in range(PARTITIONS)]
        consumer.assign(at)
        await consumer.seek_to_beginning()
        ends, found = await consumer.end_offsets(at), list[bytes]()
        while any([await consumer.position(p) < ends[p] for p in at]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += [dict(m.headers or ()).get(MARK) or m.value for m in batch]
        return found
    finally:
        await consumer.stop()


class Connected:
    """A pipeline with its connections, for one process's life."""

    def __init__(self, settings: Settings, log: str, ledger: Ledger) -> None:
        self.sending = Sending(settings, log)
        self.pipeline = Pipeline(ledger, self.sending)

    async def __aenter__(self) -> "Connected":
        await self.sending.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sending.stop()
        self.pipeline.close()


def written(here: Collecting, number: int) -> None:
    """Ten more calls of five customers, and a bad record."""
    calls = b"".join(line(10 * number + n, f"customer-{n % 5}") for n in range(10))
    here.write("cdr.csv", (b"" if number else HEADER) + calls + b"bad\n")


@pytest.mark.parametrize("acknowledged", [0, 3, 6])
def test_what_the_broker_has_is_not_sent_again(
    settings: Settings, here: Collecting, acknowledged: int
) -> None:
    """Killed when so many of six messages were acknowledged, and nobody had noted it."""

    async def run() -> None:
        log = await topics.ensure_topics(settings)
        before = await read(settings, topics.RAW)
        async with Connected(settings, log, here.ledger) as first:
            written(here, 0)
            here.step()
            ends = await first.sending.ends()
            here.ledger.keep(here.pending.files.values(), here.pending.messages, ends, log, {})
            unsent = here.ledger.unsent()
            assert len(unsent) == 6
            await first.sending.send(unsent[:acknowledged], {})
        here.kill()
        async with Connected(settings, log, here.ledger) as second:
            await second.pipeline.recover()
        assert not here.ledger.unsent()
        marks = Counter(await read(settings, topics.RAW)) - Counter(before)
        assert marks == Counter(message.mark for message in unsent)
        told = await read(settings, topics.COLLECT_MESSAGES)
        assert sum(here.row("cdr.csv").id.encode() in value for value in told) >= 6

    asyncio.run(run())


def test_a_step_returns_when_the_broker_has_it(settings: Settings, here: Collecting) -> None:
    async def run() -> None:
        log = await topics.ensure_topics(settings)
        async with Connected(settings, log, here.ledger) as now:
            await now.pipeline.recover()
            for number in range(3):
                written(here, number)
                before = len(await read(settings, topics.RAW))
                stamps = here.folder.look(here.now_s + number)
                more = await now.pipeline.step(partial(here.folder.take, stamps))
                assert not more
                assert not here.ledger.unsent()
                assert len(await read(settings, topics.RAW)) == before + 6
        assert here.row("cdr.csv").calls == 30

    asyncio.run(run())
