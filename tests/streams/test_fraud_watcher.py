"""The fraud watch in its group: a rebalance that begins while it is about to fetch."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from billing.fraud.rules import Rules
from billing.parties import parties_of
from billing.tariff import compile_tariff
from deploy.runtime.settings import Settings
from streams.fraud_partition import SOURCES
from streams.fraud_watcher import Watcher
from streams.topics import FRAUD, ensure_topics
from tests.kafka.broker import Broker

WAIT_S_MAX = 60.0


async def reached(condition: Callable[[], bool]) -> None:
    """Wait for a condition; whoever asks limits the time."""
    while not condition():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
def test_a_rebalance_that_begins_before_a_fetch_does_not_stop_the_watch(broker: Broker) -> None:
    """The client's fetch waits for the rebalance, which waits for the watch to let go."""
    settings = Settings(broker=broker.address, rebalance_timeout_s=2)

    async def run() -> int:
        await ensure_topics(settings)
        tariff = compile_tariff([], parties_of([]))
        watcher = Watcher(settings, Rules(), lambda: tariff)
        consumer = watcher._consumer
        begun, end_offsets = asyncio.Event(), consumer.end_offsets

        async def ends_when_it_has_begun(tps: Any) -> Any:
            ends = await end_offsets(tps)
            if begun.is_set():
                await reached(lambda: consumer._subscription.reassignment_in_progress or moved())
            return ends

        def moved() -> bool:
            return len(watcher._partitions) != settings.partitions

        consumer.end_offsets = ends_when_it_has_begun
        task = asyncio.create_task(watcher.run())
        async with asyncio.timeout(WAIT_S_MAX):
            await reached(lambda: not moved())
            begun.set()
            other = AIOKafkaConsumer(
                bootstrap_servers=settings.broker,
                group_id=FRAUD,
                partition_assignment_strategy=(RangePartitionAssignor,),
                rebalance_timeout_ms=2_000,
            )
            other.subscribe(list(SOURCES))
            await other.start()
            await reached(lambda: len(watcher._partitions) == settings.partitions // 2)
        left = len(watcher._partitions)
        await other.stop()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await watcher.leave()
        return left

    assert asyncio.run(run()) == 2
