"""Small Faust apps on a real broker, in two makes: Faust's own parts, and ours in their place."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.runtime.settings import Settings
from streams.faust_app import config, new_app

WAIT_S_MAX = 30.0
STOP_S_MAX = 10.0
_NUMBERS = count(1)


class Bench:
    """A broker, a topic of one partition, and the apps that read it under one consumer group."""

    def __init__(self, address: str, folder: Path) -> None:
        given = {"broker": address, "data_dir": folder, "partitions": 1, "rebalance_timeout_s": 2}
        self.settings = Settings.model_validate(given)
        self.group = f"group{next(_NUMBERS)}-{time.time_ns()}"
        self.topic = f"{self.group}-calls"
        self.changelog = f"{self.group}-seen-changelog"

    async def create(self) -> "Bench":
        """Create the topic and the changelog of a table `seen`."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.broker)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(t, 1, 1) for t in (self.topic, self.changelog)])
        finally:
            await admin.close()
        return self

    def app(self, ours: bool) -> faust.App:
        """An app of the group."""
        more = {"table_standby_replicas": 0}
        if ours:
            return new_app(self.group, self.settings, **more)
        return faust.App(self.group, **config(self.settings) | more)

    def source(self, app: faust.App) -> Any:
        """The topic, for an agent of the app."""
        return app.topic(self.topic, value_type=bytes, value_serializer="raw", key_serializer="raw")

    async def send(self, first: int, beyond: int) -> None:
        """Send messages that hold their number."""
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.broker, acks="all")
        await producer.start()
        try:
            for number in range(first, beyond):
                await producer.send(self.topic, b"%d" % number, partition=0)
            await producer.flush()
        finally:
            await producer.stop()

    async def committed(self) -> int:
        """The group's committed offset, 0 if there is none."""
        async with self._client(group_id=self.group) as client:
            return int(await client.committed(TopicPartition(self.topic, 0)) or 0)

    async def end(self, topic: str) -> int:
        """Messages in a topic."""
        at = TopicPartition(topic, 0)
        async with self._client() as client:
            return int((await client.end_offsets([at]))[at])

    @asynccontextmanager
    async def _client(self, **more: Any) -> AsyncIterator[AIOKafkaConsumer]:
        client = AIOKafkaConsumer(
            bootstrap_servers=self.settings.broker, enable_auto_commit=False, **more
        )
        await client.start()
        try:
            yield client
        finally:
            await client.stop()


@asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[faust.App]:
    """The app, started; stopped at the end as a worker stops, if it can."""
    await asyncio.wait_for(app.start(), WAIT_S_MAX)
    try:
        yield app
    finally:
        stopping = asyncio.create_task(app.stop())
        await asyncio.wait([stopping], timeout=STOP_S_MAX)


async def until(what: str, reached: Callable[[], bool]) -> None:
    """Wait for a condition; fails saying what was waited for."""
    end = time.monotonic() + WAIT_S_MAX
    while not reached():
        assert time.monotonic() < end, f"waited {WAIT_S_MAX:.0f} s for: {what}"
        await asyncio.sleep(0.02)
