"""A directory's files into steps: which have news, and which file each of them is.

A file is who its device, inode and content say, whatever its name.
"""

import math
import re
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

import structlog

from deploy.runtime import metrics
from streams.collect.content import UNREADABLE, Content, Moved, Stamp, listed
from streams.collect.file_reading import PACKED_QUIET_S, FileReading
from streams.collect.file_row import BROKEN, DONE, DUPLICATE, GONE, READING, REPLACED, FileRow
from streams.collect.identity import known
from streams.collect.ledger import Ledger
from streams.collect.options import Intake
from streams.collect.step import NewId, Step

ENTRIES_MAX: Final = 100_000
"""files of a directory that are looked at"""
LOOKED_INTO_MAX: Final = 2_000
"""in one step"""
MISSED_LOOKS: Final = 3
"""a file that so many looks did not find is gone: one may miss a file that is being renamed"""
WAIT_S: Final = 1.0
BROKEN_S: Final = 60.0
"""how long a file that cannot be read is left alone"""
_REVISION: Final = re.compile(r"\.(rev[2-9][0-9]?)(?=\.|$)")
_log = structlog.get_logger()
Key = tuple[int, int]
"""device and inode"""


class _Look(NamedTuple):
    """What the last look at a file found."""

    stamp: Stamp
    since_s: float
    due_s: float
    """when to look into it again, though it has not changed"""


def revision_of(name: str) -> str:
    """The revision that a file's name says, "rev2" to "rev99"; "" if it says none."""
    named = _REVISION.search(name)
    return named.group(1) if named else ""


class FolderIntake:
    """The files of one source. Times are given: seconds since 1970."""

    def __init__(self, intake: Intake, ledger: Ledger, new_id: NewId) -> None:
        assert intake.folder is not None
        self.folder, self._source = intake.folder, intake.source.name
        self._ledger, self._new_id = ledger, new_id
        self._reading = FileReading(intake, self.folder, ledger)
        self._looks: dict[Key, _Look] = {}
        self._missed: dict[str, int] = {}
        self._active = {
            row.id: (row.device, row.inode) for row in ledger.in_state(self._source, READING)
        }

    def close(self) -> None:
        """Let go of every file."""
        self._reading.close()

    def look(self, now_s: float) -> list[Stamp]:
        """The files that may have news, oldest first. Raises OSError: the directory is away."""
        found = listed(self.folder.directory, self._wanted, ENTRIES_MAX)
        if len(found) == ENTRIES_MAX:
            _log.warning(
                "too many files: some are left; move or delete those that are done",
                directory=self.folder.directory,
                looked_at=ENTRIES_MAX,
            )
        keys = {(s.device, s.inode) for s in found}
        self._looks = {key: look for key, look in self._looks.items() if key in keys}
        self._missed = {
            ident: self._missed.get(ident, 0) + 1
            for ident, key in self._active.items()
            if key not in keys and len(found) < ENTRIES_MAX
        }
        return [stamp for stamp in found if self._has_news(stamp, now_s)]

    @property
    def lost(self) -> list[str]:
        """Files that are not there any more, though they have not been finished."""
        return [ident for ident, missed in self._missed.items() if missed >= MISSED_LOOKS]

    def _wanted(self, name: str) -> bool:
        return not name.startswith(".") and any(fnmatchcase(name, g) for g in self.folder.globs)

    def _has_news(self, stamp: Stamp, now_s: float) -> bool:
        key = stamp.device, stamp.inode
        last = self._looks.get(key)
        if last is None or last.stamp != stamp:
            same = last is not None and last.stamp[3:] == stamp[3:]
            since_s = last.since_s if last is not None and same else now_s
            self._looks[key] = _Look(stamp, since_s, now_s)
        return self._looks[key].due_s <= now_s

    def take(self, stamps: list[Stamp], step: Step) -> bool:
        """Read files into a step until it is full; whether there is more to read just now."""
        for ident in self.lost:
            self._lost(ident, step)
        more = len(stamps) > LOOKED_INTO_MAX
        for stamp in stamps[:LOOKED_INTO_MAX]:
            if step.full:
                return True
            try:
                due_s = self._file(stamp, step)
            except Moved:
                continue  # another look finds what it is now
            except UNREADABLE as error:
                due_s = self._broken(stamp, step, str(error) or type(error).__name__)
            key = stamp.device, stamp.inode
            self._looks[key] = self._looks[key]._replace(due_s=due_s)
            more |= due_s <= step.now_ms / 1_000
        return more

    def _file(self, stamp: Stamp, step: Step) -> float:
        """Read one file; when to look into it again. Raises Moved, UNREADABLE."""
        now_s = step.now_ms / 1_000
        key = stamp.device, stamp.inode
        quiet_s = now_s - min(self._looks[key].since_s, stamp.mtime_ns / 1e9)
        row = self._ledger.identified(self._source, *key)
        if row is not None and row.state != REPLACED and not self._goes_on(row, stamp):
            _log.info("a file's content was replaced", file=stamp.name, was=row.name)
            self._reading.forget(row.id)
            self._active.pop(row.id, None)
            row = step.save(row._replace(state=REPLACED))
        if row is None or row.state == REPLACED:
            row = self._begun(stamp, step, quiet_s)
            if row is None:
                return now_s + WAIT_S
        elif row.name != stamp.name:
            row = step.save(row._replace(name=stamp.name))
        unchanged = (row.size, row.mtime_ns) == stamp[3:]
        if row.state in (DUPLICATE, DONE) and unchanged:
            step.tidy.append(row)
            return math.inf
        row, due_s = self._reading.read(row, stamp, step, quiet_s)
        if row.state == READING:
            self._active[row.id] = key
        else:
            self._active.pop(row.id, None)
        return due_s

    def _goes_on(self, row: FileRow, stamp: Stamp) -> bool:
        """Whether what was taken of a file is there still, and it has grown at most."""
        if (row.size, row.mtime_ns) == stamp[3:]:
            return True
        if stamp.packed or stamp.size < row.position:
            return False
        return not row.position or self._edges(stamp, row.position) == row.edges

    def _edges(self, stamp: Stamp, position: int) -> bytes:
        content = Content(self.folder.directory, stamp)
        try:
            return content.edges(position)
        finally:
            content.close()

    def _begun(self, stamp: Stamp, step: Step, quiet_s: float) -> FileRow | None:
        """The row of a file that was not there before; None while it has to wait."""
        after_s = self.folder.finished_after_s if self.folder.whole else 0
        if quiet_s < (PACKED_QUIET_S if stamp.packed else after_s) or not stamp.size:
            return None
        revision = revision_of(stamp.name)
        directory = self.folder.directory
        found = known(self._ledger, step, self._source, revision, directory, stamp, quiet_s)
        if found.wait:
            return None
        row = new_row(self._new_id(), self._source, stamp, step.now_ms, revision)
        if (like := found.row) is not None:
            edges = b"" if stamp.packed else self._edges(stamp, like.position)
            row = _copy(row, like, found.whole)._replace(edges=edges)
            _log.info("a file was sent again", file=stamp.name, like=like.name, whole=found.whole)
        metrics.COLLECTED_FILES.labels(self._source, row.state).inc()
        return step.save(row)

    def _lost(self, ident: str, step: Step) -> None:
        row = step.files.get(ident) or self._ledger.file(ident)
        assert row is not None, "what is active has a row"
        self._reading.forget(ident)
        self._active.pop(ident)
        self._missed.pop(ident)
        left = 0 if row.name.endswith(".gz") else row.size - row.position
        if left <= 0:
            step.save(row._replace(state=DONE, detail="it went away after it was read"))
            return
        _log.error("a file went away before it was read", file=row.name, unread_bytes=left)
        metrics.COLLECTED_FILES.labels(self._source, GONE).inc()
        step.save(row._replace(state=GONE, detail=f"{left} bytes were not read"))

    def _broken(self, stamp: Stamp, step: Step, why: str) -> float:
        key = stamp.device, stamp.inode
        begun = (r for r in step.files.values() if (r.device, r.inode) == key)
        row = next(begun, None) or self._ledger.identified(self._source, *key)
        if row is None or row.state == REPLACED:
            revision = revision_of(stamp.name)
            row = new_row(self._new_id(), self._source, stamp, step.now_ms, revision)
        if (row.state, row.detail) != (BROKEN, why):
            _log.error("a file cannot be read", file=stamp.name, why=why)
            metrics.COLLECTED_FILES.labels(self._source, BROKEN).inc()
            size, mtime_ns = stamp[3:]
            step.save(row._replace(state=BROKEN, detail=why, size=size, mtime_ns=mtime_ns))
        self._active.pop(row.id, None)
        return step.now_ms / 1_000 + BROKEN_S


def new_row(ident: str, source: str, stamp: Stamp, now_ms: int, revision: str = "") -> FileRow:
    """The row of a file of which nothing has been taken."""
    nothing = (0, 0, 1, "", 0, b"", b"", b"")
    counts = (0, 0, 0, "{}", 0, 0)
    return FileRow(
        *(ident, source, stamp.name, revision, *stamp[1:], *nothing),
        *(READING, "", "", *counts, now_ms, now_ms, 0),
    )


def _copy(row: FileRow, like: FileRow, whole: bool) -> FileRow:
    """The row of a file whose content begins with all that was taken of another."""
    return row._replace(
        start=like.position,
        position=like.position,
        line=like.line,
        sha256=like.sha256,
        head_bytes=like.head_bytes,
        head=like.head,
        reader=like.reader,
        state=DUPLICATE if whole else READING,
        copy_of=like.id,
        detail=f"it begins with the content of {like.name}",
    )
