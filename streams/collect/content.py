"""The content of a file: its bytes as the switch wrote them, of a .gz file unpacked.

Reads in pieces, so that a file of any size takes as much memory as a small one. What a file is, is
told by its content, not by its name: hashes of its beginning, its edges, and all of it so far.
"""

import gzip
import os
import stat
import zlib
from collections.abc import Callable, Iterable
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

HEAD_BYTES: Final = 1_024
PIECE_BYTES: Final = 1 << 20
UNREADABLE: Final = (OSError, EOFError, zlib.error)
"""What reading a damaged or forbidden file raises."""


class Stamp(NamedTuple):
    """A file as the directory tells of it."""

    name: str
    device: int
    inode: int
    size: int
    mtime_ns: int

    @property
    def packed(self) -> bool:
        """Whether its content is compressed."""
        return self.name.endswith(".gz")


def listed(directory: str, wanted: Callable[[str], bool], files_max: int) -> list[Stamp]:
    """The regular files of wanted names, oldest first; at most files_max. Raises OSError."""
    found = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if not wanted(entry.name):
                continue
            try:
                own = entry.stat()
            except OSError:  # gone since
                continue
            if stat.S_ISREG(own.st_mode):
                found.append(_stamp(entry.name, own))
    found.sort(key=lambda stamp: (stamp.mtime_ns, stamp.name))
    return found[:files_max]


def _stamp(name: str, own: os.stat_result) -> Stamp:
    return Stamp(name, own.st_dev, own.st_ino, own.st_size, own.st_mtime_ns)


class Moved(Exception):
    """Under this name lies another file now, or a shorter one: look again."""


class Content:
    """An open file, and the hash of what was read of it. Positions only go forward."""

    def __init__(self, directory: str, stamp: Stamp) -> None:
        """Open it at its beginning. Raises Moved, UNREADABLE."""
        path = Path(directory) / stamp.name
        try:
            self._file = path.open("rb")
        except FileNotFoundError:
            raise Moved from None
        self.stamp = self._now()
        if (self.stamp.device, self.stamp.inode) != (stamp.device, stamp.inode):
            self.close()
            raise Moved
        self._stream: BinaryIO | BufferedReader = self._file
        if stamp.packed:
            self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=self._file, mode="rb"))
        self.position, self.hash = 0, sha256()
        self._ahead = b""  # unpacked and not yet taken: what is packed cannot be read twice

    def close(self) -> None:
        """Let go of it."""
        self._file.close()

    def go_to(self, position: int) -> bool:
        """Read on up to a position; whether the content reaches so far. Raises UNREADABLE."""
        while self.position < position:
            if not self.take(self.peek(min(PIECE_BYTES, position - self.position))):
                return False
        return True

    def peek(self, size: int) -> bytes:
        """Up to `size` bytes from the position on; fewer at the end. Raises Moved, UNREADABLE."""
        if not self.stamp.packed:
            self._stream.seek(self.position)
            data = self._stream.read(size)
            if self._now().size < self.position + len(data):
                raise Moved
            return data
        if len(self._ahead) < size:
            self._ahead += self._stream.read(size - len(self._ahead))
        return self._ahead[:size]

    def take(self, data: bytes) -> int:
        """Go on behind bytes that were peeked at; returns their number."""
        self.hash.update(data)
        self.position += len(data)
        self._ahead = self._ahead[len(data) :]
        return len(data)

    @property
    def sha256(self) -> str:
        """Of the content before the position."""
        return self.hash.hexdigest()

    def edges(self, position: int) -> bytes:
        """A hash of the first and the last bytes before a position of a plain file."""
        size = min(HEAD_BYTES, position)
        own = sha256()
        for at in (0, position - size):
            self._file.seek(at)
            own.update(self._file.read(size))
        return own.digest()

    def refresh(self) -> Stamp:
        """What the file is now."""
        self.stamp = self._now()
        return self.stamp

    def _now(self) -> Stamp:
        return _stamp(Path(self._file.name).name, os.fstat(self._file.fileno()))


def head_of(data: bytes) -> tuple[int, bytes]:
    """(length, hash) of the beginning of a content."""
    head = data[:HEAD_BYTES]
    return len(head), sha256(head).digest()


def hashes_at(content: Content, positions: Iterable[int]) -> dict[int, str]:
    """The hash of the content before each position that it reaches. Reads on to the last."""
    found = {}
    for position in sorted(set(positions)):
        if not content.go_to(position):
            break
        found[position] = content.sha256
    return found
