"""The NOC's figures: once as JSON, or as a stream of server-sent events."""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from dashboards.api.problems import Unavailable
from dashboards.api.state import Latest, Parts
from dashboards.hub import VIEWERS_MAX, Hub
from dashboards.schemas import Snapshot

RETRY_MS: Final = 2_000

router = APIRouter(prefix="/v1", tags=["noc"])


@router.get("/noc")
async def read_noc(latest: Latest) -> Snapshot:
    """The latest snapshot of the NOC page."""
    return latest


@router.get(
    "/noc/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream_noc(parts: Parts) -> StreamingResponse:
    """Events named `snapshot`, each with the JSON of `/v1/noc`: the latest at once, then news."""
    if parts.hub.viewers >= VIEWERS_MAX:
        raise Unavailable(f"{VIEWERS_MAX} pages are open already.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(parts.hub), media_type="text/event-stream", headers=headers)


async def _events(hub: Hub) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    async for frame in hub.frames():
        yield f"id: {frame.serial}\nevent: snapshot\ndata: {frame.json}\n\n"
