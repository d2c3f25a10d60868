"""The tables of the database of documents, as they came to be: Alembic, one file a change.

A file imports no tables of ours: it stays as it was written. `HEAD` is the newest one's number, so
that a database which has it is opened without Alembic (tests/documents/test_migrations.py).
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection

HEAD: Final = "0003"
FOLDER: Final = Path(__file__).parent


class FromTheFuture(Exception):
    """The database was written by a newer Tollwire."""


def upgrade(connection: Connection) -> None:
    """Bring the tables to HEAD, in the transaction of the connection. Raises FromTheFuture."""
    from alembic import command  # noqa: PLC0415 - a quarter of a second that is rarely needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script.revision import ResolutionError  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        if isinstance(error.__cause__, ResolutionError):  # the database names a file we have not
            raise FromTheFuture(str(error)) from error
        raise
