"""The database of documents: SQLite on one machine, PostgreSQL in production.

Whoever opens it brings its tables up to date first (`migrations/`), one at a time. A transaction
that changes is serialisable from its first read on; on SQLite one at a time. Reading waits for
nobody and is in nobody's way (WAL).
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import (
    ColumnClause,
    Connection,
    Engine,
    column,
    create_engine,
    event,
    func,
    inspect,
    select,
    table,
)
from sqlalchemy.exc import SQLAlchemyError

from billing.errors import TollwireError
from deploy.runtime import migrations
from deploy.runtime.settings import Settings

_READS: Final = "tollwire_reads"
_VERSION: Final = "alembic_version"
_LOCK: Final = 7_015_001
"""a number of ours among PostgreSQL's advisory locks"""


class DocumentsDown(TollwireError):
    """The database of documents cannot be used; the message names the setting."""


def documents_url(settings: Settings) -> str:
    """Where the documents are; the folder of the default one is made."""
    if settings.documents:
        return settings.documents
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{settings.data_dir.absolute()}/documents.db"


def opened(url: str) -> Engine:
    """The database, its tables up to date. Raises DocumentsDown."""
    try:
        engine = create_engine(url, isolation_level="SERIALIZABLE")
        _serialise(engine)
        if _version(engine) != migrations.HEAD:
            _migrate(engine)
    except migrations.FromTheFuture as error:
        raise DocumentsDown(
            f"TOLLWIRE_DOCUMENTS={url!r} was written by a newer Tollwire: install that one, or "
            f"go back to a copy from before ({error})"
        ) from error
    except (SQLAlchemyError, ImportError) as error:
        raise DocumentsDown(f"TOLLWIRE_DOCUMENTS={url!r}: {error}") from error
    return engine


def _version(engine: Engine) -> str:
    with engine.connect().execution_options(**{_READS: True}) as connection:
        if not inspect(connection).has_table(_VERSION):
            return ""
        number: ColumnClause[str] = column("version_num")
        return str(connection.execute(select(number).select_from(table(_VERSION))).scalar())


def _migrate(engine: Engine) -> None:
    """One process at a time; the others find nothing left to do."""
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            migrations.upgrade(connection)
        return
    # Read committed: what the one before has done is seen once the lock is ours.
    committed = engine.execution_options(isolation_level="READ COMMITTED", **{_READS: True})
    with committed.begin() as connection:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        migrations.upgrade(connection)


@contextmanager
def changing(engine: Engine) -> Iterator[Connection]:
    """One transaction. Raises DocumentsDown."""
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DocumentsDown(
            f"the documents cannot be used at {engine.url.render_as_string()} "
            f"(TOLLWIRE_DOCUMENTS): {error}"
        ) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent look that changes nothing and waits for no writer. Raises DocumentsDown."""
    try:
        with engine.connect().execution_options(**{_READS: True}) as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DocumentsDown(
            f"the documents cannot be read at {engine.url.render_as_string()} "
            f"(TOLLWIRE_DOCUMENTS): {error}"
        ) from error


@contextmanager
def alone(url: str, what: str) -> Iterator[None]:
    """Waits until nobody else is at `what`; whoever dies at it is at it no more.

    what: a short word, the same for all that must not be at once. Raises DocumentsDown.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        path = f"{engine.url.database}.{what}.lock"
        try:
            file = open(path, "w")  # noqa: SIM115 - closed below
        except OSError as error:
            raise DocumentsDown(f"TOLLWIRE_DOCUMENTS={url!r}: {path}: {error}") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with engine.connect() as connection:
        try:
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(what))))
        except SQLAlchemyError as error:
            raise DocumentsDown(f"TOLLWIRE_DOCUMENTS={url!r}: {error}") from error
        yield


def _serialise(engine: Engine) -> None:
    """Whoever changes waits for whoever changes: nobody is told to try again."""
    sqlite = engine.dialect.name == "sqlite"

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        if sqlite:
            connection.isolation_level = None
            connection.execute("PRAGMA busy_timeout = 30000")
            with suppress(sqlite3.OperationalError):  # another one is at it: it is the file's mode
                connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS, False)
        if sqlite:
            connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
        elif not reads:  # what a transaction sees is fixed by its first query; this is none
            connection.exec_driver_sql(f"LOCK TABLE {_VERSION} IN EXCLUSIVE MODE")
