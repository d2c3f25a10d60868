"""The database of documents: SQLite on one machine, PostgreSQL in production.

A transaction that changes is serialisable from its first read on; on SQLite one at a time. Reading
waits for nobody and is in nobody's way (WAL).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from billing.errors import TollwireError
from deploy.runtime.settings import Settings

_READS: Final = "tollwire_reads"


class DocumentsDown(TollwireError):
    """The database of documents cannot be used; the message names the setting."""


def documents_url(settings: Settings) -> str:
    """Where the documents are; the folder of the default one is made."""
    if settings.documents:
        return settings.documents
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{settings.data_dir.absolute()}/documents.db"


def opened(url: str, tables: MetaData) -> Engine:
    """The database, with these tables in it. Raises DocumentsDown."""
    try:
        engine = create_engine(url, isolation_level="SERIALIZABLE")
        if engine.dialect.name == "sqlite":
            _serialise(engine)
        tables.create_all(engine)
    except (SQLAlchemyError, ImportError) as error:
        raise DocumentsDown(f"TOLLWIRE_DOCUMENTS={url!r}: {error}") from error
    return engine


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


def _serialise(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 30000")
        connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
