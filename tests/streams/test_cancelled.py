"""A worker told to end while its agents are at work commits nothing they have not done."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from faust.types import TP

from streams.faust_app import add_agent
from tests.kafka.broker import Broker
from tests.streams.faust_apps import STOP_S_MAX, Bench, running

MESSAGES = 20
AT_ONCE = 10
GATE_S = 3.0
"""The work is done only this long after the worker was told to end, if that waits for it."""


class Worker:
    """An app whose agent cannot go on before `gate` is opened."""

    def __init__(self, bench: Bench) -> None:
        self.app: faust.App = bench.app(ours=True)
        self.begun, self.gate = asyncio.Event(), asyncio.Event()
        self.done = 0
        add_agent(self.app, bench.topic, self._work, AT_ONCE, 20)

    async def _work(self, events: Any) -> None:
        self.begun.set()
        await self.gate.wait()
        self.done += len(events)

    async def end(self) -> None:
        """What SIGTERM does; the gate opens when that has waited for the agent."""
        stopping = asyncio.create_task(self.app.stop())
        await asyncio.wait([stopping], timeout=GATE_S)
        self.gate.set()
        await asyncio.wait([stopping], timeout=STOP_S_MAX)


def test_told_to_end_in_a_rebalance_it_waits_for_its_agents(broker: Broker, tmp_path: Path) -> None:
    """A rebalance waits for an agent, as for a slow store, and then the worker is told to end."""

    async def run() -> tuple[int, int]:
        bench = await Bench(broker.address, tmp_path).create()
        worker = Worker(bench)
        await bench.send(0, MESSAGES)
        async with running(worker.app):
            await asyncio.wait_for(worker.begun.wait(), 30)
            worker.app.on_rebalance_start()
            worker.app.consumer.stop_flow()
            await worker.end()
            return worker.done, await bench.committed()

    done, committed = asyncio.run(run())
    assert done == committed > 0


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_worker_commits_nothing_any_more_once_an_agent_was_cancelled(
    cancelled: bool, tmp_path: Path
) -> None:
    """Faust acknowledges the batch that an agent was cancelled at, and would commit it."""
    topic = TP("calls", 0)

    async def batches(_events_max: int, within: float) -> AsyncIterator[list[int]]:
        del within
        yield [1]

    async def run() -> Mapping[TP, int]:
        app = Bench("127.0.0.1:1", tmp_path).app(ours=True)
        begun, gate = asyncio.Event(), asyncio.Event()

        async def work(_events: Any) -> None:
            begun.set()
            await gate.wait()

        add_agent(app, topic.topic, work, AT_ONCE, 20)
        (agent,) = app.agents.values()
        working = asyncio.create_task(agent.fun(SimpleNamespace(take_events=batches)))
        await begun.wait()
        if cancelled:
            working.cancel()
        gate.set()
        await asyncio.wait([working])
        consumer: Any = app.consumer
        consumer._in_work[topic].append(SimpleNamespace(acked=True, tracked=True, offset=7))
        committable: Mapping[TP, int] = consumer._filter_committable_offsets([topic])
        consumer._thread.thread_loop.close()  # the consumer never ran, and so never closes it
        return committable

    assert asyncio.run(run()) == ({} if cancelled else {topic: 8})
