"""Steps one after the other: taken, kept, sent, told; nothing is taken while something waits.

That is the back-pressure: while the broker is away, what is to come stays in its files and with
those who post. Files and the ledger are touched by one thread of its own.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from deploy.runtime import metrics
from streams import topics
from streams.collect.account import file_message, place_messages
from streams.collect.ledger import Ledger, Message
from streams.collect.sending import OUTAGES, Place, Sending
from streams.collect.step import Step
from streams.retry import until_done

T = TypeVar("T")


def new_id() -> str:
    """32 hexadecimal digits that nobody has had."""
    return uuid.uuid4().hex


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1_000)


class Pipeline:
    """The one way from a source to the broker. Raises LedgerDown, LogChanged."""

    def __init__(self, ledger: Ledger, sending: Sending) -> None:
        self._ledger, self._sending = ledger, sending
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="collect")
        self._turn = asyncio.Lock()
        self._recovered = False

    def close(self) -> None:
        """Let go of the thread, when what it does is done."""
        self._thread.shutdown()

    async def run(self, work: Callable[[], T]) -> T:
        """Do something in the thread of files and the ledger."""
        named = copy_context()  # so that its log lines name the process
        return await asyncio.get_running_loop().run_in_executor(self._thread, named.run, work)

    async def recover(self) -> None:
        """Send what was kept and not sent before this process began."""
        async with self._turn:
            await self._deliver(again=True)
            self._recovered = True

    async def step(self, take: Callable[[Step], T]) -> T:
        """Take a step, and return when the broker has all that was in it.

        take: fills the step in the thread; what it returns is returned.
        """
        assert self._recovered, "what was kept is sent before anything is taken"
        async with self._turn:
            ends = await until_done("ask where the log ends", OUTAGES, self._sending.ends)
            step = Step(new_id(), now_ms())
            found = await self.run(lambda: self._kept(take, step, ends))
            if not step.empty:
                await self._deliver()
                _count(step)
            return found

    def _kept(self, take: Callable[[Step], T], step: Step, ends: dict[int, int]) -> T:
        found = take(step)
        told = [file_message(row, step.now_ms) for row in step.files.values()]
        if not step.empty:
            self._ledger.keep(
                step.files.values(),
                [*step.messages, *told],
                ends,
                self._sending.log,
                step.readers,
            )
        return found

    async def _deliver(self, again: bool = False) -> None:
        """Send every message of the ledger. again: some may have been sent already."""
        unsent = await self.run(self._ledger.unsent)
        raw = [message for message in unsent if message.topic == topics.RAW]
        if raw:
            places = await self._sent(raw, again)
            sources = await self.run(partial(self._sources, raw))
            then = place_messages(raw, places, self._sending.log, sources)
            await self.run(lambda: self._ledger.sent([m.number for m in raw], then))
        rest = await self.run(self._ledger.unsent)
        if rest:
            told: dict[int, Place] = {}
            await until_done("tell", OUTAGES, lambda: self._sending.send(rest, told))
            await self.run(lambda: self._ledger.sent([m.number for m in rest]))

    async def _sent(self, raw: list[Message], again: bool) -> dict[int, Place]:
        """Where each message stands, once the broker has them all."""
        places: dict[int, Place] = {}
        ends = await self.run(lambda: self._ledger.ends(self._sending.log))
        tries = 1 if again else 0

        async def attempt() -> None:
            nonlocal raw, tries
            tries += 1
            if tries > 1:
                await self._sending.same_log()
                await self._sending.find(raw, ends, places)
                at_ms = now_ms()
                await self.run(lambda: self._ledger.trying(at_ms))
                raw = [message._replace(tried_ms=at_ms) for message in raw]
            await self._sending.send(raw, places)

        await until_done("send", OUTAGES, attempt)
        return places

    def _sources(self, raw: list[Message]) -> dict[str, str]:
        rows = (self._ledger.file(ident) for ident in {message.file for message in raw})
        return {row.id: row.source for row in rows if row is not None}


def _count(step: Step) -> None:
    for message in step.messages:
        source = step.files[message.file].source
        metrics.COLLECTED.labels(source, "call").inc(message.calls)
        metrics.COLLECTED.labels(source, "dead").inc(message.dead)
