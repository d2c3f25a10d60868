"""A client that answers from memory, and one that is away: for tests of what surrounds queries."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

from clickhouse.client import ClickHouseDown

Rows = list[tuple[Any, ...]]


class StandIn:
    """Answers `rows[word]` to a query whose text has `word`; notes each query."""

    def __init__(self, rows: Mapping[str, Rows] | None = None, stored_rows: int = 0) -> None:
        self.rows = {"AS stored_rows": [(None, stored_rows)], **(rows or {})}
        self.asked: list[tuple[str, dict[str, int]]] = []
        self.closed = False
        self.on_query: Callable[[], object] = lambda: None

    def query(
        self, text: str, parameters: dict[str, int] | None = None, settings: object = None
    ) -> SimpleNamespace:
        """Like the client's, for bound parameters."""
        self.asked.append((text, parameters or {}))
        self.on_query()
        found = next((rows for word, rows in self.rows.items() if word in text), [])
        return SimpleNamespace(result_rows=found, named_results=list)

    def query_rows_stream(
        self, text: str, parameters: dict[str, int] | None = None, settings: object = None
    ) -> AbstractContextManager[Rows]:
        """Like the client's."""
        return nullcontext(self.query(text, parameters).result_rows)

    def close(self) -> None:
        """Like the client's."""
        self.closed = True

    def since_ms(self, word: str) -> list[int]:
        """Lower bounds of the queries whose text has `word`."""
        return [bound["since_ms"] for text, bound in self.asked if word in text]


def away() -> Any:
    """A `connect` that finds nobody."""
    raise ClickHouseDown("HTTPConnectionPool: refused")
