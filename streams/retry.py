"""Effects against parts that may be away: tried again in place, which is the back-pressure."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

import structlog

from clickhouse.client import ClickHouseDown
from deploy.runtime import metrics
from streams.waiting import under_way

_log = structlog.get_logger()
_PAUSE_S_FIRST = 0.1
_PAUSE_S_MAX = 5.0
EXIT_BUG = 70

T = TypeVar("T")


async def until_done(
    effect: str, outages: tuple[type[BaseException], ...], run: Callable[[], Awaitable[T]]
) -> T:
    """The result of run(), waiting through any of the `outages` for as long as they last."""
    pause_s = _PAUSE_S_FIRST
    with under_way(effect) as wait:
        while True:
            try:
                return await run()
            except outages as error:
                wait.failed("clickhouse" if isinstance(error, ClickHouseDown) else "broker")
                metrics.RETRIES.labels(effect).inc()
                _log.warning("effect failed, trying again", effect=effect, error=str(error)[:300])
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _PAUSE_S_MAX)


def stop_the_process(where: str) -> NoReturn:
    """A bug: end at once, without acknowledging the batch, so that its offset is not committed."""
    _log.exception("stopped by a bug: nothing of this batch was acknowledged", where=where)
    os._exit(EXIT_BUG)
