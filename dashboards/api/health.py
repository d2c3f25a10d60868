"""Whether the process lives (`/healthz`) and whether its figures are fresh (`/readyz`)."""

from typing import Final

from fastapi import APIRouter

from dashboards.api.problems import Unavailable
from dashboards.api.state import Latest, Parts

FRESH_MS_MAX: Final = 30_000

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def read_health(parts: Parts) -> dict[str, str]:
    """200 while the poller runs; a restart helps if it does not."""
    if not parts.poller.alive:
        raise Unavailable("The poller has stopped; see the log, restart the console.")
    return {"status": "ok"}


@router.get("/readyz")
async def read_readiness(latest: Latest) -> dict[str, str]:
    """200 while ClickHouse answers; figures may be older during a short outage."""
    if latest.error:
        raise Unavailable(latest.error.detail)
    if latest.as_of_ms is None:
        raise Unavailable("The first figures are being read.")
    if latest.now_ms - latest.as_of_ms > FRESH_MS_MAX:
        raise Unavailable(f"The figures are older than {FRESH_MS_MAX // 1_000} s.")
    return {"status": "ready"}
