"""A reader takes a source's bytes piece by piece: calls, dead letters, and what it skipped.

What comes out does not depend on where the pieces were cut, nor on whether the state was kept in
memory or stored and read back. `records + waiting before = calls + dead + skipped + waiting`.
"""

from collections import Counter
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.errors import ERRORS_SHOWN_MAX
from billing.mediation.switches.columns import Flaws, Table
from billing.mediation.switches.csv_table import Unread
from billing.mediation.switches.draft import Draft
from billing.mediation.switches.finish import Finisher
from billing.mediation.switches.lines import BYTE_MARK, Records, blank, lines_end, split_lines
from billing.mediation.switches.ported import Ported
from billing.mediation.switches.source import Source
from billing.mediation.switches.taken import Dead, Taken
from kernels.layout import I64

TAKE_BYTES_MAX: Final = 256 * 1024 * 1024
"""of one take; what a take needs in memory is a small multiple of its bytes"""
VALUE_BYTES_MAX: Final = ERRORS_SHOWN_MAX


class Read(NamedTuple):
    """The rows a format found in some records, and of what record each one is."""

    table: Table
    at: I64
    unread: Unread


class Reader:
    """What all formats share; a format says how records become rows, and rows a draft."""

    STATE_VERSION = 1

    def __init__(self, source: Source, state: bytes = b"", ported: Ported | None = None) -> None:
        """Raises ValueError for a state of another version or format."""
        self.source = source
        self._finisher = Finisher(source, ported)
        mark = self._mark()
        if state and not state.startswith(mark):
            raise ValueError(f"state {state[:40]!r} is not one of {mark!r}: read the file anew")
        self._restore(state.removeprefix(mark))

    def _mark(self) -> bytes:
        return f"{self.source.format}/{self.STATE_VERSION}\n".encode()

    @property
    def waiting(self) -> int:
        """Records that wait for another one."""
        return 0

    def boundary(self, data: bytes) -> int:
        """How many leading bytes are whole records."""
        return lines_end(data)

    def state(self) -> bytes:
        """What this reader knows beyond its source, bounded, for `open_reader` to go on from."""
        return self._mark() + self._kept()

    def take(self, data: bytes, line: int, last: bool = False) -> Taken:  # noqa: ARG002
        """Whole records; line: the number of the first one's first line.

        last: these are the last bytes of a file, whose last line may lack its newline.
        Raises ValueError beyond TAKE_BYTES_MAX.
        """
        if len(data) > TAKE_BYTES_MAX:
            raise ValueError(f"{len(data)} bytes in one take: at most {TAKE_BYTES_MAX}")
        records = self._split(data.removeprefix(BYTE_MARK) if line == 1 else data, line)
        skipped: Counter[str] = Counter()
        empty = blank(records)
        skipped["blank"] += int(empty.sum())
        which = self._choose(records, np.flatnonzero(~empty), skipped)
        read = self._read(records, which)
        dead = [
            _unreadable(records, at, why)
            for at, why in zip(read.unread.at, read.unread.why, strict=True)
        ]
        calls, lines, letters = self._finish(records, read, skipped)
        dead = sorted(dead + letters, key=lambda letter: letter.line)
        return Taken(calls, lines, dead, len(records.line), +skipped)

    def _finish(
        self, records: Records, read: Read, skipped: Counter[str]
    ) -> tuple[pa.RecordBatch, I64, list[Dead]]:
        rows = self._calls_of(read.table, skipped)
        table, at = read.table, read.at
        if len(rows) != len(at):
            table, at = table.take(rows), at[rows]
        found = Flaws()
        draft = self._draft(table, found)
        return self._finisher.finish(draft, table.line, lambda row: records.raw(at[row]), found)

    def _split(self, data: bytes, line: int) -> Records:
        return split_lines(data, line)

    def _choose(self, records: Records, which: I64, skipped: Counter[str]) -> I64:  # noqa: ARG002
        """The records that may be calls; the others are skipped, by kind."""
        return which

    def _read(self, records: Records, which: I64) -> Read:
        raise NotImplementedError

    def _calls_of(self, table: Table, skipped: Counter[str]) -> I64:  # noqa: ARG002
        """The rows that are calls; the others are skipped, by kind."""
        return np.arange(len(table.line))

    def _draft(self, table: Table, found: Flaws) -> Draft:
        raise NotImplementedError

    def _restore(self, kept: bytes) -> None:
        """Know what `_kept` gave; b"" is the beginning."""

    def _kept(self) -> bytes:
        return b""


def _unreadable(records: Records, at: int, why: str) -> Dead:
    raw = records.raw(at)
    shown = raw[:VALUE_BYTES_MAX].decode(errors="replace")
    return Dead(int(records.line[at]), raw, "unreadable", "", shown, why, 0)
