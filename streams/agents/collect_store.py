"""collect.files, collect.messages -> ClickHouse."""

from typing import Any

from clickhouse.collect_tables import COLLECTED_FILE, COLLECTED_MESSAGE
from streams import topics
from streams.agents.json_store import JsonStore
from streams.agents.store import Insert


def row_of(fields: dict[str, Any]) -> dict[str, Any]:
    """An object of either topic as columns: instants by the names that tables give them."""
    return {
        f"{name.removesuffix('_ms')}_at" if name.endswith("_ms") else name: value
        for name, value in fields.items()
    }


def stores(log: str, insert: Insert) -> dict[str, JsonStore]:
    """Who stores each topic of the collectors."""
    return {
        topics.COLLECT_FILES: JsonStore(COLLECTED_FILE, "begun_at", row_of, log, insert),
        topics.COLLECT_MESSAGES: JsonStore(COLLECTED_MESSAGE, "sent_at", row_of, log, insert),
    }
