"""What is told of files: messages of collect.files and collect.messages, JSON, for the tables.

Pure. Told again, a message says the same; of a file the one with the highest `change` counts.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from streams import topics
from streams.collect.file_row import FileRow
from streams.collect.ledger import Message
from streams.collect.sending import Place


def file_message(row: FileRow, now_ms: int) -> Message:
    """A file as it is now."""
    told: dict[str, Any] = {
        "source": row.source,
        "file": row.id,
        "name": _text(row.name),
        "revision": row.revision,
        "state": row.state,
        "detail": _text(row.detail),
        "copy_of": row.copy_of,
        "sha256": row.sha256,
        "start": row.start,
        "bytes": row.position,
        "lines": row.line - 1,
        "records": row.records,
        "calls": row.calls,
        "dead": row.dead,
        "skipped": sum(msgspec.json.decode(row.skipped, type=dict[str, int]).values()),
        "skipped_kinds": row.skipped,
        "first_ms": row.first_ms,
        "last_ms": row.last_ms,
        "begun_ms": row.begun_ms,
        "seen_ms": row.seen_ms,
        "change": row.change,
    }
    key, value = row.id.encode(), msgspec.json.encode(told)
    return Message(topics.COLLECT_FILES, key, value, file=row.id, tried_ms=now_ms)


def place_messages(
    messages: Iterable[Message], places: dict[int, Place], log: str, sources: dict[str, str]
) -> list[Message]:
    """Where the messages of files stand in cdr.raw. sources: file -> its source."""
    return [
        Message(
            topics.COLLECT_MESSAGES,
            message.file.encode(),
            msgspec.json.encode(
                {
                    "source": sources[message.file],
                    "file": message.file,
                    "raw_log": log,
                    "raw_partition": places[message.number].partition,
                    "raw_offset": places[message.number].offset,
                    "calls": message.calls,
                    "dead": message.dead,
                    "sent_ms": places[message.number].at_ms,
                }
            ),
            file=message.file,
            tried_ms=message.tried_ms,
        )
        for message in messages
    ]


def _text(text: str) -> str:
    """As UTF-8 can hold it: a name of a file may be no text."""
    return text.encode(errors="replace").decode()
