"""One rater process: wait for the parts, prepare, hand the tariff over, run the Faust app."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from contextlib import suppress

import structlog

from clickhouse.client import wait_ready
from clickhouse.migrate import migrate
from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from kernels import warm
from streams import rater
from streams.decks import Reference
from streams.retry import EXIT_BUG
from streams.topics import ensure_topics

WAIT_S = 60.0
STOP_S_MAX = 10.0
GC_ALLOCATIONS = 100_000
_log = structlog.get_logger()


def serve(settings: Settings, hand_over: Callable[[], tuple[int, int]]) -> None:
    """Run until SIGTERM or SIGINT. hand_over puts stored decks and accounts on the topics."""
    metrics.serve(settings.rater_metrics, "TOLLWIRE_RATER_METRICS")
    warm()
    _log.info("kernels ready")
    wait_ready(settings, WAIT_S)
    applied = migrate(settings)
    _log.info("database ready", migrations_applied=len(applied))
    log = asyncio.run(ensure_topics(settings, WAIT_S))
    versions, accounts = hand_over()
    _log.info("topics ready", log=log, deck_versions=versions, accounts=accounts)
    asyncio.run(_run(settings, log))


async def _run(settings: Settings, log: str) -> None:
    reference = Reference(settings)
    await reference.start()
    app = rater.build(settings, log, reference)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _spare_the_collector()
    following = asyncio.create_task(reference.follow(), name="deck hand-over")
    await app.start()
    metrics.READY.set(1)
    _log.info("rater ready", broker=settings.broker, partitions=settings.partitions)
    ends = {
        asyncio.create_task(stop.wait(), name="signal"),
        asyncio.create_task(app.wait_until_stopped(), name="faust"),
        following,
    }
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        why = [task.get_name() for task in done]
        error = [repr(task.exception()) for task in done if task.exception()]
        _log.error(
            "the rater ends: a part of it stopped", part=why, error=error or app.crash_reason
        )
        os._exit(EXIT_BUG)
    metrics.READY.set(0)
    with suppress(TimeoutError):
        await asyncio.wait_for(app.stop(), STOP_S_MAX)
    for task in ends:
        task.cancel()
    await reference.stop()
    _log.info("rater stopped")


def _spare_the_collector() -> None:
    """What is loaded by now stays; the stream's own garbage goes by reference counts."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 100)
