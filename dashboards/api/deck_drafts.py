"""Drafts of decks: a sheet comes in, is looked at, approved, published or rejected.

The person is whoever is signed in. Two people are needed where the partner's agreement says so.
"""

import time
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, File, Form, Path, UploadFile

from billing.errors import BadField
from billing.instants import parse_instant_ms
from dashboards.api.deck_desk import desk, known
from dashboards.api.once import Once
from dashboards.api.problems import Refused
from dashboards.api.state import Parts
from dashboards.api.telling import told
from dashboards.api.who import REFUSALS, STAFF_ONLY, Analyst, Approver, Identities, refusals
from dashboards.deck_schemas import (
    DiffView,
    DraftList,
    PublishedDraft,
    Reason,
    Refusal,
    Side,
    WholeDraft,
)
from dashboards.deck_views import diff_view, draft_view, late_sentence, whole_view
from deploy.decks.publish import Terms
from deploy.decks.reading import Asked, rates_in

SHEET_BYTES_MAX: Final = 32 * 1024 * 1024
NAME: Final = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
STEP: Final = refusals(404, 409)

router = APIRouter(
    prefix="/v1/deck-drafts",
    tags=["decks"],
    responses=REFUSALS,
    route_class=Once,
    max_body_size=SHEET_BYTES_MAX,
)


class Upload:
    """A sheet, and what a version of it shall be."""

    def __init__(
        self,
        file: Annotated[UploadFile, File(description="CSV, TSV, XLSX, XLS or ODS, up to 32 MiB")],
        deck: Annotated[str, Form(pattern=NAME, examples=["meridian"])],
        side: Annotated[Side, Form()],
        valid_from: Annotated[
            str, Form(max_length=40, description="ISO 8601, or now", examples=["2026-12-10"])
        ] = "now",
        currency: Annotated[
            str, Form(pattern="^([A-Z]{3})?$", description="default: the deck's, else USD")
        ] = "",
        coverage: Annotated[
            Literal["", "full", "country", "partial"],
            Form(description="default: as the file says, else full"),
        ] = "",
        why: Annotated[str, Form(max_length=1_000)] = "",
    ) -> None:
        self.file, self.deck, self.side, self.why = file, deck, side, why
        self.currency, self.coverage = currency, coverage
        self.valid_from_ms = _instant(valid_from)


def _instant(text: str) -> int:
    if text == "now":
        return time.time_ns() // 1_000_000
    try:
        return parse_instant_ms(text)
    except (BadField, ValueError) as flaw:
        raise Refused(
            f"valid_from={text!r}: must be an instant such as 2026-12-10T00:00:00Z ({flaw})"
        ) from None


@router.get("", dependencies=[Depends(STAFF_ONLY)])
def read_drafts(parts: Parts) -> DraftList:
    """All drafts, newest first."""
    with desk(parts) as found:
        return DraftList(drafts=[draft_view(each) for each in reversed(found.drafts.all())])


@router.post("", status_code=HTTPStatus.CREATED, responses=refusals(400, 409, 413))
def make_draft(
    parts: Parts, person: Analyst, identity: Identities, upload: Annotated[Upload, Depends()]
) -> WholeDraft:
    """Keep a sheet as a draft. Nothing is priced by it."""
    name = FilePath(FilePath(upload.file.filename or "sheet").name)
    data = upload.file.file.read()
    with desk(parts) as found:
        options = found.options_of(upload.deck, upload.side, None, upload.currency or None)
        layout = found.layout_of(upload.deck, upload.side)
        now_ms = time.time_ns() // 1_000_000
        asked = Asked(upload.side, upload.valid_from_ms, options, upload.coverage, layout, now_ms)
        sheet = rates_in(data, name, asked)
        own = (sheet.coverage, upload.valid_from_ms, options, sheet.source, sheet.sha256)
        terms = Terms(upload.deck, upload.side, *own)
        of = f"{upload.side} {upload.deck}"
        made = told(
            identity,
            person,
            "deck.draft",
            of,
            upload.why,
            lambda: found.make(terms, sheet, person.name, upload.why),
        )
    return whole_view(made)


@router.get("/{number}", dependencies=[Depends(STAFF_ONLY)])
def read_draft(parts: Parts, number: Number) -> WholeDraft:
    """A draft: how its file was read, what is wrong or odd, who did what."""
    with desk(parts) as found:
        return whole_view(known(found, number))


@router.get("/{number}/diff", dependencies=[Depends(STAFF_ONLY)], responses=refusals(409))
def read_diff(parts: Parts, number: Number) -> DiffView:
    """What a draft changes of its deck, weighed by the calls of the last 30 days."""
    with desk(parts) as found:
        known(found, number)
        return diff_view(found.diff(number))


@router.post("/{number}/approval", responses=STEP)
def approve_draft(
    parts: Parts, person: Approver, identity: Identities, number: Number, reason: Reason
) -> WholeDraft:
    """Say that the difference was looked at and is meant."""
    with desk(parts) as found:
        known(found, number)
        done = told(
            identity,
            person,
            "deck.approve",
            f"draft {number}",
            reason.why,
            lambda: found.approve(number, person.name, reason.why),
        )
    return whole_view(done)


@router.post("/{number}/publication", responses=STEP)
def publish_draft(
    parts: Parts, person: Approver, identity: Identities, number: Number
) -> PublishedDraft:
    """Make an approved draft an immutable version, and hand it to the running workers."""
    with desk(parts) as found:
        known(found, number)
        done = told(
            identity,
            person,
            "deck.publish",
            f"draft {number}",
            "",
            lambda: found.publish(number, person.name),
        )
    late = [late_sentence(own) for own in done.published.touched]
    view = draft_view(done.draft)
    return PublishedDraft(draft=view, already=done.published.already, late=late, run=done.run)


@router.post("/{number}/rejection", responses=STEP)
def reject_draft(
    parts: Parts, person: Approver, identity: Identities, number: Number, refusal: Refusal
) -> WholeDraft:
    """Refuse a draft for good."""
    with desk(parts) as found:
        known(found, number)
        done = told(
            identity,
            person,
            "deck.reject",
            f"draft {number}",
            refusal.why,
            lambda: found.reject(number, person.name, refusal.why),
        )
    return whole_view(done)
