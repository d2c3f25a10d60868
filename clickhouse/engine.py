"""chDB, the ClickHouse engine as a library: opened once a process, one connection a request.

A connection costs 0.2 ms and carries its own database and settings, so nothing of one request
reaches the next. chDB is imported when the engine is opened, never before: it is 0.5 GB.
"""

import fcntl
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from billing.errors import TollwireError
from clickhouse.http_request import Request
from clickhouse.sql_text import from_file

CONFIG: Final = Path(__file__).with_name("embedded.xml")
_ERROR: Final = re.compile(r"Code: (\d+)\..*", re.DOTALL)
_WITH_TYPES: Final = "JSONCompactEachRowWithNamesAndTypes"


class EngineUnusable(TollwireError):
    """chDB cannot be opened on this folder; the message says what to do."""


class StatementRefused(Exception):
    """The engine refused a statement; carries ClickHouse's error code, 0 if it named none."""

    def __init__(self, text: str) -> None:
        found = _ERROR.search(text)
        super().__init__(found.group() if found else text)
        self.code = int(found.group(1)) if found else 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of the result, its format ('' where the statement has no result), and counts."""

    body: bytes
    format: str
    read_rows: int
    read_bytes: int
    written_rows: int
    written_bytes: int
    result_rows: int
    elapsed_ns: int


class Engine:
    """An open data folder. `run` may be called from many threads at once."""

    def __init__(self, path: Path) -> None:
        """Open or create the folder. Raises EngineUnusable if it cannot be, or is held already."""
        if "?" in str(path):
            raise EngineUnusable(f"{path}: the data folder's name must not hold a '?'")
        try:
            path = path.resolve()
            path.mkdir(parents=True, exist_ok=True)
            _refuse_if_held(path)
            # The zone of the engine is fixed when its library is loaded.
            os.putenv("TZ", "UTC")
            import chdb  # noqa: PLC0415 - see the docstring

            self._connect: Any = lambda: chdb.connect(str(path))
            # Held open for the whole life: the engine stops with its last connection.
            self._first: Any = chdb.connect(f"{path}?config-file={quote(str(CONFIG))}")
        except ImportError as error:
            raise EngineUnusable(
                f"chDB cannot be loaded ({error}): install tollwire with the extra 'embedded',"
                " or point TOLLWIRE_CLICKHOUSE at a ClickHouse server"
            ) from error
        except (OSError, RuntimeError) as error:
            first = str(error).splitlines()[0]
            raise EngineUnusable(f"{path}: chDB cannot use this folder: {first}") from error

    def close(self) -> None:
        """Stop the engine; every `run` must have ended."""
        self._first.close()

    def run(self, request: Request) -> Answer:
        """Run one statement to its end. Raises StatementRefused."""
        connection = self._connect()
        try:
            if request.database:
                connection.query(f"USE {_quoted('`', request.database)}")
            if request.settings:
                pairs = (n + " = " + _quoted("'", v) for n, v in request.settings.items())
                connection.query(f"SET {', '.join(pairs)}")
            if request.data is not None:
                return _insert(connection, request)
            return _query(connection, request)
        except RuntimeError as error:  # ChdbError is one too
            raise StatementRefused(str(error)) from None
        finally:
            connection.close()


def _quoted(mark: str, text: str) -> str:
    return mark + text.replace("\\", "\\\\").replace(mark, "\\" + mark) + mark


def _refuse_if_held(path: Path) -> None:
    status = path / "status"
    if not status.exists():
        return
    with status.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read(200).decode(errors="replace").splitlines()[:1]
            raise EngineUnusable(
                f"{path}: another process has this data folder open ({', '.join(holder)});"
                " stop it, or set TOLLWIRE_DATA_DIR to another folder"
            ) from None


def _insert(connection: Any, request: Request) -> Answer:
    """Insert from a file in memory: chDB's send_insert() answers "done" also on a full disk."""
    data = os.memfd_create("rows")
    try:
        with os.fdopen(os.dup(data), "wb") as file:
            file.write(request.data or b"")
        sql = from_file(request.sql, f"/proc/self/fd/{data}", request.format)
        done = connection.query(sql)
    finally:
        os.close(data)
    rows, size = done.rows_written(), done.bytes_written()
    return Answer(b"", "", rows, size, rows, size, 0, int(done.elapsed() * 1e9))


def _query(connection: Any, request: Request) -> Answer:
    result = connection.query(request.sql, request.format, params=dict(request.bound))
    body: bytes = result.bytes()
    if request.returns_rows and request.format == "Native" and not body:
        body = _empty_native(connection, request)
    return Answer(
        body,
        request.format if request.returns_rows else "",
        result.storage_rows_read(),
        result.storage_bytes_read(),
        result.rows_written(),
        result.bytes_written(),
        result.rows_read(),
        int(result.elapsed() * 1e9),
    )


def _empty_native(connection: Any, request: Request) -> bytes:
    """ClickHouse sends a Native header for no rows, chDB nothing: ask again for names and types."""
    again = connection.query(request.sql, _WITH_TYPES, params=dict(request.bound)).bytes()
    lines = again.splitlines()[:2]
    names, types = (json.loads(line) for line in lines) if len(lines) == 2 else ([], [])
    block = _varint(len(names)) + _varint(0)
    for text in (text for column in zip(names, types, strict=True) for text in column):
        block += _varint(len(text.encode())) + text.encode()
    return block if names else b""


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
