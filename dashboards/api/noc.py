"""The NOC's figures: once as JSON, or as a stream of server-sent events.

An open stream looks every CHECK_S whether the session or key still stands; it ends if not.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import structlog
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import StreamingResponse

from dashboards.api.problems import Unavailable
from dashboards.api.state import Latest, Parts
from dashboards.api.who import REFUSALS, STAFF_ONLY
from dashboards.hub import VIEWERS_MAX, Hub
from dashboards.schemas import Snapshot
from deploy.runtime.documents import DocumentsDown

RETRY_MS: Final = 2_000
CHECK_S: Final = 10.0
SIGNED_OUT: Final = "event: signed-out\ndata:\n\n"
"""the last event of a stream whose session has ended"""

router = APIRouter(
    prefix="/v1", tags=["noc"], dependencies=[Depends(STAFF_ONLY)], responses=REFUSALS
)
_log = structlog.get_logger()


@router.get("/noc")
async def read_noc(latest: Latest) -> Snapshot:
    """The latest snapshot of the NOC page."""
    return latest


@router.get(
    "/noc/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream_noc(request: Request, parts: Parts) -> StreamingResponse:
    """Events named `snapshot`, each with the JSON of `/v1/noc`: the latest at once, then news."""
    if parts.hub.viewers >= VIEWERS_MAX:
        raise Unavailable(f"{VIEWERS_MAX} pages are open already.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    events = _events(parts.hub, request)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _events(hub: Hub, request: Request) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    checked_s = clock()
    yield f"retry: {RETRY_MS}\n\n"
    async for frame in hub.frames():
        if clock() - checked_s >= CHECK_S:
            checked_s = clock()
            if not await _still(request):
                yield SIGNED_OUT
                return
        yield f"id: {frame.serial}\nevent: snapshot\ndata: {frame.json}\n\n"


async def _still(request: Request) -> bool:
    """Whether the person may go on. While the documents are away, nobody could end a session."""
    try:
        return await STAFF_ONLY.still(request)
    except DocumentsDown as error:
        _log.warning("a stream's session was not checked", reason=str(error))
        return True
