"""A deterministic asyncio event loop: no clock, no sockets, no threads; a seed decides who is next.

Time is virtual: when nothing is ready, the clock jumps to the next timer. Of the callbacks that
are ready, a seeded choice runs next, which is what the network and the operating system do to a
real loop. Each callback belongs to a process (a context variable): those of a process that is dead
are dropped, those of a frozen one wait. So a crash is possible at every await, and nothing of the
process (no `except`, no `finally`) runs after it.
"""

import asyncio
import heapq
from collections.abc import Callable
from contextvars import Context, ContextVar
from random import Random
from typing import Any, Protocol


class Runs(Protocol):
    """What the loop asks of a process."""

    dead: bool
    frozen: bool
    parked: list[Any]

    def count(self) -> None:
        """One callback of the process is about to run; the process may die of it."""


PROCESS: ContextVar[Runs | None] = ContextVar("PROCESS", default=None)


class Stuck(Exception):
    """Nothing is ready and nothing ever will be, or time or steps ran out."""


class Loop(asyncio.BaseEventLoop):
    """Runs until the main coroutine ends. Raises Stuck beyond the limits."""

    def __init__(self, random: Random, seconds_max: float, steps_max: int) -> None:
        super().__init__()
        self._random, self._now_s = random, 0.0
        self._seconds_max, self._steps_left = seconds_max, steps_max
        self.set_exception_handler(lambda *_: None)

    def time(self) -> float:
        """Virtual seconds since the loop began."""
        return self._now_s

    def outside(self, delay_s: float, run: Callable[..., Any], *args: Any) -> asyncio.TimerHandle:
        """Call later, as nobody: it happens whatever becomes of the process that asked for it."""
        return self.call_at(self._now_s + delay_s, run, *args, context=Context())

    def limit(self, seconds_max: float) -> None:
        """The virtual time by which the main coroutine has to end."""
        self._seconds_max = seconds_max

    def _run_once(self) -> None:
        ready = self._due()
        if not ready:
            return
        if len(ready) > 1:
            at = self._random.randrange(len(ready))
            ready[0], ready[at] = ready[at], ready[0]
        handle = ready.popleft()
        if handle.cancelled():
            return
        process = handle._context.get(PROCESS)
        if process is not None:
            process.count()
            if process.dead:
                return
            if process.frozen:
                process.parked.append(handle)
                return
        self._steps_left -= 1
        if self._steps_left < 0 or self._now_s > self._seconds_max:
            raise Stuck(f"no end after {self._now_s:.0f} virtual seconds")
        handle._run()

    def _due(self) -> Any:
        """The callbacks that are ready; where there are none, the clock goes on to the next."""
        ready, timers = self._ready, self._scheduled  # type: ignore[attr-defined]
        if not ready:
            if not timers:
                raise Stuck("nothing is ready and no timer is set")
            self._now_s = max(self._now_s, timers[0].when())
        while timers and timers[0].when() <= self._now_s:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            if not timer.cancelled():
                ready.append(timer)
        return ready

    def revive(self, handles: list[Any]) -> None:
        """Callbacks of a process that thaws are ready again."""
        self._ready.extend(handles)  # type: ignore[attr-defined]

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""

    def _process_events(self, _events: Any) -> None:
        """There are none."""
