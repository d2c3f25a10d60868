"""The conservation line: received = rated + suspended + dead + duplicate."""

from fastapi import APIRouter, Depends

from dashboards.api.problems import Unavailable
from dashboards.api.state import Latest
from dashboards.api.who import REFUSALS, STAFF_ONLY
from dashboards.schemas import Conservation

router = APIRouter(prefix="/v1", tags=["conservation"])


@router.get("/conservation", dependencies=[Depends(STAFF_ONLY)], responses=REFUSALS)
async def read_conservation(latest: Latest) -> Conservation:
    """The line over what arrived in the last 24 hours, in calls and in seconds."""
    if latest.conservation is None:
        detail = latest.error.detail if latest.error else "The line has not been read yet."
        raise Unavailable(detail)
    return latest.conservation
