"""Stored calls: a page of them, one with both legs, why it costs what it does, and the suspense."""

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException

from clickhouse import call_search
from dashboards.api.call_query import After, Calls, Window
from dashboards.api.state import Parts
from dashboards.api.who import REFUSALS, STAFF_ONLY
from dashboards.call_schemas import CallPage, Suspense, WholeCall, Why
from dashboards.call_views import call_view, cursor_of, waiting_view, whole_view
from dashboards.why import why

PAGE_CALLS = 50

router = APIRouter(
    prefix="/v1", tags=["calls"], dependencies=[Depends(STAFF_ONLY)], responses=REFUSALS
)


@router.get("/calls")
def read_calls(parts: Parts, wanted: Calls, after: After) -> CallPage:
    """Calls of a window, newest first."""
    with parts.reader.client() as client:
        found = call_search.page(client, wanted, after, PAGE_CALLS + 1)
    shown = found[:PAGE_CALLS]
    more = cursor_of(shown[-1]) if len(found) > PAGE_CALLS else None
    return CallPage(calls=[call_view(call) for call in shown], next=more)


@router.get("/calls/{call}")
def read_call(parts: Parts, call: str) -> WholeCall:
    """One call: both legs, and the rate rows that charge them."""
    with parts.reader.client() as client:
        found = call_search.one(client, call)
        if found is None:
            raise _none(call)
        rated = [leg for leg in found.call.legs if not leg.reason]
        rows = {leg.side: call_search.rate_row(client, leg) for leg in rated}
    return whole_view(found, {side: row for side, row in rows.items() if row is not None})


@router.get("/calls/{call}/why")
def read_why(parts: Parts, call: str) -> list[Why]:
    """Why each leg costs what it does, step by step."""
    with parts.reader.client() as client:
        found = call_search.one(client, call)
        if found is None:
            raise _none(call)
        return why(client, found)


@router.get("/suspense")
def read_suspense(parts: Parts, span: Window) -> Suspense:
    """What waits in suspense of the calls of a window."""
    with parts.reader.client() as client:
        lines = call_search.suspense(client, *span)
    more = len(lines) == call_search.SUSPENSE_MAX
    return Suspense(lines=[waiting_view(line) for line in lines], more=more)


def _none(call: str) -> HTTPException:
    return HTTPException(404, f"There is no call {call!r}; an id has 32 hexadecimal digits.")
