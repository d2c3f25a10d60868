"""One step of taking: what was read of some files, as the ledger keeps it and the broker gets it.

A step's files, messages and reader states are kept in one transaction. Small, whatever comes in:
who fills a step asks `full`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from billing.mediation.switches import Taken
from streams import topics
from streams.collect.file_row import FileRow
from streams.collect.ledger import Message
from streams.collect.packing import pack

BYTES_MAX: Final = 4 * 1024 * 1024
"""of content in one step, and so of one read"""
FILES_MAX: Final = 200
"""of which something is read in one step"""


@dataclass
class Step:
    """What one step takes. `batch` is a name no other step has."""

    batch: str
    now_ms: int
    files: dict[str, FileRow] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    readers: dict[str, bytes] = field(default_factory=dict)
    tidy: list[FileRow] = field(default_factory=list)
    """finished: to be moved or deleted once the broker has what was in them"""
    read_bytes: int = 0
    read_files: int = 0

    @property
    def full(self) -> bool:
        """Whether it has enough."""
        return self.read_bytes >= BYTES_MAX or self.read_files >= FILES_MAX

    @property
    def empty(self) -> bool:
        """Whether nothing has changed."""
        return not (self.files or self.readers)

    def save(self, row: FileRow) -> FileRow:
        """A file's row has changed."""
        saved = row._replace(seen_ms=self.now_ms, change=row.change + 1)
        self.files[saved.id] = saved
        return saved

    def add(self, row: FileRow, taken: Taken, read_bytes: int) -> FileRow:
        """The row with the counts of what was taken of its file, whose messages go out."""
        packed = pack(taken, row.source, row.name, row.revision)
        self.messages += [
            Message(
                topics.RAW, m.key, m.value, m.kind, self.batch, row.id, m.calls, m.dead, self.now_ms
            )
            for m in packed
        ]
        self.read_bytes += read_bytes
        self.read_files += 1
        return counted(row, taken)


def counted(row: FileRow, taken: Taken) -> FileRow:
    """A file's row with the counts of what was taken."""
    skipped: dict[str, int] = msgspec.json.decode(row.skipped)
    for kind, count in taken.skipped.items():
        skipped[kind] = skipped.get(kind, 0) + count
    first_ms, last_ms = row.first_ms, row.last_ms
    if taken.calls.num_rows:
        answered = taken.calls.column("answered_at").view(pa.int64())
        ends = pc.min_max(answered).as_py()
        first_ms = min(first_ms or ends["min"], ends["min"])
        last_ms = max(last_ms, ends["max"])
    return row._replace(
        records=row.records + taken.records,
        calls=row.calls + taken.calls.num_rows,
        dead=row.dead + len(taken.dead),
        skipped=msgspec.json.encode(skipped, order="sorted").decode(),
        first_ms=first_ms,
        last_ms=last_ms,
    )


NewId = Callable[[], str]
"""32 hexadecimal digits that nobody has had"""
