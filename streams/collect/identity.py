"""Whether a file that has not been seen before has: a copy, whole or grown, under another name.

Two files are the same if their contents are; names, inodes and compression do not matter. A file
whose content begins with all that was taken of another one goes on behind that.
"""

from typing import Final, NamedTuple

from streams.collect.content import HEAD_BYTES, Content, Stamp, hashes_at, head_of
from streams.collect.file_row import FileRow
from streams.collect.ledger import Ledger
from streams.collect.step import Step

COPYING_S: Final = 5.0
"""A file that begins like another one, and has no more than that, may be a copy that is still
being written: it is left alone until it has been unchanged for so long."""


class Known(NamedTuple):
    """What is known of a file's content."""

    row: FileRow | None
    """the file whose taken content it begins with; None: a new one"""
    whole: bool = False
    """whether it has nothing more than that"""
    wait: bool = False
    """whether it may be a copy that is still being written"""


def known(
    ledger: Ledger,
    step: Step,
    source: str,
    revision: str,
    directory: str,
    stamp: Stamp,
    quiet_s: float,
) -> Known:
    """Which file's content a file begins with: of the ledger's, and as this step has moved them on.

    quiet_s: for how long it has been unchanged. Files of another revision are others. Raises Moved,
    UNREADABLE.
    """
    content = Content(directory, stamp)
    try:
        head = content.peek(HEAD_BYTES)
        like = [row for row in _alike(ledger, step, source, head) if row.revision == revision]
        if not like:
            return Known(None)
        hashes = hashes_at(content, (row.position for row in like))
        same = [row for row in like if hashes.get(row.position) == row.sha256]
        if same:
            best = max(same, key=lambda row: row.position)
            whole = content.position == best.position and not content.peek(1)
            return Known(best, whole, wait=whole and quiet_s < COPYING_S)
        longer = any(row.position not in hashes for row in like)
        return Known(None, wait=longer and quiet_s < COPYING_S)
    finally:
        content.close()


def _alike(ledger: Ledger, step: Step, source: str, head: bytes) -> list[FileRow]:
    """The files of a source that begin so."""
    begun = [row for row in step.files.values() if row.source == source and row.head_bytes]
    known_lengths = ledger.head_lengths(source)
    lengths = known_lengths | {row.head_bytes for row in begun}
    own = {n: head_of(head[:n])[1] for n in lengths if n <= len(head)}
    found: dict[str, FileRow] = {}
    for length in known_lengths & own.keys():
        found |= {row.id: row for row in ledger.with_head(source, length, own[length])}
    found |= {row.id: row for row in begun if own.get(row.head_bytes) == row.head}
    return list(found.values())
