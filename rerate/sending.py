"""Tasks to the workers and events to whoever listens, by way of the broker."""

import asyncio
import json
from collections.abc import Sequence
from typing import NamedTuple

from deploy.runtime.settings import Settings
from rerate.task import Task
from streams import topics


class Event(NamedTuple):
    """Something that became of a run: a JSON object of rerate.events, keyed by the run."""

    run: int
    state: str
    """of the run; "" where a worker tells of a chunk"""
    at_ms: int
    step: int = 0
    phase: str = ""
    chunks: int = 0
    """of the step's present round"""
    chunks_done: int = 0
    calls_done: int = 0
    by: str = ""
    """who did it, or which worker"""
    device: str = ""

    def encode(self) -> tuple[bytes, bytes]:
        """Key and value."""
        return str(self.run).encode(), json.dumps(self._asdict(), separators=(",", ":")).encode()


class Sender:
    """Sends, and sees to it that the topics are there before it does for the first time."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._has_topics = settings, False

    def __call__(self, tasks: Sequence[Task], events: Sequence[Event]) -> None:
        """Send and wait until the broker has all of it. Raises BrokerDown; then send again."""
        messages: list[tuple[str, bytes, bytes]] = [
            (topics.RERATE_TASKS, task.chunk.id.encode(), task.encode()) for task in tasks
        ]
        messages += [(topics.RERATE_EVENTS, *event.encode()) for event in events]
        asyncio.run(self._send(messages))

    async def _send(self, messages: list[tuple[str, bytes, bytes]]) -> None:
        if not self._has_topics:
            await topics.ensure_topics(self._settings)
            self._has_topics = True
        await topics.send_all(self._settings, messages, "send tasks to the re-rating workers")
