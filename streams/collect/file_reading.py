"""A file read on from where it was left, by whole records only; what is not whole waits in it."""

import math
from collections import OrderedDict
from typing import Final

from deploy.runtime import metrics
from streams.collect import readers
from streams.collect.content import Content, Moved, Stamp, head_of
from streams.collect.file_row import DONE, READING, REPLACED, FileRow
from streams.collect.ledger import Ledger
from streams.collect.options import Folder, Intake
from streams.collect.step import BYTES_MAX, Step

PACKED_QUIET_S: Final = 2.0
"""A .gz file is looked into when it has been unchanged for so long; then it is finished, too."""
OPEN_MAX: Final = 256
"""files kept open, with the hash of what was read; one beyond is read anew from its beginning"""


class FileReading:
    """The files of one source that are being read."""

    def __init__(self, intake: Intake, folder: Folder, ledger: Ledger) -> None:
        self._intake, self._folder, self._ledger = intake, folder, ledger
        self._open: OrderedDict[str, Content] = OrderedDict()

    def close(self) -> None:
        """Let go of every file."""
        for ident in list(self._open):
            self.forget(ident)

    def forget(self, ident: str) -> None:
        """Let go of a file."""
        if (content := self._open.pop(ident, None)) is not None:
            content.close()

    def read(self, row: FileRow, stamp: Stamp, step: Step, quiet_s: float) -> tuple[FileRow, float]:
        """Read on by at most BYTES_MAX. quiet_s: for how long it has been unchanged.

        Returns its row and when to look again: at once if there is more. Raises Moved, UNREADABLE.
        """
        content = self._content(row, stamp, step)
        data = content.peek(BYTES_MAX)
        own = content.refresh()
        after_s = PACKED_QUIET_S if stamp.packed else self._folder.finished_after_s
        at_end = len(data) < BYTES_MAX
        unchanged = (own.size, own.mtime_ns) == (stamp.size, stamp.mtime_ns)
        finished = at_end and unchanged and quiet_s >= after_s
        now_s = step.now_ms / 1_000
        due_s = now_s + max(0.01, after_s - quiet_s) if at_end else now_s

        source = self._intake.source
        reader = self._intake.reader(readers.state(source, row, step, self._ledger))
        size = len(data) if finished else reader.boundary(data)
        if not size and not at_end:
            size = len(data)  # a record beyond every limit: taken as what it is, a bad one
        if size:
            taken = reader.take(data[:size], row.line, last=finished)
            row = readers.kept(source, step.add(row, taken, size), step, reader.state())
            row = self._moved_on(row, content, data[:size], stamp.packed)
        state = DONE if finished else READING
        found = row._replace(size=own.size, mtime_ns=own.mtime_ns, state=state)
        if size or found != row:
            found = step.save(found)
        if finished:
            self.forget(row.id)
            metrics.COLLECTED_FILES.labels(row.source, DONE).inc()
            step.tidy.append(found)
            return found, math.inf
        return found, due_s

    def _moved_on(self, row: FileRow, content: Content, data: bytes, packed: bool) -> FileRow:
        head = (row.head_bytes, row.head) if row.position else head_of(data)
        content.take(data)
        metrics.COLLECTED_BYTES.labels(row.source).inc(len(data))
        return row._replace(
            position=content.position,
            line=row.line + data.count(b"\n"),
            sha256=content.sha256,
            head_bytes=head[0],
            head=head[1],
            edges=b"" if packed else content.edges(content.position),
        )

    def _content(self, row: FileRow, stamp: Stamp, step: Step) -> Content:
        """The file at the row's position. Raises Moved, UNREADABLE."""
        content = self._open.pop(row.id, None)
        if content is not None and content.position != row.position:
            content.close()
            content = None
        if content is None:
            content = Content(self._folder.directory, stamp)
            reached = content.go_to(row.position)
            if not reached or (row.position and content.sha256 != row.sha256):
                content.close()
                step.save(row._replace(state=REPLACED))
                raise Moved
        self._open[row.id] = content
        if len(self._open) > OPEN_MAX:
            self._open.popitem(last=False)[1].close()
        return content
