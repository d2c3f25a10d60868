"""Rate sheets made by hand in every kind of file, and what is read from them."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import xlsxwriter
import xlwt

from billing.deck import FOREVER_MS, options_from
from billing.instants import format_instant_ms, parse_instant_ms
from billing.money import format_nanos
from billing.sheets import Layout, SheetRates, SheetTerms, read_sheet

Rows = Sequence[Any]
TODAY_MS = parse_instant_ms("2026-11-30")
BEGIN = "2026-12-15"
_CONTENT = (
    '<?xml version="1.0"?><office:document-content '
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body>'
    "<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
)
_MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
)


def terms(zone: str = "UTC", **options: Any) -> SheetTerms:
    """A buyer's terms on 2026-11-30; rates without a date begin on BEGIN."""
    known = options_from(options)
    begin = parse_instant_ms(BEGIN, ZoneInfo(zone))
    return SheetTerms("buy", known.currency, ZoneInfo(zone), begin, TODAY_MS, known)


def text_bytes(rows: Rows, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Rows as a text file."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx_bytes(*sheets: tuple[str, Rows], hidden: Sequence[str] = ()) -> bytes:
    """Sheets as an XLSX; dates are real dates, numbers numbers."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    if isinstance(value, date | datetime):
                        sheet.write_datetime(r, c, value, day)
                    elif isinstance(value, str):
                        sheet.write_string(r, c, value)
                    elif value is not None:
                        sheet.write(r, c, value)
            if name in hidden:
                sheet.hide()
    return out.getvalue()


def xls_bytes(rows: Rows) -> bytes:
    """Rows as an old XLS."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Rates")
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, date):
                sheet.write(r, c, value, day)
            elif value is not None:
                sheet.write(r, c, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods_cell(value: Any) -> str:
    """One cell of an ODS."""
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, date):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, int | float):
        kind = f'office:value-type="float" office:value="{value}"'
    else:
        kind = 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{escape(str(value))}</text:p></table:table-cell>"


def ods_of(table: str) -> bytes:
    """An ODS with these tables."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", _MANIFEST)
        package.writestr("content.xml", _CONTENT.format(tables=table))
    return out.getvalue()


def ods_bytes(rows: Rows) -> bytes:
    """Rows as an ODS, with the million empty rows that office programs write behind them."""
    lines = "".join(
        f"<table:table-row>{''.join(map(ods_cell, row))}"
        '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        for row in rows
    )
    rest = (
        '<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    return ods_of(f'<table:table table:name="Rates">{lines}{rest}</table:table>')


def read(
    data: bytes, file: str = "sheet", of: SheetTerms | None = None, layout: Layout | None = None
) -> SheetRates:
    """A sheet, read."""
    return read_sheet(data, file, of or terms(), layout)


def sound(*args: Any, **kwargs: Any) -> SheetRates:
    """A sheet that is read without a problem."""
    found = read(*args, **kwargs)
    assert not found.problems, [str(problem) for problem in found.problems]
    return found


def day_of(ms: int) -> str:
    """A date, with the time where it is not midnight UTC."""
    text = format_instant_ms(ms).removesuffix(".000Z")
    return text.removesuffix("T00:00:00")


def lines(found: SheetRates) -> list[str]:
    """Rates in short: code, destination, price, increments, first day, and what is unusual."""
    out = []
    for r in found.rates.to_pylist():
        line = (
            f"{r['prefix']} {r['destination']} {format_nanos(r['next_rate_nanos'])} "
            f"{r['first_increment_s']}/{r['next_increment_s']} {day_of(r['valid_from_ms'])}"
        )
        if r["valid_to_ms"] != FOREVER_MS:
            line += f" to {day_of(r['valid_to_ms'])}"
        if r["connect_nanos"]:
            line += f" +{format_nanos(r['connect_nanos'])}"
        classes = [r[c] for c in ("time_class", "origin_class") if r[c] != "any"]
        out.append(" ".join([line, *classes, *(["blocked"] if r["blocked"] else [])]))
    return out
