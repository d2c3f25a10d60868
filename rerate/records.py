"""The records of runs: documents in a relational database, SQLite here, PostgreSQL in production.

A record is read, changed as a value, and written back if nobody else has written it meanwhile.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, select, update

from deploy.runtime.documents import changing, opened
from rerate import scope
from rerate.life import Refused, Run, State
from rerate.plan import Chunk, Key
from rerate.scope import Scope
from rerate.task import Phase

TABLES: Final = MetaData()
_RUNS: Final = Table(
    "rerate_run",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("document", Text, nullable=False),
)
_STEPS: Final = Table("rerate_step", TABLES, Column("number", Integer, primary_key=True))
CHANGING: Final = (State.APPLYING, State.ROLLING_BACK)


class Changed(Refused):
    """Somebody else has changed a record meanwhile."""


class Step(NamedTuple):
    """What of a run is being done, or was done last."""

    number: int = 0
    phase: Phase = Phase.PREVIEW
    turn: int = 0
    began_ms: int = 0
    sent_ms: int = 0
    """when its tasks were last sent"""
    late_mark: str = ""
    """what had come in since it began, when this turn was planned"""
    plan: tuple[Chunk, ...] = ()
    """the chunks of this turn"""


class Record(NamedTuple):
    """All that is kept of a run."""

    number: int
    run: Run
    scope: Scope
    instead: tuple[tuple[str, str, str], ...]
    """(side, deck, the deck that prices its accounts in this run)"""
    made_by: str
    made_ms: int
    note: str = ""
    digest: str = ""
    """of the prices of its preview"""
    as_of_ms: int = 0
    """when its preview began; legs stored later are not part of it"""
    mark: str = ""
    """what its calls were then"""
    preview_step: int = 0
    apply_step: int = 0
    step: Step = Step()
    paused: bool = False
    revision: int = 0

    def overlaps(self, other: "Record") -> bool:
        """Whether both are about a common day."""
        mine, theirs = self.scope.days, other.scope.days
        return mine.start < theirs.stop and theirs.start < mine.stop


class Records:
    """All records."""

    def __init__(self, url: str) -> None:
        self._engine = opened(url)

    def create(self, number_min: int, make: Callable[[int], Record]) -> Record:
        """Keep a new record, under the next number that is at least number_min."""
        with self._changing() as connection:
            numbers = [number for (number,) in connection.execute(select(_RUNS.c.number))]
            record = make(max([number_min, *(number + 1 for number in numbers)]))
            row = {"number": record.number, **_row(record)}
            connection.execute(insert(_RUNS).values(**row))
        return record

    def get(self, number: int) -> Record:
        """A run's record. Raises Refused if there is none."""
        with self._changing() as connection:
            found = connection.execute(
                select(_RUNS.c.document).where(_RUNS.c.number == number)
            ).scalar_one_or_none()
        if found is None:
            raise Refused(f"there is no run {number}: `tollwire rerate list` shows all")
        return _record(found)

    def all(self) -> list[Record]:
        """Every record, oldest first."""
        with self._changing() as connection:
            return self._all(connection)

    def write(self, before: Record, after: Record) -> Record:
        """Replace a record by its next state; returns that. Raises Refused.

        Refused if somebody else has changed it, and where it would change money on a day on which
        another run does.
        """
        after = after._replace(revision=before.revision + 1)
        with self._changing() as connection:
            if after.run.state in CHANGING and before.run.state not in CHANGING:
                self._alone(connection, after)
            done = connection.execute(
                update(_RUNS)
                .where(_RUNS.c.number == after.number, _RUNS.c.revision == before.revision)
                .values(**_row(after))
            )
        if done.rowcount != 1:
            raise Changed(f"run {after.number} was changed by somebody else just now: look again")
        return after

    def next_step(self, number_min: int) -> int:
        """A step's number that nobody has had, at least number_min and above all before it."""
        with self._changing() as connection:
            numbers = [number for (number,) in connection.execute(select(_STEPS.c.number))]
            number = int(max([number_min, *(before + 1 for before in numbers)]))
            connection.execute(insert(_STEPS).values(number=number))
        return number

    def _alone(self, connection: Connection, wanted: Record) -> None:
        for other in self._all(connection):
            busy = other.run.state in CHANGING and other.number != wanted.number
            later = other.step.phase is not Phase.PREVIEW and (
                other.step.number > wanted.step.number
            )
            if busy and other.overlaps(wanted):
                raise Refused(
                    f"run {other.number} is {other.run.state} on days of run {wanted.number}; "
                    f"`tollwire rerate show {other.number}` says how far it is"
                )
            if later and other.overlaps(wanted):
                raise Refused(
                    f"run {other.number} has been {other.run.state} meanwhile, on days of run "
                    f"{wanted.number}: look at its money again"
                )

    def _all(self, connection: Connection) -> list[Record]:
        rows = connection.execute(select(_RUNS.c.document).order_by(_RUNS.c.number))
        return [_record(document) for (document,) in rows]

    def _changing(self) -> AbstractContextManager[Connection]:
        return changing(self._engine)


def _row(record: Record) -> dict[str, Any]:
    document = json.dumps({**record._asdict(), "scope": record.scope.canonical()})
    return {
        "state": str(record.run.state),
        "revision": record.revision,
        "document": document,
    }


def _record(document: str) -> Record:
    said = json.loads(document)
    ident, state, *rest = said["run"]
    number, phase, turn, began_ms, sent_ms, late_mark, plan = said["step"]
    chunks = tuple(Chunk(i, d, Key(*b), e and Key(*e), n) for i, d, b, e, n in plan)
    return Record(
        **{
            **said,
            "run": Run(ident, State(state), *rest),
            "scope": scope.parse(json.loads(said["scope"])),
            "instead": tuple((side, deck, other) for side, deck, other in said["instead"]),
            "step": Step(number, Phase(phase), turn, began_ms, sent_ms, late_mark, chunks),
        }
    )
