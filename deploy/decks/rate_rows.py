"""Rates as rows of text, in the format that decks are loaded from (docs/input.md)."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import pyarrow as pa
import xlsxwriter

from billing.deck import ALWAYS_MS, FOREVER_MS
from billing.deck_csv import NEEDED, OPTIONAL
from billing.errors import FileRefused
from billing.instants import format_instant_ms
from billing.money import format_nanos

COLUMNS: Final = (*NEEDED, *OPTIONAL)
KINDS: Final = (".csv", ".xlsx")
XLSX_ROWS_MAX: Final = 1_048_575
"""rows of a sheet below its header"""


def rate_rows(rates: pa.Table) -> Iterator[tuple[str, ...]]:
    """Each rate (billing.deck.RATES) as COLUMNS; amounts are exact decimals."""
    for row in rates.to_pylist():
        yield (
            row["prefix"],
            row["destination"],
            format_nanos(row["next_rate_nanos"]),
            format_nanos(row["connect_nanos"]),
            str(row["first_increment_s"]),
            str(row["next_increment_s"]),
            format_nanos(row["first_rate_nanos"]),
            _instant(row["valid_from_ms"]),
            _instant(row["valid_to_ms"]),
            row["time_class"],
            row["origin_class"],
            "yes" if row["blocked"] else "",
        )


def write_csv(out: TextIO, rates: pa.Table) -> None:
    """Rates as CSV."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rate_rows(rates))


def write_file(path: Path, rates: pa.Table) -> None:
    """Rates as a CSV file or a workbook; it is there whole or not at all. Raises FileRefused."""
    if path.suffix.lower() not in KINDS:
        raise FileRefused(f"{path}: written as {' or '.join(KINDS)}, by the end of its name")
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.suffix.lower() == ".csv":
            with part.open("w", encoding="utf-8", newline="") as out:
                write_csv(out, rates)
        else:
            _workbook(part, path, rates)
        part.replace(path)
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _workbook(part: Path, path: Path, rates: pa.Table) -> None:
    """Every cell is a text: a code is no number, and an amount would not be exact as one."""
    if rates.num_rows > XLSX_ROWS_MAX:
        raise FileRefused(f"{path}: {rates.num_rows:,} rates: a sheet has {XLSX_ROWS_MAX:,} rows")
    with xlsxwriter.Workbook(part, {"constant_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("rates")
        sheet.freeze_panes(1, 0)
        for column, text in enumerate(COLUMNS):
            sheet.write_string(0, column, text, bold)
        for number, row in enumerate(rate_rows(rates), 1):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)


def _instant(ms: int) -> str:
    return "" if ms in (ALWAYS_MS, FOREVER_MS) else format_instant_ms(ms)
