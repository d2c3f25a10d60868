"""A deck's published versions, read from the store: as many as still matter."""

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.deck import DeckVersion, decode_options
from billing.deck_diff.pair import ends_all_before
from billing.deck_state import DeckState, at, state_of
from billing.errors import TollwireError
from clickhouse import reference
from clickhouse.reference import VersionRow


class NoSuchVersion(TollwireError):
    """The version or deck asked for does not exist."""


def rows_of(client: Client, deck: str, side: str, known_ms: int | None = None) -> list[VersionRow]:
    """The rows of a deck's versions, in order; known_ms: those published until then."""
    return [
        row
        for row in reference.list_versions(client)
        if (row.deck, row.side) == (deck, side)
        and (known_ms is None or row.published_ms <= known_ms)
    ]


def line_of(client: Client, rows: list[VersionRow], from_ms: int) -> list[DeckVersion]:
    """The versions of these rows that matter from an instant on, in order."""
    found: list[DeckVersion] = []
    for row in reversed(rows):
        found.insert(0, version_of(client, row))
        if ends_all_before(found[0], from_ms):
            break
    return found


def version_of(client: Client, row: VersionRow) -> DeckVersion:
    """A version with its rates."""
    return reference.load_version(client, row, decode_options(row.options))


def row_of(client: Client, number: int) -> VersionRow:
    """The row of a version. Raises NoSuchVersion."""
    for row in reference.list_versions(client):
        if row.number == number:
            return row
    raise NoSuchVersion(f"no deck version {number}: `tollwire deck list` shows what there is")


def deck_at(
    client: Client, deck: str, side: str, at_ms: int, known_ms: int | None = None
) -> tuple[DeckState, pa.Table]:
    """What a deck charges from an instant on, and what of it is in force at that instant.

    known_ms: by the versions published until then. Raises NoSuchVersion.
    """
    rows = rows_of(client, deck, side, known_ms)
    if not rows:
        raise NoSuchVersion(f"no {side} deck {deck} was known then: see `tollwire deck list`")
    state = state_of(line_of(client, rows, at_ms), at_ms)
    return state, at(state, at_ms)
