"""A file as the ledger knows it: what it is, how far it was taken, what was found in it.

`id` stays the same through renames. Everything before `position` has been taken, nothing behind it.
Positions and hashes are those of the content: of a .gz file, unpacked.
"""

from typing import Final, NamedTuple

READING, DONE, DUPLICATE = "reading", "done", "duplicate"
REPLACED, GONE, BROKEN, POSTED = "replaced", "gone", "broken", "posted"
STATES: Final = {
    READING: "more of it may come",
    DONE: "read to its end",
    DUPLICATE: "a copy of another file: nothing of it was sent",
    REPLACED: "its content was truncated or replaced; what it had before was taken",
    GONE: "it went away before it was read to its end",
    BROKEN: "it cannot be read",
    POSTED: "the records that were posted in one hour",
}


class FileRow(NamedTuple):
    """One file of one source."""

    id: str
    """32 hexadecimal digits"""
    source: str
    name: str
    revision: str
    """behind the leg of its calls: of a corrected file; else "" """
    device: int
    inode: int
    size: int
    """bytes on disk, when it was last looked into"""
    mtime_ns: int
    start: int
    """where taking began: the content before is that of `copy_of`"""
    position: int
    line: int
    """number of the line at position, from 1"""
    sha256: str
    """of the content before position"""
    head_bytes: int
    head: bytes
    """hash of the first head_bytes"""
    edges: bytes
    """hash of the first and the last bytes before position"""
    reader: bytes
    """state of its reader at position"""
    state: str
    copy_of: str
    detail: str
    records: int
    calls: int
    dead: int
    skipped: str
    """JSON: kind -> records that are no calls"""
    first_ms: int
    """earliest and latest answer time of its calls; 0 while there are none"""
    last_ms: int
    begun_ms: int
    seen_ms: int
    change: int
    """one more each time the row changes"""
