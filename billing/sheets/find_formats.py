"""How a sheet's codes, prices, dates and increments are written, as told or found out."""

import re
from typing import Final

from billing.jurisdiction import NAMES as JURISDICTIONS
from billing.sheets.amounts import find_decimal, price_in, price_per
from billing.sheets.bad_cell import BadCell
from billing.sheets.cells import Cell
from billing.sheets.code_columns import CodeFormat, find_format
from billing.sheets.dates import Moment, find_order, read_moment
from billing.sheets.find_columns import Doubt, shown
from billing.sheets.header_words import normalised
from billing.sheets.increments import increments_told
from billing.sheets.layout import Layout
from billing.sheets.sheet_rates import SheetTerms
from billing.sheets.sheet_rows import RoleCells, SheetRows

MONEY_ROLES: Final = ("price", "first_price", "connect_fee")
DATE_ROLES: Final = ("effective", "end")
_EXCLUSIVE: Final = re.compile(r"valid to|first rate after|exclusive")


def code_cells(rows: SheetRows) -> tuple[RoleCells | None, RoleCells | None, RoleCells | None]:
    """The columns of country code, code (or area code), exchange."""
    code = rows.one("code")
    area = rows.one("area_code")
    return rows.one("country_code"), code or area, rows.one("exchange")


def _codes(rows: SheetRows, layout: Layout) -> Layout:
    country, code, exchange = code_cells(rows)
    if code is None:
        return layout
    words = normalised(code.column.header)
    classes = {price.column.origin_class for price in rows.all("price")}
    american = (
        exchange is not None
        or "npa" in words.split()
        or "npanxx" in words
        or bool(classes & set(JURISDICTIONS))
    )
    told = CodeFormat(layout.dash, layout.code_part, layout.code_prefix)
    if country is None:
        texts = [cell.text for cell in code.cells]
        found = find_format([], texts, american, told)
    else:
        pairs = {(country.text(i), code.text(i)) for i in range(rows.count)}
        found = find_format([a for a, _ in pairs], [b for _, b in pairs], american, told)
    return layout._replace(**found._asdict())


def _each(rows: SheetRows, roles: tuple[str, ...]) -> list[RoleCells]:
    return [column for role in roles for column in rows.all(role)]


def _prices(rows: SheetRows, layout: Layout, doubts: list[Doubt], notes: list[str]) -> Layout:
    columns = _each(rows, MONEY_ROLES)
    headers = [c.column.header for c in columns if c.column.role != "connect_fee"]
    decimal = layout.decimal
    if not decimal and columns:
        try:
            decimal = find_decimal(cell for column in columns for cell in column.cells)
        except BadCell as error:
            doubts.append(Doubt(shown(columns[0].column), "", error.problem, error.advice))
    layout = layout._replace(
        decimal=decimal,
        price_per=layout.price_per or price_per(headers),
        price_in=layout.price_in or price_in(headers),
    )
    if (layout.price_per, layout.price_in) != ("minute", "units"):
        notes.append(f"prices are read as {layout.price_in} of the currency a {layout.price_per}")
    return layout


def _dates(rows: SheetRows, layout: Layout, doubts: list[Doubt]) -> Layout:
    columns = _each(rows, DATE_ROLES)
    if layout.dates or not columns:
        return layout
    try:
        order = find_order(cell for column in columns for cell in column.cells)
    except BadCell as error:
        doubts.append(Doubt(shown(columns[0].column), "", error.problem, error.advice))
        order = ""
    return layout._replace(dates=order)


def _end_dates(rows: SheetRows, layout: Layout, terms: SheetTerms) -> Layout:
    """Whether an end date is still a day of the rate: not where others begin on that date."""
    end, begin = rows.one("end"), rows.one("effective")
    if end is None or layout.end_dates:
        return layout
    if _EXCLUSIVE.search(normalised(end.column.header)):
        return layout._replace(end_dates="first_day_after")

    def days(column: RoleCells) -> set[Moment | None]:
        found: set[Moment | None] = set()
        for cell in column.cells:
            try:
                found.add(read_moment(cell, layout.dates, terms.zone))
            except BadCell:
                continue
        return found - {None}

    same = begin is not None and bool(days(end) & days(begin))
    return layout._replace(end_dates="first_day_after" if same else "last_day")


def find_formats(
    rows: SheetRows, layout: Layout, terms: SheetTerms, letterhead: list[str], notes: list[str]
) -> tuple[Layout, list[Doubt]]:
    """The layout with every format decided, and what its cells left undecided."""
    doubts: list[Doubt] = []
    layout = _codes(rows, layout)
    layout = _prices(rows, layout, doubts, notes)
    layout = _end_dates(rows, _dates(rows, layout, doubts), terms)
    if not layout.increments:
        told = next((found for line in letterhead if (found := increments_told(line))), None)
        layout = layout._replace(increments=f"{told.first_s}/{told.next_s}" if told else "1/1")
        if told:
            notes.append(f"increments {layout.increments} from the lines above the table")
        elif not _each(rows, ("increments", "first_increment", "next_increment")):
            notes.append("no increments in the sheet: 1/1 is taken; say increments in the layout")
    return layout, doubts


def default_cell(layout: Layout) -> Cell:
    """The increments of rows that say none, as a cell."""
    return Cell(layout.increments or "1/1")
