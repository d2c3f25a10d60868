"""A table of ported numbers as a CSV file: `number,lrn`, both digits of E.164."""

import csv
import io
from typing import Final

from billing.errors import FileRefused
from billing.mediation.switches.ported import Ported
from kernels.layout import DIGITS_MAX

ROWS_MAX: Final = 5_000_000
COLUMNS: Final = ("number", "lrn")


def parse_ported(data: bytes, file: str) -> Ported:
    """The table of a file with a header of COLUMNS, in any order; others are passed over.

    A number may be a prefix. Raises FileRefused naming file, line, field and value.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileRefused(f"{file}: not UTF-8 text at byte {error.start}: is it CSV?") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    table: dict[str, str] = {}
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise FileRefused(f"{file}:1: header lacks {', '.join(missing)}")
        for row in reader:
            if len(table) == ROWS_MAX:
                raise FileRefused(f"{file}:{reader.line_num}: more than {ROWS_MAX:,} numbers")
            number, lrn = (_digits(file, reader.line_num, name, row[name]) for name in COLUMNS)
            if table.setdefault(number, lrn) != lrn:
                said = f"number={number!r}: twice, with other LRNs"
                raise FileRefused(f"{file}:{reader.line_num}: {said}")
    except csv.Error as error:
        raise FileRefused(f"{file}:{reader.line_num}: not CSV: {error}") from None
    return Ported(table)


def _digits(file: str, line: int, name: str, value: str | None) -> str:
    digits = (value or "").strip().removeprefix("+")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS_MAX):
        raise FileRefused(f"{file}:{line}: {name}={value!r}: 1 to {DIGITS_MAX} digits")
    return digits
