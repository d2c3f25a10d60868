"""The audit log for admins: the page, `/v1/audit`, and the same as CSV for a spreadsheet."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from billing.inert_text import safe
from billing.instants import format_instant_ms
from dashboards.api.csv_file import csv_file
from dashboards.api.page import shown
from dashboards.api.who import REFUSALS, Admin, Identities
from dashboards.identity.audit import SHOWN_MAX, Row, Wanted

PAGE_ROWS: Final = 200
COLUMNS: Final = (
    *("number", "at", "actor", "what", "object", "before", "after", "reason"),
    *("previous", "own"),
)

router = APIRouter(tags=["identity"], responses=REFUSALS)
Word = Annotated[str, Query(max_length=200)]
OnWhat = Annotated[str, Query(max_length=200, alias="object")]
Limit = Annotated[int, Query(ge=1, le=SHOWN_MAX)]


class RowShown(BaseModel):
    """A row; `own` is its hash, `previous` that of the row before it."""

    number: int
    at_ms: int
    actor: str
    what: str
    object: str
    before: str
    after: str
    reason: str
    previous: str
    own: str


def wanted(actor: Word = "", what: Word = "", of: OnWhat = "", limit: Limit = PAGE_ROWS) -> Wanted:
    """Which rows; `what` may be the beginning of a word."""
    return Wanted(actor.strip(), what.strip(), of.strip(), limit)


Which = Annotated[Wanted, Depends(wanted)]


@router.get("/admin/audit", include_in_schema=False)
def open_audit(request: Request, person: Admin, identity: Identities, which: Which) -> Response:
    """The page of the log, newest first."""
    rows = identity.audit.rows(which)
    return shown(
        request, "audit.html", person, rows=rows, which=which, full=len(rows) == which.limit
    )


@router.get("/v1/audit")
def list_rows(_: Admin, identity: Identities, which: Which) -> list[RowShown]:
    """Rows of the log, newest first."""
    return [
        RowShown(number=row.number, previous=row.previous, own=row.own, **row.event._asdict())
        for row in identity.audit.rows(which)
    ]


@router.get("/v1/audit.csv", response_class=Response)
def export_rows(_: Admin, identity: Identities, which: Which) -> Response:
    """Rows of the log as CSV, newest first; no cell is a formula."""
    return csv_file("audit.csv", COLUMNS, map(_cells, identity.audit.rows(which)))


def _cells(row: Row) -> list[str]:
    at_ms, *words = row.event
    said = [safe(str(word)) for word in words]
    return [str(row.number), format_instant_ms(int(at_ms)), *said, row.previous, row.own]
