"""The pages of decks: all of them with drafts on their way, one deck, one draft."""

from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboards.api import page
from dashboards.api.deck_drafts import Number, read_diff, read_draft, read_drafts
from dashboards.api.decks import read_deck, read_decks
from dashboards.api.state import Parts
from dashboards.api.who import ANALYSES, APPROVES, Staff
from dashboards.deck_schemas import Side

router = APIRouter(include_in_schema=False)


@router.get("/decks")
def open_decks(request: Request, person: Staff, parts: Parts) -> Response:
    """Decks, drafts, and the form for a new sheet."""
    decks, drafts = read_decks(parts).decks, read_drafts(parts).drafts
    may = person.may(ANALYSES.roles)
    return page.shown(request, "decks.html", person, decks=decks, drafts=drafts, may=may)


@router.get("/decks/{side}/{deck}")
def open_deck(request: Request, person: Staff, parts: Parts, side: Side, deck: str) -> Response:
    """The versions of a deck, and its drafts."""
    found = read_deck(parts, side, deck).versions
    own = [each for each in read_drafts(parts).drafts if (each.side, each.deck) == (side, deck)]
    return page.shown(request, "deck.html", person, versions=found, drafts=own)


@router.get("/deck-drafts/{number}")
def open_draft(request: Request, person: Staff, parts: Parts, number: Number) -> Response:
    """A draft, what it changes, and what may be done with it."""
    found, diff, why_not = read_draft(parts, number), None, ""
    try:
        diff = read_diff(parts, number)
    except HTTPException as error:
        why_not = str(error.detail)
    may = person.may(APPROVES.roles)
    about: dict[str, Any] = {
        "found": found,
        "draft": found.draft,
        "diff": diff,
        "why_not": why_not,
        "may": may,
    }
    return page.shown(request, "deck_draft.html", person, **about)
