"""A preview as a file: every line of every table, as a workbook or as Parquet."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from billing.errors import FileRefused
from billing.money import format_nanos
from deploy.rerate_report import DIMENSIONS, kinds, lines_of
from rerate.figures import TOTAL, Figures, Line
from rerate.records import Record

NAMES: Final = ("total", *DIMENSIONS)
AMOUNTS: Final = ("old", "new", "delta")
COUNTS: Final = tuple(name for name in Line._fields if not name.endswith("_nanos"))
KINDS: Final = (".xlsx", ".parquet")
_WIDTH: Final = 18
SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("dimension", "leg", "currency", "text")),
        *((name, pa.int64()) for name in COUNTS),
        *((name, pa.decimal128(38, 9)) for name in AMOUNTS),
    ]
)
"""of the Parquet file: one row a line"""


def check(path: Path) -> None:
    """Raises FileRefused if nothing is written to such a name."""
    if path.suffix.lower() not in KINDS:
        raise FileRefused(f"{path}: written as {' or '.join(KINDS)}, by the end of its name")


def write(path: Path, record: Record, figures: Figures) -> None:
    """Write a preview; the file is there whole or not at all. Raises FileRefused."""
    makers = {".xlsx": _workbook, ".parquet": _parquet}
    check(path)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        makers[path.suffix.lower()](part, record, figures)
        part.replace(path)
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _lines(figures: Figures, name: str) -> Iterator[tuple[str, str, str, Line]]:
    """(leg, currency, text, sums) of a table."""
    for leg, currency in kinds(figures):
        for text, line in lines_of(figures, (leg, currency), TOTAL if name == "total" else name):
            yield leg, currency, text, line


def _amounts(line: Line) -> list[str]:
    return [format_nanos(n) for n in (line.old_nanos, line.new_nanos, line.delta_nanos)]


def _parquet(path: Path, record: Record, figures: Figures) -> None:
    rows = [
        {
            **dict(zip(SCHEMA.names[:4], (name, leg, currency, text), strict=True)),
            **{count: getattr(line, count) for count in COUNTS},
            **dict(zip(AMOUNTS, _amounts(line), strict=True)),
        }
        for name in NAMES
        for leg, currency, text, line in _lines(figures, name)
    ]
    columns = [
        pa.array([row[field.name] for row in rows], pa.string()).cast(field.type)
        if field.name in AMOUNTS
        else pa.array([row[field.name] for row in rows], field.type)
        for field in SCHEMA
    ]
    said = {"run": str(record.number), "scope": record.scope.canonical(), "delta": record.run.delta}
    pq.write_table(pa.Table.from_arrays(columns, schema=SCHEMA).replace_schema_metadata(said), path)


def _workbook(path: Path, record: Record, figures: Figures) -> None:
    """A sheet a table. A spreadsheet's numbers are floats: exact amounts stand beside as text."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True})
        amount = book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet("run")
        facts = {
            "run": str(record.number),
            "state": str(record.run.state),
            "scope": record.scope.canonical(),
            "changes": record.run.delta,
            "made by": record.made_by,
            "note": record.note,
        }
        for row, (name, text) in enumerate(facts.items()):
            sheet.write_string(row, 0, name, bold)
            sheet.write_string(row, 1, text)
        for name in NAMES:
            sheet = book.add_worksheet(f"by {name}" if name != "total" else name)
            sheet.set_column(0, 20, _WIDTH)
            sheet.freeze_panes(1, 0)
            exact = [f"{own}, exact" for own in AMOUNTS]
            for column, text in enumerate(("leg", "currency", name, *COUNTS, *AMOUNTS, *exact)):
                sheet.write_string(0, column, text, bold)
            for row, (leg, currency, text, line) in enumerate(_lines(figures, name), 1):
                amounts = _amounts(line)
                for column, own in enumerate((leg, currency, text)):
                    sheet.write_string(row, column, own)
                for column, own in enumerate(COUNTS, 3):
                    sheet.write_number(row, column, getattr(line, own))
                first = 3 + len(COUNTS)
                for column, own in enumerate(amounts):
                    sheet.write_number(row, first + column, float(own), amount)
                    sheet.write_string(row, first + len(AMOUNTS) + column, own)
