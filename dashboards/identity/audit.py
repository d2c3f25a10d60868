"""The audit log: who did what to what, each row chained to the one before by its hash.

A row is added in the transaction of the change that it tells of. Rows are never changed. The chain
shows a row that was changed, removed or inserted; it cannot show that all of it was written anew,
so keep the head (`tollwire audit check` prints it) somewhere else.
"""

import hashlib
import json
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, Select, insert, select, update

from dashboards.identity.tables import AUDIT, HEAD
from deploy.runtime.documents import changing, reading

START: Final = "0" * 64
FIELD_CHARS_MAX: Final = 2_000
SHOWN_MAX: Final = 10_000
_ROWS_AT_ONCE: Final = 1_000
_OLDEST_FIRST: Final = (
    select(AUDIT).order_by(AUDIT.c.number).execution_options(yield_per=_ROWS_AT_ONCE)
)


class Event(NamedTuple):
    """What is told; before and after are short texts, empty where there is none."""

    at_ms: int
    actor: str
    what: str
    object: str
    before: str = ""
    after: str = ""
    reason: str = ""


class Row(NamedTuple):
    """An event in its place in the chain."""

    number: int
    event: Event
    previous: str
    own: str


class Wanted(NamedTuple):
    """Which rows to show; empty means all. `what` may be the beginning of a word, as `user`."""

    actor: str = ""
    what: str = ""
    object: str = ""
    limit: int = 200


class Checked(NamedTuple):
    """What a check found: rows looked at, the newest's hash, and the first fault or nothing."""

    rows: int
    head: str
    fault: str


def append(connection: Connection, event: Event) -> None:
    """Add an event to the chain, in a transaction that is changing."""
    event = Event(event.at_ms, *(text[:FIELD_CHARS_MAX] for text in event[1:]))
    head = connection.execute(select(HEAD.c.number, HEAD.c.own)).one_or_none()
    number, previous = (head[0] + 1, head[1]) if head else (1, START)
    own = _hash(number, event, previous)
    values = {"number": number, **event._asdict(), "previous": previous, "own": own}
    connection.execute(insert(AUDIT).values(**values))
    if head:
        connection.execute(update(HEAD).values(number=number, own=own))
    else:
        connection.execute(insert(HEAD).values(one=1, number=number, own=own))


def _hash(number: int, event: Event, previous: str) -> str:
    said = json.dumps([number, *event, previous], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


class Audit:
    """The log of one database. Raises DocumentsDown."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tell(self, event: Event) -> None:
        """Add an event that has no change of documents with it."""
        with changing(self._engine) as connection:
            append(connection, event)

    def rows(self, wanted: Wanted) -> list[Row]:
        """Rows, newest first, at most SHOWN_MAX."""
        query = select(AUDIT).order_by(AUDIT.c.number.desc())
        query = query.limit(min(wanted.limit, SHOWN_MAX))
        with reading(self._engine) as connection:
            return [_row(found) for found in connection.execute(_narrowed(query, wanted))]

    def check(self, number: int = 0, own: str = "") -> Checked:
        """Follow the chain from its first row; `number` and `own`: a head noted earlier."""
        with reading(self._engine) as connection:
            head = connection.execute(select(HEAD.c.number, HEAD.c.own)).one_or_none()
            last, previous = 0, START
            with connection.execute(_OLDEST_FIRST) as rows:
                for row in map(_row, rows):
                    fault = _fault(row, last, previous)
                    if not fault and row.number == number and row.own != own:
                        fault = f"row {number} is not the one whose hash was noted"
                    if fault:
                        return Checked(last, previous, fault)
                    last, previous = row.number, row.own
        if head is None and last:
            return Checked(last, previous, "the head of the chain is missing")
        if head is not None and (head[0], head[1]) != (last, previous):
            return Checked(last, previous, f"rows after {last} are missing: there were {head[0]}")
        if number > last:
            return Checked(last, previous, f"rows after {last} are missing: there were {number}")
        return Checked(last, previous, "")


def _fault(row: Row, last: int, previous: str) -> str:
    if row.number != last + 1:
        return f"row {last + 1} is missing"
    if row.previous != previous:
        return f"row {row.number} does not follow row {last}"
    if row.own != _hash(row.number, row.event, row.previous):
        return f"row {row.number} was changed"
    return ""


def _narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.actor:
        query = query.where(AUDIT.c.actor == wanted.actor)
    if wanted.what:
        query = query.where(AUDIT.c.what.startswith(wanted.what, autoescape=True))
    if wanted.object:
        query = query.where(AUDIT.c.object == wanted.object)
    return query


def _row(found: Any) -> Row:
    return Row(found[0], Event(*found[1:8]), found[8], found[9])
