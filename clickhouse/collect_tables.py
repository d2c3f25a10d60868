"""The tables of the collectors: files, and the messages of cdr.raw that their records are in."""

from typing import Final

from clickhouse.table import table

_POSITION: Final = {
    "log": "LowCardinality(String)",
    "partition": "UInt16",
    "offset": "UInt64",
}
_INSTANT: Final = "DateTime64(3, 'UTC')"

COLLECTED_FILE: Final = table(
    "collected_file",
    {
        "source": "LowCardinality(String)",
        "file": "String",
        "name": "String",
        "revision": "LowCardinality(String)",
        "state": "LowCardinality(String)",
        "detail": "String",
        "copy_of": "String",
        "sha256": "String",
        "start": "UInt64",
        **dict.fromkeys(("bytes", "lines", "records", "calls", "dead", "skipped"), "UInt64"),
        "skipped_kinds": "String",
        **dict.fromkeys(("first_at", "last_at", "begun_at", "seen_at"), _INSTANT),
        "change": "UInt64",
        **_POSITION,
    },
)

COLLECTED_MESSAGE: Final = table(
    "collected_message",
    {
        "source": "LowCardinality(String)",
        "file": "String",
        "raw_log": "LowCardinality(String)",
        "raw_partition": "UInt16",
        "raw_offset": "UInt64",
        "calls": "UInt32",
        "dead": "UInt32",
        "sent_at": _INSTANT,
        **_POSITION,
    },
)
