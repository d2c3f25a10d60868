"""Whether an XLSX may be given to its reader.

Readers lay a sheet out as the rectangle that holds all its cells, and copy a shared text into each
cell that refers to it, so a few kilobytes could ask for all memory there is. Here each part is
unpacked piece by piece and only measured.
"""

import re
import zipfile
from collections.abc import Iterator
from typing import Final

import numpy as np

from billing.sheets.limits import CELLS_MAX, STRINGS_BYTES_MAX, UNPACKED_BYTES_MAX
from billing.sheets.package import Refused, unpacked
from kernels.layout import I64

_USUAL: Final = b'<c r="'
_WIDE: Final = re.compile(rb"""<c r="(?:[Q-Zq-z]|[A-Za-z]{2}|[^A-Za-z])""")
_TALL: Final = re.compile(rb"""<c r="[A-Za-z]{1,3}(?:\d{7}|0|\d*[^\d"])""")
_NARROW: Final = (16, 999_999, 0)
"""a rectangle within CELLS_MAX that needs no closer look"""
_CELL: Final = re.compile(rb"<(?:[^\s<>/]{1,64}:)?c(?=[\s/>])([^<>]*)")
_ROW_TAG: Final = re.compile(rb"<(?:[^\s<>/]{1,64}:)?row(?=[\s/>])([^<>]*)")
_REFERENCE: Final = re.compile(rb"""(?<![\w:])r\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PLACE: Final = re.compile(rb"([A-Za-z]{1,3})([1-9]\d{0,6})")
_ROW_NUMBER: Final = re.compile(rb"[1-9]\d{0,6}")
_CLAIM: Final = re.compile(rb"""((?:unique)?[Cc]ount)\s*=\s*["']\s*\+?(\d+)""")
"""readers make room for what is claimed before they look"""
_SHARED: Final = re.compile(rb"""t=["']s["'][^>]{0,64}>\s{0,16}<(?:\w{1,16}:)?v>(\d{1,9})<""")
_STRING: Final = re.compile(rb"<(?:\w{1,16}:)?si[\s/>]")


def _extent(piece: bytes, exact: bool) -> tuple[int, int, int]:
    """The last column and row that cells (r="B12") of a piece name; cells that name none.

    Raises Refused for a place that is not written plainly.
    """
    cells = _tags(piece, b"c") - _tags(piece, b"col")
    usual = piece.count(_USUAL)
    if not exact and usual >= cells and not _WIDE.search(piece) and not _TALL.search(piece):
        return _NARROW if cells else (0, 0, 0)
    columns = rows = implied = 0
    for found in _CELL.finditer(piece):
        named = _REFERENCE.search(found.group(1))
        if named is None:
            implied += 1
            continue
        place = _PLACE.fullmatch(named.group(1) or named.group(2) or b"")
        if place is None:
            raise Refused("a cell whose place cannot be read: save it again in Excel")
        columns = max(columns, _number(place.group(1).upper()))
        rows = max(rows, int(place.group(2)))
    for found in _ROW_TAG.finditer(piece):
        named = _REFERENCE.search(found.group(1))
        if named is not None:
            number = named.group(1) or named.group(2) or b""
            if not _ROW_NUMBER.fullmatch(number):
                raise Refused("a row whose number cannot be read: save it again in Excel")
            rows = max(rows, int(number))
    return columns, rows, implied


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _whole(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut behind a cell or at least behind a tag."""
    rest = b""
    for piece in pieces:
        joined = rest + piece
        cut = max(joined.rfind(b"</c>") + 4, 4)
        if cut == 4:
            cut = joined.rfind(b">") + 1 or len(joined)
        yield joined[:cut]
        rest = joined[cut:]
    yield rest


def _tags(piece: bytes, name: bytes) -> int:
    """How many elements of a name there are, with or without a prefix; rather too many."""
    return piece.count(b"<" + name) + piece.count(b":" + name)


def _claimed(piece: bytes) -> tuple[int, int]:
    """The most entries that a piece says there are: of any kind, of different ones."""
    every = different = 0
    for name, number in _CLAIM.findall(piece):
        every = max(every, int(number))
        if name.startswith(b"unique"):
            different = max(different, int(number))
    return every, different


class _Part:
    """What is known of one part's cells and texts."""

    def __init__(self, exact: bool) -> None:
        self.exact = exact
        self.doubtful = False
        """too large as far as a first look tells: look exactly"""
        self.columns = self.rows = self.shared = self.implied = self.row_tags = 0
        self.bytes = self.different = 0
        self.has_strings = False

    def take(self, piece: bytes) -> None:
        """Measure a piece. Raises Refused."""
        if b"<!" in piece and (b"<!DOCTYPE" in piece or b"<!ENTITY" in piece):
            raise Refused("XML with a document type, which no workbook needs")
        if b"<" not in piece:
            return
        if b"ount" in piece:
            every, different = _claimed(piece)
            self.different = max(self.different, different)
            if every > CELLS_MAX:
                raise Refused(f"says that it has {every:,} entries of a kind")
        columns, rows, implied = _extent(piece, self.exact)
        self.columns, self.rows = max(self.columns, columns), max(self.rows, rows)
        self.implied += implied
        self.row_tags += _tags(piece, b"row")
        self.shared += piece.count(b't="s"') + piece.count(b"t='s'")
        across = self.columns + self.implied
        down = max(self.rows, self.row_tags)
        if across * down > CELLS_MAX and not self.exact:
            self.doubtful = True
        elif across * down > CELLS_MAX:
            raise Refused(
                f"cells spread over {down:,} rows and {across:,} columns, more than "
                f"{CELLS_MAX:,} places: copy the rates into a sheet of their own"
            )


def _string_lengths(data: bytes, parts: list[zipfile.ZipInfo]) -> I64:
    """Bytes of each shared text, in order."""
    starts: list[int] = []
    at = 0
    for part in parts:
        for piece in _whole(unpacked(data, part)):
            starts += [at + found.start() for found in _STRING.finditer(piece)]
            at += len(piece)
    edges = np.array([*starts, at], np.int64)
    return edges[1:] - edges[:-1]


def _strings_bytes(data: bytes, part: zipfile.ZipInfo, lengths: I64) -> int:
    """Bytes of the texts of all cells of a part."""
    total = 0
    for piece in _whole(unpacked(data, part)):
        places = np.array([int(n) for n in _SHARED.findall(piece)], np.int64)
        total += int(lengths[places[places < len(lengths)]].sum())
    return total


def _measured(data: bytes, part: zipfile.ZipInfo, bytes_max: int, exact: bool) -> _Part:
    """A part, measured. Raises Refused, also beyond bytes_max."""
    measure = _Part(exact)
    for piece in _whole(unpacked(data, part)):
        if not measure.bytes and piece[:2] in (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"):
            raise Refused("XML in UTF-16: save it again in Excel or LibreOffice")
        if not measure.bytes:
            measure.has_strings = _STRING.search(piece) is not None
        measure.bytes += len(piece)
        if measure.bytes > bytes_max:
            raise Refused(f"more than {UNPACKED_BYTES_MAX >> 20} MiB when unpacked")
        measure.take(piece)
    if measure.different > measure.bytes:
        raise Refused(f"says that it has {measure.different:,} texts, which it has not")
    return measure


def check_xlsx(data: bytes, parts: list[zipfile.ZipInfo]) -> None:
    """Raises Refused when reading the workbook could cost more than the limits."""
    left = UNPACKED_BYTES_MAX
    measured: list[tuple[zipfile.ZipInfo, _Part]] = []
    for part in parts:
        measure = _measured(data, part, left, exact=False)
        if measure.doubtful:
            measure = _measured(data, part, left, exact=True)
        left -= measure.bytes
        measured.append((part, measure))
    lengths = _string_lengths(data, [part for part, own in measured if own.has_strings])
    longest = int(lengths.max(initial=0))
    for part, measure in measured:
        if measure.shared * longest > STRINGS_BYTES_MAX:
            size = _strings_bytes(data, part, lengths)
            if size > STRINGS_BYTES_MAX:
                raise Refused(f"texts of {size >> 20} MiB in one sheet: is that a rate sheet?")
