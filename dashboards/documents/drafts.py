"""Deck drafts in the database of documents.

A draft is read, changed as a value, and written back if nobody else has written it meanwhile. Its
rates never change: another file is another draft.
"""

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pyarrow as pa
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from billing.deck import RATES, whole_rates
from billing.deck_draft import DraftRefused, Life, State, Step
from deploy.runtime.documents import changing, opened

TABLES: Final = MetaData()
_DRAFTS: Final = Table(
    "deck_draft",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("side", Text, nullable=False),
    Column("deck", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("document", Text, nullable=False),
)
_RATES: Final = Table(
    "deck_draft_rates",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("rates", LargeBinary, nullable=False),
)
NOT_OVER: Final = -1
PROBLEMS_MAX: Final = 1_000
"""kept of a draft"""


class Draft(NamedTuple):
    """All that is kept of a draft but its rates."""

    number: int
    deck: str
    side: str
    coverage: str
    """of the version it will be: full or partial"""
    valid_from_ms: int
    options: str
    """billing.deck.encode_options"""
    source: str
    """the file's name, or what else the rates come from"""
    sha256: str
    life: Life
    rates: int
    layout: str = ""
    """how the file was read, as a layout file"""
    problems: tuple[str, ...] = ()
    """the first PROBLEMS_MAX"""
    bad_rows: int = 0
    notes: tuple[str, ...] = ()
    short_notice: int = 0
    """increases sooner than agreed, when it was checked last"""
    made_over: int = NOT_OVER
    """the deck's version that its rows depend on; NOT_OVER: on none"""
    revision: int = 0


class Drafts:
    """All drafts. Raises DocumentsDown, DraftRefused."""

    def __init__(self, url: str) -> None:
        self._engine = opened(url)

    def create(self, make: Callable[[int], Draft], rates: pa.Table) -> Draft:
        """Keep a new draft under the next number."""
        with changing(self._engine) as connection:
            last = connection.execute(select(func.max(_DRAFTS.c.number))).scalar()
            draft = make(1 + (last or 0))
            connection.execute(
                insert(_DRAFTS).values(
                    number=draft.number, side=draft.side, deck=draft.deck, **_row(draft)
                )
            )
            connection.execute(insert(_RATES).values(number=draft.number, rates=_packed(rates)))
        return draft

    def get(self, number: int) -> Draft:
        """A draft."""
        with changing(self._engine) as connection:
            found = connection.execute(
                select(_DRAFTS.c.document).where(_DRAFTS.c.number == number)
            ).scalar_one_or_none()
        if found is None:
            raise DraftRefused(f"there is no draft {number}: `tollwire deck drafts` shows all")
        return _draft(found)

    def rates(self, number: int) -> pa.Table:
        """A draft's rates, as billing.deck.RATES."""
        with changing(self._engine) as connection:
            packed = connection.execute(
                select(_RATES.c.rates).where(_RATES.c.number == number)
            ).scalar_one()
        with pa.ipc.open_stream(packed) as stream:
            return whole_rates(stream.read_all()).cast(RATES)

    def all(self) -> list[Draft]:
        """Every draft, oldest first."""
        with changing(self._engine) as connection:
            return _all(connection)

    def write(self, before: Draft, after: Draft) -> Draft:
        """Replace a draft by its next state; refused if somebody else has changed it."""
        after = after._replace(revision=before.revision + 1)
        with changing(self._engine) as connection:
            done = connection.execute(
                update(_DRAFTS)
                .where(_DRAFTS.c.number == after.number, _DRAFTS.c.revision == before.revision)
                .values(**_row(after))
            )
        if done.rowcount != 1:
            raise DraftRefused(
                f"draft {after.number} was changed by somebody else just now: look again"
            )
        return after


def _all(connection: Connection) -> list[Draft]:
    rows = connection.execute(select(_DRAFTS.c.document).order_by(_DRAFTS.c.number))
    return [_draft(document) for (document,) in rows]


def _row(draft: Draft) -> dict[str, Any]:
    return {
        "state": str(draft.life.state),
        "revision": draft.revision,
        "document": json.dumps(draft._asdict()),
    }


def _draft(document: str) -> Draft:
    said = json.loads(document)
    state, steps, *rest = said["life"]
    life = Life(State(state), tuple(Step(*step) for step in steps), *rest)
    lists = {name: tuple(said[name]) for name in ("problems", "notes")}
    return Draft(**{**said, **lists, "life": life})


def _packed(rates: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, rates.schema, options=options) as stream:
        stream.write_table(rates)
    return bytes(sink.getvalue().to_pybytes())
