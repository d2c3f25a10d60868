"""A Faust app as a process: join, say when it is ready, leave when told to."""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

import faust
import structlog
from prometheus_client import Gauge

from clickhouse.client import ClickHouseDown, wait_ready
from deploy.runtime.health import Health, unreachable
from deploy.runtime.settings import Settings
from streams.lag import Lag
from streams.retry import EXIT_BUG
from streams.waiting import Part, waiting_s

STOP_S_MAX = 10.0
GC_ALLOCATIONS = 100_000
_PARTS: dict[Part, str] = {"broker": "the broker", "clickhouse": "ClickHouse"}
_log = structlog.get_logger()


async def run_app(
    settings: Settings,
    app: faust.App,
    state: Health,
    ready: Gauge,
    beside: Sequence["asyncio.Task[None]"] = (),
    and_stop: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Run a Faust app until SIGTERM or SIGINT; one that stops by itself ends the process.

    beside: tasks that must not end before it. and_stop: what else is let go of in the end.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    beating = asyncio.create_task(state.beat(), name="heartbeat")
    _spare_the_collector()
    stopped = asyncio.create_task(stop.wait(), name="signal")
    _log.info("joining the group", broker=settings.broker)
    await _joined(app, stopped)
    watching = asyncio.create_task(Lag(settings, app).follow(), name="lag")
    ready.set(1)
    state.ready_when(lambda: _not_ready(settings))
    _log.info("worker ready", broker=settings.broker, partitions=settings.partitions)
    ends = {
        stopped,
        asyncio.create_task(app.wait_until_stopped(), name="faust"),
        *beside,
    }
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        why = [task.get_name() for task in done]
        error = [repr(task.exception()) for task in done if task.exception()]
        _log.error(
            "the worker ends: a part of it stopped", part=why, error=error or app.crash_reason
        )
        os._exit(EXIT_BUG)
    ready.set(0)
    state.ready_when(lambda: ["stopping"])
    leaving = asyncio.create_task(_leave(app, and_stop))
    if not (await asyncio.wait({leaving}, timeout=STOP_S_MAX))[0]:
        _log.warning("left without goodbye: the broker did not answer; nothing is lost by it")
        os._exit(0)
    for task in (beating, watching, *ends):
        task.cancel()
    _log.info("worker stopped")


async def _joined(app: faust.App, stopped: "asyncio.Task[bool]") -> None:
    starting = asyncio.create_task(app.start())
    await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        _log.info("worker stopped before it had joined the group")
        os._exit(0)
    await starting


async def _leave(app: faust.App, and_stop: Callable[[], Awaitable[None]] | None) -> None:
    await app.stop()
    if and_stop:
        await and_stop()


def _not_ready(settings: Settings) -> list[str]:
    """Why calls cannot be rated and stored just now; called from the thread that answers."""
    found = unreachable(settings.broker, "TOLLWIRE_BROKER")
    try:
        wait_ready(settings, 0)
    except ClickHouseDown:
        found.append(f"ClickHouse does not answer at {settings.clickhouse} (TOLLWIRE_CLICKHOUSE)")
    for part, name in _PARTS.items():
        if waited_s := waiting_s(part):
            found.append(f"an effect has waited {waited_s:.0f} s for {name}")
    return found


def _spare_the_collector() -> None:
    """What is loaded by now stays; the stream's own garbage goes by reference counts."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 100)
