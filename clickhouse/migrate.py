"""Brings the database to the schema of this code: numbered SQL files, forward only.

Every applied file is recorded with its SHA-256 in `schema_migration`; a recorded file never
changes again and never goes. Each statement of a file may be run twice without harm
(IF NOT EXISTS), so a run that was cut short, or two at once, end in the same schema.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clickhouse_connect.driver.client import Client

from billing.errors import TollwireError
from clickhouse.client import ClickHouseRefused, asking, connect
from clickhouse.sql_text import SqlUnreadable, statements
from deploy.runtime.settings import Settings

FOLDER: Final = Path(__file__).parent / "migrations"
TRIES_MAX: Final = 5
_NAME: Final = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
# What one of two processes that create the same thing at once may be told.
_RACES: Final = {
    57: "TABLE_ALREADY_EXISTS",
    60: "UNKNOWN_TABLE",
    81: "UNKNOWN_DATABASE",
    82: "DATABASE_ALREADY_EXISTS",
    84: "DIRECTORY_ALREADY_EXISTS",
    521: "ATOMIC_RENAME_FAIL",
}

_CREATE: Final = """
CREATE TABLE IF NOT EXISTS schema_migration
(
    name       String,
    sha256     FixedString(64),
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (name, sha256)
"""


class MigrationRefused(TollwireError):
    """The files and the database do not fit; nothing was applied. Says which file and why."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name without `.sql`, its text, and the checksum of the text."""

    name: str
    sql: str
    sha256: str


def migrate(settings: Settings, folder: Path = FOLDER) -> list[str]:
    """Create the database and apply what is pending, in order; returns the names applied now.

    Raises MigrationRefused, ClickHouseDown, ClickHouseRefused.
    """
    files = _read(folder)
    root = connect(settings, "system")
    try:
        with asking():
            root.command(f"CREATE DATABASE IF NOT EXISTS `{settings.database}`")
    finally:
        root.close()
    client = connect(settings)
    try:
        _run(client, _CREATE)
        todo = _pending(files, _applied(client))
        for migration in todo:
            for statement in _split(migration):
                _run(client, statement)
            with asking():
                client.command(
                    "INSERT INTO schema_migration (name, sha256)"
                    " SELECT {name:String}, {sha256:String}",
                    parameters={"name": migration.name, "sha256": migration.sha256},
                )
        _pending(files, _applied(client))
    finally:
        client.close()
    return [migration.name for migration in todo]


def pending(settings: Settings, folder: Path = FOLDER) -> list[str]:
    """Names that `migrate` would apply; changes nothing.

    Raises MigrationRefused, ClickHouseDown, ClickHouseRefused.
    """
    client = connect(settings, "system")
    try:
        with asking():
            exists = client.command(
                "SELECT count() FROM tables WHERE database = {database:String}"
                " AND name = 'schema_migration'",
                parameters={"database": settings.database},
            )
        applied = _applied(client, settings.database) if exists else {}
    finally:
        client.close()
    return [migration.name for migration in _pending(_read(folder), applied)]


def _read(folder: Path) -> list[Migration]:
    found: list[Migration] = []
    numbers: set[str] = set()
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if not match or match.group(1) in numbers:
            raise MigrationRefused(f"{path}: expected a number of its own, as in 0001_name.sql")
        numbers.add(match.group(1))
        sql = path.read_text("utf-8")
        found.append(Migration(path.stem, sql, hashlib.sha256(sql.encode()).hexdigest()))
    return found


def _applied(client: Client, database: str = "") -> dict[str, set[str]]:
    table = f"`{database}`.schema_migration" if database else "schema_migration"
    with asking():
        rows = client.query(f"SELECT name, toString(sha256) FROM {table}").result_rows  # noqa: S608
    applied: dict[str, set[str]] = {}
    for name, sha256 in rows:
        applied.setdefault(name, set()).add(sha256)
    return applied


def _pending(files: list[Migration], applied: dict[str, set[str]]) -> list[Migration]:
    known = {migration.name: migration for migration in files}
    for name, sums in sorted(applied.items()):
        if name not in known:
            raise MigrationRefused(
                f"migration {name} was applied but its file is gone: this code is older than the"
                " database; run the newer code, or bring the file back"
            )
        if sums != {known[name].sha256}:
            raise MigrationRefused(
                f"migration {name} was applied with another text: bring its text back, and put"
                " the change into a new file with the next number"
            )
    todo = [migration for migration in files if migration.name not in applied]
    if todo and applied and todo[0].name < max(applied):
        raise MigrationRefused(
            f"migration {todo[0].name} comes before {max(applied)}, which was applied already:"
            " give it the next number"
        )
    return todo


def _split(migration: Migration) -> list[str]:
    try:
        return statements(migration.sql)
    except SqlUnreadable as error:
        raise MigrationRefused(f"migration {migration.name}: {error}") from error


def _run(client: Client, statement: str) -> None:
    for left in reversed(range(TRIES_MAX)):
        try:
            with asking():
                client.command(statement)
            return
        except ClickHouseRefused as error:
            if not left or error.code not in _RACES:
                raise
