"""Partners' agreements and the layouts of their sheets, in the database of documents.

A deck has at most one agreement. Layouts are kept as text, in the form of a layout file.
"""

import json
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, delete, insert, select

from billing.deck_draft import Agreement, DraftRefused
from deploy.runtime.documents import changing, opened

TABLES: Final = MetaData()
_AGREEMENTS: Final = Table(
    "deck_agreement",
    TABLES,
    Column("side", Text, primary_key=True),
    Column("partner", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)
_LAYOUTS: Final = Table(
    "deck_layout",
    TABLES,
    Column("side", Text, primary_key=True),
    Column("partner", Text, primary_key=True),
    Column("layout", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)
_LOG: Final = Table(
    "deck_agreement_log",
    TABLES,
    Column("side", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)
"""every agreement that was ever in force, and who set it when"""


class Layout(NamedTuple):
    """How a partner's sheets are read."""

    partner: str
    side: str
    text: str
    changed_by: str
    changed_ms: int


class Agreements:
    """All agreements and layouts. Raises DocumentsDown."""

    def __init__(self, url: str) -> None:
        self._engine = opened(url)

    def save(self, agreements: list[Agreement], by: str, at_ms: int) -> None:
        """Keep agreements, in the place of the partners' earlier ones of the same side.

        Raises DraftRefused where a deck would be under two partners.
        """
        with changing(self._engine) as connection:
            _disjoint(_all(connection), agreements)
            for own in agreements:
                row = {
                    "side": own.side,
                    "partner": own.partner,
                    "document": json.dumps(own._asdict()),
                    "changed_by": by,
                    "changed_ms": at_ms,
                }
                connection.execute(
                    delete(_AGREEMENTS).where(
                        _AGREEMENTS.c.side == own.side, _AGREEMENTS.c.partner == own.partner
                    )
                )
                connection.execute(insert(_AGREEMENTS).values(**row))
                connection.execute(insert(_LOG).values(**row))

    def all(self) -> list[Agreement]:
        """Every agreement, by side and partner."""
        with changing(self._engine) as connection:
            return _all(connection)

    def of_deck(self, side: str, deck: str) -> Agreement | None:
        """The agreement that a deck is under."""
        own = [a for a in self.all() if a.side == side and deck in a.decks]
        return own[0] if own else None

    def history(self, side: str, partner: str) -> list[tuple[Agreement, str, int]]:
        """Every agreement with a partner, who set it, and when; oldest first."""
        query = (
            select(_LOG.c.document, _LOG.c.changed_by, _LOG.c.changed_ms)
            .where(_LOG.c.side == side, _LOG.c.partner == partner)
            .order_by(_LOG.c.changed_ms)
        )
        with changing(self._engine) as connection:
            return [(_agreement(row[0]), row[1], row[2]) for row in connection.execute(query)]

    def save_layout(self, layout: Layout) -> None:
        """Keep a layout, in the place of the partner's earlier one of the same side."""
        with changing(self._engine) as connection:
            connection.execute(
                delete(_LAYOUTS).where(
                    _LAYOUTS.c.side == layout.side, _LAYOUTS.c.partner == layout.partner
                )
            )
            connection.execute(
                insert(_LAYOUTS).values(
                    side=layout.side,
                    partner=layout.partner,
                    layout=layout.text,
                    changed_by=layout.changed_by,
                    changed_ms=layout.changed_ms,
                )
            )

    def layout(self, side: str, partner: str) -> Layout | None:
        """A partner's layout of a side."""
        query = select(_LAYOUTS).where(_LAYOUTS.c.side == side, _LAYOUTS.c.partner == partner)
        with changing(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Layout(row.partner, row.side, row.layout, row.changed_by, row.changed_ms)


def _all(connection: Connection) -> list[Agreement]:
    query = select(_AGREEMENTS.c.document).order_by(_AGREEMENTS.c.side, _AGREEMENTS.c.partner)
    return [_agreement(document) for (document,) in connection.execute(query)]


def _agreement(document: str) -> Agreement:
    said = json.loads(document)
    return Agreement(**{**said, "decks": tuple(said["decks"])})


def _disjoint(known: list[Agreement], new: list[Agreement]) -> None:
    kept = {(a.side, a.partner): a for a in (*known, *new)}
    taken: dict[tuple[str, str], str] = {}
    for own in kept.values():
        for deck in own.decks:
            other = taken.setdefault((own.side, deck), own.partner)
            if other != own.partner:
                raise DraftRefused(
                    f"{own.side} deck {deck} is under {other} and {own.partner}: take it out of "
                    "one of the two agreements"
                )
