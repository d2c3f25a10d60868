"""The controls: a Faust app with tables, on rated calls. For now it keeps account balances."""

import asyncio
from typing import Any

import faust
from faust.types import TP

from clickhouse.client import wait_ready
from clickhouse.migrate import migrate
from deploy.runtime import health, metrics
from deploy.runtime.settings import Settings
from streams import topics, wire
from streams.balance_table import BalanceTable
from streams.faust_app import new_app
from streams.reconcile import Reconciliation
from streams.retry import stop_the_process
from streams.running import run_app
from streams.worker import WAIT_S

WRITE_S = 3.0


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    state = health.serve("controls", settings.controls_metrics, "TOLLWIRE_CONTROLS_METRICS")
    wait_ready(settings, WAIT_S)
    migrate(settings)
    asyncio.run(topics.ensure_topics(settings, WAIT_S))
    asyncio.run(_run(settings, state))


async def _run(settings: Settings, state: health.Health) -> None:
    app = build(settings)
    await run_app(settings, app, state, metrics.CONTROLS_READY)


def build(settings: Settings) -> faust.App:
    """The Faust app of one worker."""
    app = new_app(topics.CONTROLS, settings, table_standby_replicas=0)
    table = app.tables.add(BalanceTable(app, settings.partitions))
    source = app.topic(topics.RATED, value_type=bytes, value_serializer="raw", key_serializer="raw")
    reconciliation = Reconciliation(settings, table)

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            try:
                table.post(event.message.partition, wire.decode_rated(event.value))
            except Exception:
                stop_the_process("post")
            metrics.MESSAGES.labels(topics.RATED).inc()

    app.agent(source, name="tollwire.balance", concurrency=1)(agent)

    @app.task
    async def keep() -> None:
        while True:
            await asyncio.sleep(WRITE_S)
            if not app.rebalancing:
                # one worker compares for all
                await reconciliation.run(TP(topics.RATED, 0) in app.consumer.assignment())

    return app
