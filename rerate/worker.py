"""The re-rating worker: a Faust app without tables that takes chunks from rerate.tasks.

Workers of one consumer group share the partitions. What a worker does not finish another one does
again, which is harmless (rerate/work.py).
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import faust
import structlog
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError

from clickhouse.client import ClickHouseDown, connect, wait_ready
from clickhouse.migrate import migrate
from deploy.runtime import health, metrics
from deploy.runtime.settings import Settings
from kernels import gpu, warm
from rerate.sending import Event
from rerate.task import Task, decode
from rerate.work import WORKER, Worker
from streams import topics
from streams.faust_app import add_agent, new_app
from streams.retry import stop_the_process, until_done
from streams.running import run_app

GROUP: Final = "tollwire-rerate"
AT_ONCE: Final = 2
"""Chunks: one is rated while ClickHouse reads or writes the other."""
LINGER_MS: Final = 5
WAIT_S: Final = 60.0
_log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    state = health.serve("rerate", settings.rerate_metrics, "TOLLWIRE_RERATE_METRICS")
    warm()
    wait_ready(settings, WAIT_S)
    migrate(settings)
    asyncio.run(topics.ensure_topics(settings, WAIT_S))
    asyncio.run(_run(settings, state))


async def _run(settings: Settings, state: health.Health) -> None:
    await run_app(settings, build(settings), state, metrics.RERATE_READY)


def build(settings: Settings) -> faust.App:
    """The Faust app of one worker."""
    app = new_app(GROUP, settings, datadir=str(settings.data_dir / "rerate"))
    worker = Worker(partial(connect, settings), settings.kernel_threads)

    async def say(event: Event) -> None:
        key, value = event.encode()
        try:
            await app.producer.send_and_wait(topics.RERATE_EVENTS, key, value, None, None, None)
        except ProducerSendError as error:
            raise KafkaError(str(error)) from error

    async def one(task: Task) -> None:
        do = partial(asyncio.to_thread, worker.do, task)
        calls = await until_done("rerate", (ClickHouseDown,), do)
        if calls is not None:
            await until_done("say", (KafkaError,), partial(say, _done(task, calls)))

    async def run(events: Sequence[Any]) -> None:
        try:
            tasks = filter(None, [_task(event.message.value) for event in events])
            await asyncio.gather(*map(one, tasks))
        except Exception:
            stop_the_process("rerate")

    add_agent(app, topics.RERATE_TASKS, run, AT_ONCE, linger_ms=LINGER_MS)
    return app


def _task(value: bytes) -> Task | None:
    """A task, or None for what is none; that is left in the log."""
    try:
        return decode(value)
    except (ValueError, KeyError, TypeError) as error:
        _log.warning("no task of ours", error=repr(error)[:300])
        return None


def _done(task: Task, calls: int) -> Event:
    device = "CUDA" if gpu.takes(calls) else "CPU"
    return Event(
        task.run,
        "",
        int(time.time() * 1_000),
        task.step,
        task.phase,
        chunks_done=1,
        calls_done=calls,
        by=WORKER,
        device=device,
    )
