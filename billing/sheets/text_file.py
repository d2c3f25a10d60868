"""A text file as a grid: encoding and delimiter told or found out, quotes as CSV has them."""

import csv
import io
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from billing.errors import FileRefused
from billing.sheets.cells import Grid, grid_of
from billing.sheets.limits import LINE_CHARS_MAX, LINES_PER_ROW_MAX, ROWS_MAX
from kernels.layout import I64

DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE_LINES: Final = 200
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SHEET: Final = ""
"""a text file has no sheets"""


class TextFormat(NamedTuple):
    """How a text file is written."""

    encoding: str
    delimiter: str


def find_encoding(data: bytes) -> str:
    """The encoding by its mark, by zero bytes, by being valid UTF-8; else that of old Windows."""
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    sample = data[:4_096]
    if sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1:2] == b"\0" else "utf-16-be"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1251" if _cyrillic(data) else "cp1252"
    return "utf-8"


def _cyrillic(data: bytes) -> bool:
    """Whether letters beyond ASCII stand beside each other, as in words, not alone as accents."""
    sample = np.frombuffer(data, np.uint8, count=min(len(data), 1 << 20)) >= 0xC0
    beside = int((sample[1:] & sample[:-1]).sum())
    return beside * 2 > int(sample.sum()) > 0


def _decoded(data: bytes, encoding: str, file: str) -> str:
    try:
        text = data.decode(encoding)
    except LookupError:
        raise FileRefused(f"{file}: encoding {encoding!r} is not known here") from None
    except UnicodeError as error:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        raise FileRefused(
            f"{file}: not {encoding} text at byte {at}: save it as UTF-8, or as a workbook"
        ) from None
    if "\0" in text:
        raise FileRefused(f"{file}: has NUL bytes: neither a text file nor a workbook known here")
    return text.removeprefix("\ufeff")


def find_delimiter(text: str) -> str:
    """The delimiter that cuts most lines of the beginning into the same number of cells."""
    lines = [line for line in text[: 1 << 18].splitlines()[:_SAMPLE_LINES] if line.strip()]
    best, score = ",", (0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        counts: dict[int, int] = {}
        for width in widths:
            if width > 1:
                counts[width] = counts.get(width, 0) + 1
        found = max(((n, width) for width, n in counts.items()), default=(0, 0))
        if found > score:
            best, score = delimiter, found
    return best


def _rows(text: str, delimiter: str, file: str, numbers: I64) -> Iterator[list[str]]:
    """Rows of cells; `numbers` gets the line that each begins on."""
    done = 0

    def lines() -> Iterator[str]:
        for number, line in enumerate(io.StringIO(text, newline="")):
            if len(line) > LINE_CHARS_MAX or number - done > LINES_PER_ROW_MAX:
                raise FileRefused(f"{file}:{done + 1}: a row without an end: a lost quote?")
            yield line

    reader = csv.reader(lines(), delimiter=delimiter)
    try:
        for at, row in enumerate(reader):
            if at >= ROWS_MAX:
                raise FileRefused(f"{file}:{done + 1}: more than {ROWS_MAX:,} rows")
            numbers[at] = done + 1
            done = reader.line_num
            yield row
    except csv.Error as error:
        raise FileRefused(f"{file}:{done + 1}: not a table: {error}") from None


def read_text(data: bytes, file: str, encoding: str, delimiter: str) -> tuple[Grid, TextFormat]:
    """The grid of a text file, and its format: as told, or found out where that is "".

    Raises FileRefused.
    """
    encoding = encoding or find_encoding(data)
    text = _decoded(data, encoding, file)
    first, _, _ = text[:200].partition("\n")
    told = first.strip().lower()
    if told.startswith("sep=") and len(told) <= 5:
        delimiter = delimiter or (told[4:] or "\t")
        text = "\n" + text[len(first) + 1 :]
    delimiter = delimiter or find_delimiter(text)
    numbers = np.zeros(ROWS_MAX + 1, np.int64)
    rows = _rows(text, delimiter, file, numbers)
    return grid_of(_SHEET, file, rows, numbers), TextFormat(encoding, delimiter)
