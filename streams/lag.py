"""How far this worker is behind on its own partitions: the gauge tollwire_consumer_lag.

The ends are asked of the broker, for what was fetched last says nothing once the agents' queues
are full. A partition that went to another worker leaves the gauge; a table's log is never in it.
"""

import asyncio
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deploy.runtime import metrics
from deploy.runtime.settings import Settings

BEAT_S = 2.0
LOOK_S_MAX = 10.0


class Lag:
    """Watches the Faust consumer of one worker."""

    def __init__(self, settings: Settings, app: Any) -> None:
        self._settings, self._app = settings, app
        self._shown: set[TopicPartition] = set()

    async def follow(self) -> None:
        """Keep the gauge up to date for ever; while the broker is away it stays as it was."""
        while True:
            ends = AIOKafkaConsumer(bootstrap_servers=self._settings.broker)
            try:
                await ends.start()
                while True:
                    async with asyncio.timeout(LOOK_S_MAX):
                        await self._look(ends)
                    await asyncio.sleep(BEAT_S)
            except (KafkaError, TimeoutError):
                await asyncio.sleep(BEAT_S)
            finally:
                with suppress(KafkaError):
                    await ends.stop()

    async def _look(self, ends: AIOKafkaConsumer) -> None:
        consumer = self._app.consumer
        changelog = self._app.tables.changelog_topics
        mine = {TopicPartition(*at) for at in consumer.assignment() if at.topic not in changelog}
        end = await ends.end_offsets(mine)
        begin = await ends.beginning_offsets(mine)
        for at in mine:
            done = max(begin[at], consumer._committed_offset.get(at) or 0)
            metrics.LAG.labels(at.topic, str(at.partition)).set(max(0, end[at] - done))
        for at in self._shown - mine:
            metrics.LAG.remove(at.topic, str(at.partition))
        self._shown = mine
