"""`tollwire serve webhooks`: every target followed for itself, in one process.

Two processes with one file would post everything twice: run one, and start it again when it ends.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

import aiohttp
import structlog

from deploy.runtime import health, metrics
from deploy.runtime.settings import Settings
from streams.retry import EXIT_BUG
from streams.topics import ensure_topics
from streams.webhooks.following import Following
from streams.webhooks.posting import Poster
from streams.webhooks.targets import Target, read_targets

WAIT_S: Final = 60.0
_log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Raises OptionsRefused, BrokerDown at start."""
    targets = read_targets(settings.webhooks)
    state = health.serve("webhooks", settings.webhooks_metrics, "TOLLWIRE_WEBHOOKS_METRICS")
    log = asyncio.run(ensure_topics(settings, WAIT_S))
    asyncio.run(_run(settings, targets, log, state))


async def _run(
    settings: Settings, targets: Mapping[str, Target], log: str, state: health.Health
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    beating = asyncio.create_task(state.beat(), name="heartbeat")
    async with AsyncExitStack() as held:
        session = await held.enter_async_context(aiohttp.ClientSession())
        ends: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait(), name="signal")]
        for name, target in targets.items():
            following = Following(settings, name, target, Poster(name, target, log, session))
            held.push_async_callback(following.stop)
            await following.start()
            ends.append(asyncio.create_task(following.run(), name=name))
        state.ready_when(partial(health.unreachable, settings.broker, "TOLLWIRE_BROKER"))
        metrics.WEBHOOKS_READY.set(1)
        _log.info("webhooks are posted", targets=list(targets))
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            error = [repr(task.exception()) for task in done if task.exception()]
            _log.error("webhooks end: a part of them stopped", error=error)
            os._exit(EXIT_BUG)
        for task in (beating, *ends):
            task.cancel()
        await asyncio.wait(ends)
    _log.info("webhooks stopped")
