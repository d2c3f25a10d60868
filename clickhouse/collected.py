"""Files at rest: what collectors took of them, and what became of it."""

from pathlib import Path
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from clickhouse.client import asking

FILES_MAX: Final = 10_000
"""of one answer"""
_FOLDER: Final = Path(__file__).parent / "queries"
_FILES: Final = (_FOLDER / "collected_files.sql").read_text("utf-8")
_NOW: Final = (_FOLDER / "collected_now.sql").read_text("utf-8")

Row = dict[str, Any]


def files(
    client: Client, source: str = "", state: str = "", file: str = "", rows_max: int = FILES_MAX
) -> list[Row]:
    """Files, the newest first: all, or those of a source, a state, an id's beginning or a name.

    Raises ClickHouseDown, ClickHouseRefused.
    """
    values = {"source": source, "state": state, "file": file, "rows_max": rows_max}
    with asking():
        return list(client.query(_FILES, values).named_results())


def now(client: Client, file: str, first_ms: int, last_ms: int) -> list[Row]:
    """What a file's calls are now, by reason; "" = rated. Raises as `files`."""
    values = {"file": file, "first_ms": first_ms, "last_ms": last_ms}
    with asking():
        return list(client.query(_NOW, values).named_results())
