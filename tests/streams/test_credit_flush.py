"""Who waits for what: what a desk said is acknowledged by the sending it went with, no later one.

Only `send` is not the broker's: it ends when the test says so.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from billing.credit.outcomes import Notice
from deploy.runtime.settings import Settings
from streams import topics
from streams.agents.credit import CreditAgent
from streams.credit_table import CreditTable, Message
from streams.faust_app import new_app

WAVE = 20


class Line:
    """A broker that acknowledges when it is told to."""

    def __init__(self) -> None:
        self.sent: list[Sequence[Message]] = []
        self._acknowledged: list[asyncio.Event] = []

    async def send(self, _partition: int, messages: Sequence[Message]) -> None:
        """As controls.Controls._send."""
        self.sent.append(messages)
        self._acknowledged.append(asyncio.Event())
        await self._acknowledged[-1].wait()

    def acknowledge(self) -> None:
        """The last sending."""
        self._acknowledged[-1].set()


async def settle() -> None:
    """Until nothing can go on without the broker."""
    for _ in range(5 * WAVE):
        await asyncio.sleep(0)


def agent_on(line: Line, folder: Path) -> CreditAgent:
    """An agent with one partition, no accounts, and that line to the broker."""
    settings = Settings.model_validate({"data_dir": folder})
    app = new_app(topics.CONTROLS, settings, table_standby_replicas=0)
    table: CreditTable = app.tables.add(CreditTable(app, settings.partitions))
    reference: Any = SimpleNamespace(limits={}, tariff=None)
    unused: Any = None
    return CreditAgent(reference, table, unused, unused, line.send, unused, unused, 1)


def test_nobody_waits_for_what_others_said_after_him(tmp_path: Path) -> None:
    async def run() -> None:
        line = Line()
        agent = agent_on(line, tmp_path)
        journal = agent._table.desk(0).journal

        async def said(name: str) -> None:
            journal.say(Notice(1, name, "threshold", 0, ""))
            await agent.flush(0)

        def wave(name: str) -> list["asyncio.Task[None]"]:
            return [asyncio.create_task(said(f"{name}{i}")) for i in range(WAVE)]

        first = asyncio.create_task(said("first"))
        await settle()
        second = wave("second")
        await settle()
        assert [len(messages) for messages in line.sent] == [1]

        line.acknowledge()
        await settle()
        assert first.done()
        assert [len(messages) for messages in line.sent] == [1, WAVE]

        third = wave("third")
        await settle()
        assert not any(task.done() for task in second)
        line.acknowledge()
        await settle()
        assert all(task.done() for task in second)
        assert not any(task.done() for task in third)

        line.acknowledge()
        await asyncio.gather(*third)
        assert [len(messages) for messages in line.sent] == [1, WAVE, WAVE]

    asyncio.run(run())
