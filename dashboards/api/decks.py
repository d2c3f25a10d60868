"""Decks and their published versions."""

from http import HTTPStatus

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException

from clickhouse import reference
from dashboards.api.state import Parts
from dashboards.api.who import REFUSALS, STAFF_ONLY
from dashboards.deck_schemas import DeckList, Side, VersionList, VersionView
from dashboards.deck_views import deck_views, version_view
from deploy.decks.version_report import standing_now

router = APIRouter(
    prefix="/v1/decks", tags=["decks"], dependencies=[Depends(STAFF_ONLY)], responses=REFUSALS
)


@router.get("")
def read_decks(parts: Parts) -> DeckList:
    """Every deck with its newest version."""
    with parts.reader.client() as client:
        rows = reference.list_versions(client)
        return DeckList(decks=deck_views(rows, standing_now(client, rows)))


@router.get("/{side}/{deck}")
def read_deck(parts: Parts, side: Side, deck: str) -> VersionList:
    """The versions of a deck, newest first."""
    with parts.reader.client() as client:
        rows = reference.list_versions(client)
        standing = standing_now(client, rows)
    own = [row for row in rows if (row.side, row.deck) == (side, deck)]
    if not own:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no {side} deck {deck!r}.")
    shown: list[VersionView] = [version_view(row, standing) for row in reversed(own)]
    return VersionList(versions=shown)
