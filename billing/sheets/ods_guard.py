"""Whether an ODS may be given to its reader: cells and rows that are repeated are counted out.

An OpenDocument sheet says "this cell, 16,384 times" and "this row, a million times".
"""

import zipfile
from typing import Final
from xml.parsers import expat

from billing.sheets.limits import CELLS_MAX, SHEETS_MAX, STRINGS_BYTES_MAX, UNPACKED_BYTES_MAX
from billing.sheets.package import Refused, unpacked

_TABLE: Final = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE: Final = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_CELLS: Final = (_TABLE + "table-cell", _TABLE + "covered-table-cell")
_ROW: Final = _TABLE + "table-row"
_ACROSS: Final = _TABLE + "number-columns-repeated"
_DOWN: Final = _TABLE + "number-rows-repeated"
_DEPTH_MAX: Final = 100
_REPEATED_MAX: Final = 1 << 21


def _times(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "1")
    if not (text.isascii() and text.isdecimal() and len(text) <= 7):
        raise Refused(f"a cell or row repeated {text[:20]!r} times")
    return min(max(int(text), 1), _REPEATED_MAX)


class _Measure:
    """The rectangle of each table, and the bytes of its texts, counted out."""

    def __init__(self) -> None:
        self.tables = self.depth = 0
        self.cells = self.texts = 0
        self._new_table()

    def _new_table(self) -> None:
        self.width = self.height = self.skipped = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens. Raises Refused."""
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise Refused(f"XML nested deeper than {_DEPTH_MAX}")
        if name == _TABLE + "table":
            self.tables += 1
            self.cells += self.width * self.height
            self._new_table()
        elif name == _ROW:
            self.down = _times(attributes, _DOWN)
            self.across = self.blank = self.row_texts = 0
            self.in_row = False
        elif name in _CELLS:
            self.repeated = _times(attributes, _ACROSS)
            self.filled = any(key.startswith(_OFFICE) for key in attributes)
            self.row_texts += self.repeated * sum(len(v) for v in attributes.values())

    def text(self, text: str) -> None:
        """Characters within a cell."""
        self.filled = True
        self.row_texts += self.repeated * len(text)

    def end(self, name: str) -> None:
        """An element closes. Raises Refused."""
        self.depth -= 1
        if name in _CELLS:
            self.blank += self.repeated
            if self.filled:
                self.across, self.blank, self.in_row = self.across + self.blank, 0, True
        elif name == _ROW:
            self.skipped += self.down
            if self.in_row:
                self.height, self.skipped = self.height + self.skipped, 0
                self.width = max(self.width, self.across)
                self.texts += self.down * self.row_texts
            self._check()

    filled = in_row = False
    down = across = blank = repeated = row_texts = 0

    def _check(self) -> None:
        if self.tables > SHEETS_MAX:
            raise Refused(f"more than {SHEETS_MAX} sheets")
        if self.cells + self.width * self.height > CELLS_MAX:
            raise Refused(
                f"cells spread over {self.height:,} rows and {self.width:,} columns: copy the "
                "rates into a sheet of their own"
            )
        if self.texts > STRINGS_BYTES_MAX:
            raise Refused(f"texts of {self.texts >> 20} MiB: is that a rate sheet?")


def _no_doctype(*_: object) -> None:
    raise Refused("XML with a document type, which no workbook needs")


def check_ods(data: bytes, parts: list[zipfile.ZipInfo]) -> None:
    """Raises Refused when reading the workbook could cost more than the limits."""
    unpacked_bytes = 0
    for part in parts:
        measure = _Measure()
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = measure.begin
        parser.EndElementHandler = measure.end
        parser.CharacterDataHandler = measure.text
        parser.StartDoctypeDeclHandler = _no_doctype
        for piece in unpacked(data, part):
            unpacked_bytes += len(piece)
            if unpacked_bytes > UNPACKED_BYTES_MAX:
                raise Refused(f"more than {UNPACKED_BYTES_MAX >> 20} MiB when unpacked")
            if part.filename != "content.xml":
                continue
            try:
                parser.Parse(piece, False)
            except expat.ExpatError as error:
                raise Refused(f"damaged XML ({error}): ask for it again") from None
