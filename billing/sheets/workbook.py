"""Workbooks as grids: XLSX and ODS by calamine, XLS by xlrd; values only, never a formula.

calamine lays a sheet out as a rectangle, so a file is measured first. xlrd keeps only cells that
are there, which a file must have paid for.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

import python_calamine
import xlrd

from billing.errors import FileRefused
from billing.sheets.cells import Grid, grid_of
from billing.sheets.limits import SHEETS_MAX
from billing.sheets.ods_guard import check_ods
from billing.sheets.package import Refused, parts_of
from billing.sheets.xlsx_guard import check_xlsx

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
XLS_BYTES_MAX: Final = 64 * 1024 * 1024
_SEVERAL: Final = "save the sheet with the rates as a workbook of its own"


def is_workbook(data: bytes) -> bool:
    """Whether bytes look like a workbook rather than a text file."""
    return data.startswith((ZIP, OLE))


def read_workbook(data: bytes, file: str, sheet: str = "") -> Iterator[Grid]:
    """The grids of a workbook's visible sheets, one after the other, or of the one named.

    Raises FileRefused.
    """
    try:
        if data.startswith(OLE):
            yield from _xls(data, file, sheet)
        else:
            yield from _zipped(data, file, sheet)
    except Refused as refused:
        raise FileRefused(f"{file}: {refused}") from None
    except (FileRefused, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a reader's panic is no Exception
        raise FileRefused(
            f"{file}: a workbook that cannot be read ({type(error).__name__}: {error}): save it "
            "again in Excel or LibreOffice"
        ) from None


def _chosen(names: Sequence[tuple[str, bool]], file: str, sheet: str) -> list[str]:
    """The sheets to read, of (name, visible): the one told, or all visible ones without it."""
    if len(names) > SHEETS_MAX:
        raise FileRefused(f"{file}: more than {SHEETS_MAX} sheets: {_SEVERAL}")
    if sheet in [name for name, _ in names]:
        return [sheet]
    return [name for name, visible in names if visible] or [name for name, _ in names]


def _zipped(data: bytes, file: str, sheet: str) -> Iterator[Grid]:
    parts = parts_of(data)
    names = {part.filename for part in parts}
    if "content.xml" in names:
        check_ods(data, parts)
    elif "xl/workbook.xml" in names:
        check_xlsx(data, parts)
    else:
        raise FileRefused(f"{file}: neither XLSX nor ODS: save it as one of these, or as CSV")
    with python_calamine.load_workbook(io.BytesIO(data)) as book:
        visible = python_calamine.SheetVisibleEnum.Visible
        known = [
            (meta.name, meta.visible == visible)
            for meta in book.sheets_metadata
            if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        for name in _chosen(known, file, sheet):
            yield grid_of(name, file, _rows(book.get_sheet_by_name(name)))


def _rows(sheet: python_calamine.CalamineSheet) -> Iterator[Sequence[Any]]:
    """All rows from the first, empty ones and empty first columns too."""
    if sheet.start is None:
        return
    down, right = sheet.start
    for _ in range(down):
        yield ()
    left = ("",) * right
    for row in sheet.iter_rows():
        yield (*left, *row) if right else row


def _xls(data: bytes, file: str, sheet: str) -> Iterator[Grid]:
    if len(data) > XLS_BYTES_MAX:
        raise FileRefused(f"{file}: an XLS of more than {XLS_BYTES_MAX >> 20} MiB: save as XLSX")
    with xlrd.open_workbook(
        file_contents=data, on_demand=True, ragged_rows=True, logfile=io.StringIO()
    ) as book:
        names = [(s.name, not s.visibility) for s in _sheets(book)]
        for name in _chosen(names, file, sheet):
            yield grid_of(name, file, _xls_rows(book, book.sheet_by_name(name)))
            book.unload_sheet(name)


def _sheets(book: Any) -> Iterator[Any]:
    for name in book.sheet_names():
        yield book.sheet_by_name(name)
        book.unload_sheet(name)


def _xls_rows(book: Any, sheet: Any) -> Iterator[Sequence[Any]]:
    for at in range(sheet.nrows):
        yield [
            xlrd.xldate.xldate_as_datetime(value, book.datemode)
            if kind == xlrd.XL_CELL_DATE
            else bool(value)
            if kind == xlrd.XL_CELL_BOOLEAN
            else ""
            if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)
            else "#ERROR"
            if kind == xlrd.XL_CELL_ERROR
            else value
            for kind, value in zip(sheet.row_types(at), sheet.row_values(at), strict=True)
        ]
