"""One rater process: wait for the parts, prepare, hand the tariff over, run the Faust app."""

import asyncio
from collections.abc import Callable

import structlog

from clickhouse.client import wait_ready
from clickhouse.migrate import migrate
from deploy.runtime import health, metrics
from deploy.runtime.health import Health
from deploy.runtime.settings import Settings
from kernels import warm
from streams import rater
from streams.decks import Reference
from streams.running import run_app
from streams.topics import ensure_topics

WAIT_S = 60.0
_log = structlog.get_logger()


def serve(settings: Settings, hand_over: Callable[[], tuple[int, int]]) -> None:
    """Run until SIGTERM or SIGINT. hand_over puts stored decks and accounts on the topics."""
    state = health.serve("rater", settings.rater_metrics, "TOLLWIRE_RATER_METRICS")
    warm()
    _log.info("kernels ready")
    wait_ready(settings, WAIT_S)
    applied = migrate(settings)
    _log.info("database ready", migrations_applied=len(applied))
    log = asyncio.run(ensure_topics(settings, WAIT_S))
    versions, accounts = hand_over()
    _log.info("topics ready", log=log, deck_versions=versions, accounts=accounts)
    asyncio.run(_run(settings, log, state))


async def _run(settings: Settings, log: str, state: Health) -> None:
    reference = Reference(settings)
    await reference.start()
    app = rater.build(settings, log, reference)
    following = asyncio.create_task(reference.follow(), name="deck hand-over")
    await run_app(settings, app, state, metrics.READY, (following,), reference.stop)
