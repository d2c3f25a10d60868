"""Whether the process lives (`/healthz`) and whether it has something to show (`/readyz`).

A console whose ClickHouse is away is ready: what it has to say is needed most just then.
"""

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import JSONResponse

from dashboards.api.state import Console, Parts
from dashboards.identity.access import OPEN
from deploy.runtime import health
from deploy.runtime.health import Answer

PROCESS = "console"


class Health(BaseModel):
    """How a process is; reasons: why it is stuck or not ready."""

    status: str
    process: str
    reasons: list[str] = []


router = APIRouter(
    tags=["health"],
    responses={
        200: {"model": Health, "description": "Yes"},
        503: {"model": Health, "description": "No, and why"},
    },
)


def _answer(answer: Answer) -> JSONResponse:
    return JSONResponse(answer.body, answer.status, headers={"cache-control": "no-store"})


def _ended(console: Console) -> list[str]:
    ended = [task.get_name() for task in console.tasks if task.done()]
    ended += [] if console.poller.alive else ["poller"]
    return [f"the {name} has ended; see the log" for name in ended]


@router.get("/healthz", dependencies=[Depends(OPEN)])
async def read_health(parts: Parts) -> JSONResponse:
    """200 while everything that feeds the page runs; a restart helps if it does not."""
    return _answer(health.alive(PROCESS, _ended(parts)))


@router.get("/readyz", dependencies=[Depends(OPEN)])
async def read_readiness(parts: Parts) -> JSONResponse:
    """200 once there is something to show, be it that ClickHouse is away."""
    frame = parts.hub.frame
    read = frame is not None and frame.snapshot.state != "loading"
    reasons = [] if read else ["the first figures are being read"]
    return _answer(health.ready(PROCESS, [*_ended(parts), *reasons]))
