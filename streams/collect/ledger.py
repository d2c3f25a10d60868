"""What has been taken and what is still to be sent: a SQLite file, the collector's only memory.

A file's new position and the messages made of the bytes before it are written in one transaction,
so that after a kill at any moment every record is before the position and in a message, or behind
it. A message stays here until the broker has acknowledged it. Used by one thread.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import SQLAlchemyError

from billing.errors import TollwireError
from streams.collect.file_row import FileRow

NAME: Final = "collect.db"
CANDIDATES_MAX: Final = 100
"""files with the same beginning that a new one is held against, the newest first"""
_META: Final = MetaData()
_INTEGERS: Final = frozenset(name for name, kind in FileRow.__annotations__.items() if kind is int)
_BYTES: Final = frozenset(name for name, kind in FileRow.__annotations__.items() if kind is bytes)


def _kind(name: str) -> Any:
    return Integer if name in _INTEGERS else LargeBinary if name in _BYTES else Text


_FILES: Final = Table(
    "file",
    _META,
    *(Column(n, _kind(n), primary_key=n == "id", nullable=False) for n in FileRow._fields),
)
Index("file_identity", _FILES.c.device, _FILES.c.inode)
Index("file_head", _FILES.c.source, _FILES.c.head_bytes, _FILES.c.head)
Index("file_state", _FILES.c.source, _FILES.c.state)
_SOURCES: Final = Table(
    "source",
    _META,
    Column("name", Text, primary_key=True),
    Column("reader", LargeBinary, nullable=False),
)
_OUT: Final = Table(
    "message",
    _META,
    Column("number", Integer, primary_key=True),
    *(Column(n, Text, nullable=False) for n in ("topic", "kind", "batch", "file")),
    *(Column(n, LargeBinary, nullable=False) for n in ("key", "value")),
    *(Column(n, Integer, nullable=False) for n in ("calls", "dead", "tried_ms")),
    sqlite_autoincrement=True,
)
_ENDS: Final = Table(
    "log_end",
    _META,
    Column("log", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", Integer, nullable=False),
)


class LedgerDown(TollwireError):
    """The collector's file cannot be used; the message names it and the setting."""


class Message(NamedTuple):
    """One message that the broker has not acknowledged yet."""

    topic: str
    key: bytes
    value: bytes
    kind: str = ""
    """its content type"""
    batch: str = ""
    """by which it is known in the log, with its number"""
    file: str = ""
    calls: int = 0
    dead: int = 0
    tried_ms: int = 0
    """when it was made, or its sending was last begun anew"""
    number: int = 0
    """given when it is kept"""

    @property
    def mark(self) -> bytes:
        """What it is known by in the log."""
        return f"{self.batch}:{self.number}".encode()


class Ledger:
    """The files, and the messages still to be sent. Raises LedgerDown."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lengths: dict[str, set[int]] = {}  # asked for each new file, of all that ever were
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._engine = _engine(self._path)
        except (SQLAlchemyError, OSError) as error:
            raise self._down(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def identified(self, source: str, device: int, inode: int) -> FileRow | None:
        """The last file that this inode was."""
        own = _FILES.c.source == source, _FILES.c.device == device, _FILES.c.inode == inode
        return self._one(select(_FILES).where(*own).order_by(_FILES.c.begun_ms.desc()).limit(1))

    def named(self, source: str, name: str) -> FileRow | None:
        """The last file of a name."""
        own = _FILES.c.source == source, _FILES.c.name == name
        return self._one(select(_FILES).where(*own).order_by(_FILES.c.begun_ms.desc()).limit(1))

    def in_state(self, source: str, state: str) -> list[FileRow]:
        """The files of a source that are in a state."""
        own = _FILES.c.source == source, _FILES.c.state == state
        return self._rows(select(_FILES).where(*own))

    def head_lengths(self, source: str) -> frozenset[int]:
        """How many bytes the known beginnings of files have; 0 is none."""
        if source not in self._lengths:
            lengths = select(_FILES.c.head_bytes).where(
                _FILES.c.source == source, _FILES.c.head_bytes > 0
            )
            with self._reading() as connection:
                found = connection.execute(lengths.distinct())
                self._lengths[source] = {int(n) for (n,) in found}
        return frozenset(self._lengths[source])

    def with_head(self, source: str, head_bytes: int, head: bytes) -> list[FileRow]:
        """Files of a source that begin so, the newest first; at most CANDIDATES_MAX."""
        own = (
            _FILES.c.source == source,
            _FILES.c.head_bytes == head_bytes,
            _FILES.c.head == head,
        )
        newest = _FILES.c.begun_ms.desc()
        return self._rows(select(_FILES).where(*own).order_by(newest).limit(CANDIDATES_MAX))

    def reader_state(self, source: str) -> bytes:
        """What the reader of a source knows, where it is one for all its files."""
        with self._reading() as connection:
            found = connection.execute(
                select(_SOURCES.c.reader).where(_SOURCES.c.name == source)
            ).scalar_one_or_none()
        return found or b""

    def keep(
        self,
        files: Iterable[FileRow],
        messages: Sequence[Message],
        ends: Mapping[int, int],
        log: str,
        readers: Mapping[str, bytes],
    ) -> None:
        """Take a step: where files stand now, and the messages of what lies before.

        ends: of each partition of cdr.raw an offset that none of these messages can stand before.
        """
        files = list(files)
        for row in files:
            if row.head_bytes and row.source in self._lengths:
                self._lengths[row.source].add(row.head_bytes)
        with self._changing() as connection:
            _put(connection, _FILES, [row._asdict() for row in files])
            own = [{"name": name, "reader": state} for name, state in readers.items()]
            _put(connection, _SOURCES, own)
            if messages:
                connection.execute(insert(_OUT), [_row(message) for message in messages])
                kept = [{"log": log, "partition": p, "offset": o} for p, o in ends.items()]
                _put(connection, _ENDS, kept)

    def unsent(self) -> list[Message]:
        """The messages to be sent, in order."""
        columns = [_OUT.c[name] for name in Message._fields]
        with self._reading() as connection:
            rows = connection.execute(select(*columns).order_by(_OUT.c.number))
            return [Message(*row) for row in rows]

    def ends(self, log: str) -> dict[int, int]:
        """partition of cdr.raw -> an offset before which no unsent message stands."""
        with self._reading() as connection:
            rows = connection.execute(
                select(_ENDS.c.partition, _ENDS.c.offset).where(_ENDS.c.log == log)
            )
            return {int(partition): int(offset) for partition, offset in rows}

    def trying(self, now_ms: int) -> None:
        """The messages are being sent once more."""
        with self._changing() as connection:
            connection.execute(update(_OUT).values(tried_ms=now_ms))

    def sent(self, numbers: Iterable[int], then: Sequence[Message] = ()) -> None:
        """The broker has these messages; `then` are to be sent because of it."""
        gone = [{"number_": number} for number in numbers]
        with self._changing() as connection:
            if gone:
                one = delete(_OUT).where(_OUT.c.number == bindparam("number_"))
                connection.execute(one, gone)
            if then:
                connection.execute(insert(_OUT), [_row(message) for message in then])

    def file(self, ident: str) -> FileRow | None:
        """A file by its id."""
        return self._one(select(_FILES).where(_FILES.c.id == ident))

    def counts(self) -> dict[str, int]:
        """state -> files."""
        with self._reading() as connection:
            rows = connection.execute(select(_FILES.c.state, func.count()).group_by(_FILES.c.state))
            return {str(state): int(count) for state, count in rows}

    def _one(self, query: Any) -> FileRow | None:
        rows = self._rows(query)
        return rows[0] if rows else None

    def _rows(self, query: Any) -> list[FileRow]:
        with self._reading() as connection:
            return [FileRow(**row._mapping) for row in connection.execute(query)]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._down(error) from error

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._down(error) from error

    def _down(self, error: Exception) -> LedgerDown:
        return LedgerDown(f"{self._path} (TOLLWIRE_COLLECT_DIR) cannot be used: {error}")


def _row(message: Message) -> dict[str, Any]:
    row = message._asdict()
    del row["number"]
    return row


def _put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Write rows by their primary key."""
    if not rows:
        return
    statement = upsert(table)
    keys = [column.name for column in table.primary_key]
    changed = {n: statement.excluded[n] for n in rows[0] if n not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 30000")
        connection.execute("PRAGMA journal_mode = WAL")
        # A kill of the process loses nothing; a power cut may lose the last steps, which are then
        # taken again: the rater knows the calls by their ids.
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    _META.create_all(engine)
    return engine
