"""A worker process: the real streams.rater.build over the modelled Faust app; dies, freezes, stops.

A dead process is simply never run again: its callbacks are dropped by the loop. What it asked of
the broker or of ClickHouse before may still happen.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, NoReturn, cast

from streams import rater
from tests.simulation.faust_app import COMMIT_S, App
from tests.simulation.loop import PROCESS

if TYPE_CHECKING:
    from billing.tariff import Tariff
    from tests.simulation.run import Simulation

LOG = "cluster-1"


class Ended(BaseException):
    """The process has called os._exit; nothing of it runs after this."""


class Worker:
    """What the loop asks of any process; runs tasks that are its own."""

    def __init__(self, of: "Simulation", name: str) -> None:
        self.of, self.name = of, name
        self.dead = self.frozen = False
        self.parked: list[Any] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self._fuse = -1
        self._context = copy_context()
        self._context.run(PROCESS.set, self)

    def count(self) -> None:
        """A callback is about to run; a lit fuse burns."""
        if self._fuse > 0:
            self._fuse -= 1
            if not self._fuse:
                self.crash()

    def light(self, steps: int) -> None:
        """Crash at the await that comes after so many callbacks."""
        self._fuse = steps

    def crash(self) -> None:
        """kill -9"""
        if not self.dead:
            self.of.note(self.name, "dies")
            self.dead = True
            self.parked.clear()

    def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT later."""
        if not self.dead and not self.frozen:
            self.of.note(self.name, f"is frozen for {seconds:.1f} s")
            self.frozen = True
            self.of.loop.outside(seconds, self.thaw)

    def thaw(self) -> None:
        """SIGCONT"""
        if self.frozen:
            self.of.note(self.name, "thaws")
            self.frozen = False
            parked, self.parked = self.parked, []
            self.of.loop.revive(parked)

    def later(self, delay_s: float, run: Callable[..., Any], *args: Any) -> None:
        """Call as this process, if it is still there."""
        self.of.loop.call_at(self.of.loop.time() + delay_s, run, *args, context=self._context)

    def go(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a task of this process."""
        task = self.of.loop.create_task(work, context=self._context)
        task.add_done_callback(self._ended, context=Context())
        self.tasks.append(task)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.of.lost(error)


class Process(Worker):
    """A rater."""

    def __init__(self, of: "Simulation", name: str) -> None:
        super().__init__(of, name)
        self.tariff: Tariff = of.tariff
        self._commits_soon = False
        self.app: App = self._context.run(self._built)

    def _built(self) -> App:
        self.of.starting = self
        return cast(App, rater.build(self.of.settings, LOG, cast(Any, self)))

    def start(self) -> None:
        """Begin to work."""
        self.of.note(self.name, "starts")
        for agent in self.app.agents:
            self.go(agent())  # type: ignore[arg-type]
        self.go(self.app.consumer.fetch())
        self.go(self._member())

    async def _member(self) -> None:
        await self.app.consumer.run()
        self.of.note(self.name, "has stopped")
        self.dead = True

    def commit_soon(self) -> None:
        """Something was acknowledged: the commit timer does something when it comes next."""
        if not self._commits_soon:
            self._commits_soon = True
            self.later(self.of.chance.up_to(COMMIT_S), self._commit)

    def _commit(self) -> None:
        self._commits_soon = False
        self.go(self.app.consumer.commit())

    def exit(self, code: int) -> NoReturn:
        """os._exit"""
        self.of.exits.append((self.name, code))
        self.crash()
        raise Ended(self.name)

    def crash(self) -> None:
        """The group learns of it when no heartbeat comes any more."""
        if not self.dead:
            super().crash()
            self.of.group.silent(self.name, lambda: True)
            self.of.dies()

    def freeze(self, seconds: float) -> None:
        """The same, if it lasts."""
        super().freeze(seconds)
        self.of.group.silent(self.name, lambda: self.frozen)
