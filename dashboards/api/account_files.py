"""Accounts as files: TOML and CSV, out and in."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, UploadFile
from starlette.responses import Response

from billing.account_terms import format_csv, format_toml, parse_terms
from dashboards.account_schemas import FileLoaded
from dashboards.api.account_desk import documents
from dashboards.api.once import Once
from dashboards.api.state import Parts
from dashboards.api.who import REFUSALS, STAFF_ONLY, Approver, Identities, refusals
from dashboards.identity.audit import Event

FILE_BYTES_MAX: Final = 16 * 1024 * 1024

router = APIRouter(
    prefix="/v1",
    tags=["accounts"],
    responses=REFUSALS,
    max_body_size=FILE_BYTES_MAX,
    route_class=Once,
)


@router.get("/accounts.toml", dependencies=[Depends(STAFF_ONLY)], response_class=Response)
def export_toml(parts: Parts) -> Response:
    """Every account with its limit, as the TOML file that makes the same of it."""
    with documents(parts) as found:
        text = format_toml(each.terms for each in found.all())
    return _file(text, "accounts.toml", "application/toml")


@router.get("/accounts.csv", dependencies=[Depends(STAFF_ONLY)], response_class=Response)
def export_csv(parts: Parts) -> Response:
    """Every account with its limit, without trunks, as CSV; no cell is a formula."""
    with documents(parts) as found:
        text = format_csv(each.terms for each in found.all())
    return _file(text, "accounts.csv", "text/csv; charset=utf-8")


@router.post(
    "/account-files", status_code=HTTPStatus.CREATED, responses=refusals(400, 409, 413, 422)
)
def load_file(
    parts: Parts,
    person: Approver,
    identity: Identities,
    file: Annotated[UploadFile, File(description="TOML, or CSV if its name ends so, up to 16 MiB")],
    why: Annotated[str, Form(max_length=1_000)] = "",
) -> FileLoaded:
    """Make or change the accounts of a file, all or none; others stay as they are."""
    name = Path(file.filename or "accounts.toml").name
    data = file.file.read()
    with documents(parts) as found:
        terms = parse_terms(data, name)
        event = Event(identity.clock_ms(), person.name, "accounts.load", name, reason=why)
        changed = found.load(terms, event)
    return FileLoaded(accounts=len(terms), changed=len(changed))


def _file(text: str, name: str, media_type: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=media_type, headers=headers)
