"""A rate sheet as an e-mail brought it: bytes in; rates, problems and the layout found out."""

import re
from pathlib import PurePath
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.deck import RATES
from billing.errors import FileRefused
from billing.sheets import read_columns
from billing.sheets.amounts import currency_named
from billing.sheets.assemble import assemble, usable_prices
from billing.sheets.cells import Grid
from billing.sheets.check_rates import check_rates
from billing.sheets.countries import FULL_COUNTRIES_MIN, countries_of
from billing.sheets.find_columns import Doubt, find_header
from billing.sheets.find_formats import find_formats
from billing.sheets.find_layout import find_layout
from billing.sheets.layout import Layout
from billing.sheets.limits import PROBLEMS_MAX
from billing.sheets.sheet_rates import SheetProblem, SheetRates, SheetTerms
from billing.sheets.sheet_rows import Mask, SheetRows
from billing.sheets.sheet_text import coverage_told, currency_told
from billing.sheets.text_file import read_text
from billing.sheets.workbook import is_workbook, read_workbook

_LETTERHEAD_ROWS_MAX: Final = 50
_SAMPLE_ROWS: Final = 200
_SAMPLES: Final = 4
_DIGIT: Final = re.compile(r"\d")


def _letterhead(grid: Grid, header: int) -> list[str]:
    """What stands above the header, a line a row."""
    above = range(max(0, header - 1 - _LETTERHEAD_ROWS_MAX), max(0, header - 1))
    lines = [" ".join(text for text in grid.row(at) if text) for at in above]
    return [line for line in lines if line]


def _grid(
    data: bytes, file: str, terms: SheetTerms, told: Layout | None, notes: list[str]
) -> tuple[Grid, int, Layout | None]:
    """The sheet with the rates, its header row, and the layout told with the text format."""
    if not is_workbook(data):
        layout = told or Layout()
        grid, written = read_text(data, file, layout.encoding, layout.delimiter)
        return grid, find_header(grid, terms.options), layout._replace(**written._asdict())
    best: tuple[int, int, Grid] | None = None
    names = []
    for grid in read_workbook(data, file, told.sheet if told else ""):
        header = find_header(grid, terms.options)
        names += [grid.sheet] if header else []
        found = (header, grid.rows, grid)
        if best is None or (bool(header), grid.rows) > (bool(best[0]), best[1]):
            best = found
    if best is None:
        raise FileRefused(f"{file}: no sheet with cells in it")
    header, _, grid = best
    others = [repr(name) for name in names if name != grid.sheet]
    if others:
        notes.append(
            f"sheet {grid.sheet!r} was read; these look like rates too: {', '.join(others)}"
        )
    if told and told.sheet and told.sheet != grid.sheet:
        notes.append(f"there is no sheet {told.sheet!r}; {grid.sheet!r} was read")
    return grid, header, told


def _skip(rows: SheetRows) -> None:
    """Leave out empty rows, remarks, and headers that stand again between the rows."""
    codes = [c for role in ("code", "area_code", "country_code") for c in rows.all(role)]
    prices = [c for role in ("price", "first_price") for c in rows.all(role)]
    change = rows.all("change")
    has_code = np.any([c.filled() for c in codes], axis=0)
    has_price = np.any([c.filled() for c in prices], axis=0)
    digits = np.any(
        [c.where(lambda cell: _DIGIT.search(cell.text) is not None) for c in codes], axis=0
    )
    said = np.any([c.filled() for c in change], axis=0) if change else np.zeros(rows.count, bool)
    rows.skipped |= ~has_code & ~has_price
    rows.skipped |= ~digits & ~has_price & ~said
    again = np.all(
        [
            c.where(lambda cell, c=c: cell.text == c.column.header)  # type: ignore[misc]
            for c in (*codes[:1], *prices[:1])
            if c.column.header
        ]
        or [np.zeros(rows.count, bool)],
        axis=0,
    )
    rows.skipped |= again


def _coverage(layout: Layout, texts: list[str], countries: int, notes: list[str]) -> str:
    told = layout.coverage or coverage_told(texts)
    if told:
        return told
    full = countries >= FULL_COUNTRIES_MIN
    notes.append(
        f"rates for {countries} countries and no word about coverage: taken as "
        f"{'a full A-Z' if full else 'a partial update'}; say coverage in the layout"
    )
    return "full" if full else "partial"


def _counts(
    rows: SheetRows, rates: pa.Table, removed: int, repeated: int, terms: SheetTerms
) -> dict[str, int]:
    begin = rates.column("valid_from_ms")
    return {
        "rows": rows.count,
        "skipped": int(rows.skipped.sum()),
        "bad_rows": int((rows.bad & ~rows.skipped).sum()),
        "rates": rates.num_rows,
        "codes": pc.count_distinct(rates.column("prefix")).as_py(),
        "destinations": pc.count_distinct(rates.column("destination")).as_py(),
        "blocked": pc.sum(rates.column("blocked")).as_py() or 0,
        "removed": removed,
        "repeated": repeated,
        "future": int((begin.to_numpy() > terms.today_ms).sum()),
        "past": int((begin.to_numpy() <= terms.today_ms).sum()),
        "problems": rows.problems_all,
    }


def _removed(removed: Mask, shut: Mask, coverage: str, notes: list[str]) -> tuple[Mask, Mask]:
    """Rows taken off the list: left out where that closes them, closed in a partial update."""
    count = int(removed.sum())
    if coverage == "partial" and count:
        notes.append(
            f"{count:,} rows are taken off the list; as this is a partial update, their codes are "
            "blocked from their date on, not priced by a shorter code"
        )
        return shut | removed, np.zeros_like(removed)
    return shut, removed


def _covered(rates: pa.Table, codes: read_columns.Codes, removed: Mask) -> tuple[str, ...]:
    """The countries of all codes that are listed, those that are taken off too."""
    listed = [codes.read.values[i] or () for i in np.unique(codes.rows[removed]).tolist()]
    return countries_of([*rates.column("prefix").to_pylist(), *(c for own in listed for c in own)])


def _other_currency(letterhead: list[str], used: Layout, terms: SheetTerms) -> list[Doubt]:
    """Whether the lines above the table, or headers of prices, name another currency."""
    named, line = currency_told(letterhead)
    for column in used.columns:
        if column.role in ("price", "first_price", "connect_fee"):
            own = currency_named(column.header)
            if own and own != terms.currency:
                named, line = own, column.header
    if named in ("", terms.currency):
        return []
    problem = f"the sheet is in {named}, not in {terms.currency}"
    return [Doubt("", line, problem, f"read it with currency {named}, or ask the partner", True)]


def read_sheet(
    data: bytes, file: str, terms: SheetTerms, layout: Layout | None = None
) -> SheetRates:
    """The rates of a sheet. `layout`: one saved before, or None to have it detected.

    Raises FileRefused when the file cannot be read at all or is beyond the limits; everything
    else that is wrong is a problem of the result.
    """
    notes: list[str] = []
    grid, header, told = _grid(data, file, terms, layout, notes)
    used, doubts = find_layout(grid, header, terms, told)
    letterhead = _letterhead(grid, used.header_row)
    doubts += _other_currency(letterhead, used, terms)
    if any(doubt.fatal for doubt in doubts):
        return _nothing(grid, used, doubts, notes)
    rows = SheetRows(grid, used)
    _skip(rows)
    if rows.skipped.all():
        doubts.append(Doubt("", "", "no row with a code or a price", "is that the right sheet?"))
    used, undecided = find_formats(rows, used, terms, letterhead, notes)
    prices, unknown = usable_prices(read_columns.prices(rows, "price", used), terms)
    doubts += [*undecided, *unknown]
    codes = read_columns.codes(rows, used)
    read_columns.currencies(rows, terms)
    shut, removed = read_columns.changes(rows, prices)
    texts = [PurePath(file).name, grid.sheet, *letterhead]
    every = {code for listed in codes.read.values if listed for code in listed}
    coverage = _coverage(used, texts, len(countries_of(every)), notes)
    shut, gone = _removed(removed & rows.good(), shut, coverage, notes)
    laid = assemble(rows, used, terms, prices, codes, shut, gone, file)
    sound = check_rates(laid, rows)
    rates = sound.laid.rates
    counts = _counts(rows, rates, int(removed.sum()), sound.repeated, terms)
    counts["problems"] += len(doubts)
    return SheetRates(
        rates,
        [*_doubted(grid, doubts), *rows.problems()][:PROBLEMS_MAX],
        used,
        notes,
        coverage,
        _covered(rates, codes, removed),
        counts,
        _samples(grid, used),
    )


def _doubted(grid: Grid, doubts: list[Doubt]) -> list[SheetProblem]:
    return [SheetProblem(grid.sheet, 0, *doubt[:4]) for doubt in doubts]


def _samples(grid: Grid, layout: Layout) -> tuple[tuple[str, ...], ...]:
    """Some different cells of each column of a layout."""
    below = range(max(layout.header_row, 0), min(grid.rows, layout.header_row + _SAMPLE_ROWS))
    found = []
    for column in layout.columns:
        cells = [grid.columns[column.column - 1].at(row).text for row in below]
        found.append(tuple(dict.fromkeys(text for text in cells if text))[:_SAMPLES])
    return tuple(found)


def _nothing(grid: Grid, layout: Layout, doubts: list[Doubt], notes: list[str]) -> SheetRates:
    """A sheet that could not be understood: its layout is to be corrected by a person."""
    problems, samples = _doubted(grid, doubts), _samples(grid, layout)
    counts = {"rows": grid.rows, "rates": 0, "problems": len(problems)}
    return SheetRates(RATES.empty_table(), problems, layout, notes, "partial", (), counts, samples)
