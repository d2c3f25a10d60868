"""The fraud watch as a process: its partitions' topics in, alerts and orders out.

A plain consumer group, no Faust app: the watch reads three topics as one, in the order of their
arrival, and goes on from where its own state ends; neither can be had of a Faust agent.
"""

import asyncio
import os
import signal
from functools import partial

import structlog

from billing.fraud.rules import Rules
from deploy.runtime import health, metrics
from deploy.runtime.settings import Settings
from kernels import warm
from streams.decks import Reference
from streams.fraud_watcher import Watcher
from streams.retry import EXIT_BUG
from streams.topics import ensure_topics

WAIT_S = 60.0
_log = structlog.get_logger()


def serve(settings: Settings, rules: Rules) -> None:
    """Run until SIGTERM or SIGINT."""
    state = health.serve("fraud", settings.fraud_metrics, "TOLLWIRE_FRAUD_METRICS")
    warm()
    asyncio.run(ensure_topics(settings, WAIT_S))
    asyncio.run(_run(settings, rules, state))


async def _run(settings: Settings, rules: Rules, state: health.Health) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    beating = asyncio.create_task(state.beat(), name="heartbeat")
    reference = Reference(settings)
    await reference.start()
    watcher = Watcher(settings, rules, lambda: reference.tariff)
    unready = partial(health.unreachable, settings.broker, "TOLLWIRE_BROKER")
    state.ready_when(unready)
    ends = [
        asyncio.create_task(stop.wait(), name="signal"),
        asyncio.create_task(reference.follow(), name="deck hand-over"),
        asyncio.create_task(watcher.run(), name="watch"),
    ]
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        error = [repr(task.exception()) for task in done if task.exception()]
        _log.error("the worker ends: a part of it stopped", error=error)
        os._exit(EXIT_BUG)
    state.ready_when(lambda: ["stopping"])
    metrics.FRAUD_READY.set(0)
    for task in (beating, *ends):
        task.cancel()
    await asyncio.wait(ends)
    await watcher.leave()
    await reference.stop()
    _log.info("worker stopped")
