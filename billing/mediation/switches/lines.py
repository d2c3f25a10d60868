"""Bytes cut into records: lines, and JSON documents of one or several lines.

A record is a range of bytes and the number of its first line. Whatever the bytes are, every line
belongs to exactly one record, and where a record ends depends only on what stands before its end:
cutting a file at boundaries changes nothing.
"""

from bisect import bisect_right
from typing import Final, NamedTuple

import numpy as np

from billing.mediation.switches.columns import Flags
from kernels.layout import I64, U8

LINE_BYTES_MAX: Final = 65_536
"""of a record that is a line; a longer one is a dead letter"""
DOCUMENT_BYTES_MAX: Final = 1_048_576
DOCUMENT_LINES_MAX: Final = 20_000
"""of a JSON document; it ends there, whatever it says"""
BLANK_BYTES_MAX: Final = 16
"""of a line of white space that counts as none"""
BYTE_MARK: Final = b"\xef\xbb\xbf"
"""what some programs put in front of UTF-8"""
NEWLINE, RETURN, BRACE, CLOSING = b"\n\r{}"


class Records(NamedTuple):
    """n records: their bytes from `start` to `end`, without line end, and their first lines."""

    data: bytes
    start: I64
    end: I64
    line: I64

    def raw(self, at: int) -> bytes:
        """The original bytes of one record."""
        return self.data[self.start[at] : self.end[at]]


def lines_end(data: bytes) -> int:
    """How many leading bytes are whole lines."""
    return data.rfind(b"\n") + 1


def split_lines(data: bytes, line: int) -> Records:
    """Every line as a record, blank ones too; the last one need not end with a newline."""
    held = np.frombuffer(data, np.uint8)
    end = np.flatnonzero(held == NEWLINE)
    if len(data) and held[-1] != NEWLINE:
        end = np.append(end, len(data))
    start = np.zeros_like(end)
    start[1:] = end[:-1] + 1
    number = line + np.arange(len(end))
    return Records(data, start, end - _returns(held, start, end), number)


def _returns(held: U8, start: I64, end: I64) -> I64:
    """1 for each range whose last byte is a carriage return."""
    if not len(end):
        return end
    found: Flags = (held[np.maximum(end - 1, 0)] == RETURN) & (end > start)
    return found.astype(np.int64)


def blank(records: Records) -> Flags:
    """Which records have nothing but white space."""
    found: Flags = records.end == records.start
    short = np.flatnonzero((records.end - records.start < BLANK_BYTES_MAX) & ~found)
    for at in short.tolist():
        found[at] = not records.raw(at).strip()
    return found


def begins(records: Records, word: bytes) -> Flags:
    """Which records begin with a word."""
    held = np.frombuffer(records.data, np.uint8)
    found = records.end - records.start >= len(word)
    at = np.where(found, records.start, 0)
    for offset, byte in enumerate(word):
        found &= held[np.minimum(at + offset, len(held) - 1)] == byte
    return found


def documents_end(data: bytes) -> int:
    """How many leading bytes are whole JSON documents, with the lines between them."""
    lines = data[: lines_end(data)]
    plain = lines.removeprefix(BYTE_MARK)
    return _cut(split_lines(plain, 1), False)[1] + len(lines) - len(plain)


def split_documents(data: bytes, line: int) -> Records:
    """JSON documents as records, and each line between them as one.

    A document begins with a line whose first byte is "{". One that ends with "}" there is a
    document of one line; any other ends with the next line whose first byte is "}", or before the
    next one whose first byte is "{", or at a limit. Nested braces are indented by everything that
    writes documents of several lines.
    """
    lines = split_lines(data, line)
    first, _ = _cut(lines, True)
    last = np.append(first[1:], len(lines.start)) - 1 if len(first) else first
    return Records(data, lines.start[first], lines.end[last], lines.line[first])


def _cut(lines: Records, last: bool) -> tuple[I64, int]:
    """(the first line of each record, where the last whole record ends in bytes)."""
    n = len(lines.start)
    opening, closing, goes_on = _roles(lines)
    first, ended, at = [], 0, 0
    while at < n:
        until = _after(lines, at, opening, closing) if goes_on[at] else at + 1
        if until > n:
            if not last:
                break
            until = n
        first.append(at)
        at = until
        ended = int(lines.start[at]) if at < n else len(lines.data)
    return np.array(first, np.int64), ended


def _roles(lines: Records) -> tuple[list[int], list[int], list[bool]]:
    """(lines that begin with "{", lines that begin with "}", which lines begin a document that
    does not end with them)."""
    if not len(lines.start):
        return [], [], []
    held = np.frombuffer(lines.data, np.uint8)
    empty = lines.end == lines.start
    head = np.where(empty, 0, held[np.minimum(lines.start, len(held) - 1)])
    tail = np.where(empty, 0, held[lines.end - 1])
    opens = head == BRACE
    goes_on = opens & (tail != CLOSING)
    return (
        np.flatnonzero(opens).tolist(),
        np.flatnonzero(head == CLOSING).tolist(),
        goes_on.tolist(),
    )


def _after(lines: Records, at: int, opening: list[int], closing: list[int]) -> int:
    """The line after a document that begins at line `at`; beyond the last line if it goes on."""
    beyond = len(lines.start) + 1
    close, another = (_next(places, at, beyond) for places in (closing, opening))
    full = int(np.searchsorted(lines.end, lines.start[at] + DOCUMENT_BYTES_MAX, side="right"))
    limit = min(max(full, at + 1), at + DOCUMENT_LINES_MAX)
    until = min(another, limit if limit < len(lines.start) else beyond)
    return close + 1 if close <= until and close < beyond else until


def _next(places: list[int], at: int, beyond: int) -> int:
    found = bisect_right(places, at)
    return places[found] if found < len(places) else beyond
