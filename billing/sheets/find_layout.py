"""The layout of a grid: a saved one found again in it, or a new one detected."""

from typing import Final

from billing.sheets.cells import Grid
from billing.sheets.find_columns import Doubt, by_cells, columns_of, headers_of, single_roles
from billing.sheets.header_words import normalised
from billing.sheets.layout import Layout, LayoutColumn
from billing.sheets.limits import HEADER_ROWS_MAX
from billing.sheets.sheet_rates import SheetTerms

CODE_ROLES: Final = ("code", "area_code", "country_code")


def find_layout(
    grid: Grid, header: int, terms: SheetTerms, told: Layout | None
) -> tuple[Layout, list[Doubt]]:
    """The layout of a sheet whose header is in row `header` (0: none), and what is undecided."""
    if told and told.columns:
        return _again(grid, told)
    layout = told or Layout()
    if layout.header_row >= 0:
        header = min(layout.header_row, grid.rows)
    texts = headers_of(grid, header) if header else [""] * len(grid.columns)
    named = by_cells(grid, header, columns_of(texts, terms.options))
    columns, doubts = single_roles(named, terms.currency, grid, header)
    layout = layout._replace(sheet=grid.sheet, header_row=header, columns=tuple(columns))
    return layout, [*doubts, *_missing(layout)]


def _missing(layout: Layout) -> list[Doubt]:
    """What a sheet cannot do without."""
    roles = {column.role for column in layout.columns}
    found = []
    if not roles & set(CODE_ROLES):
        found.append(
            Doubt(
                "",
                "",
                "no column with dial codes was recognised",
                "say in the layout which column has role code",
                True,
            )
        )
    if "price" not in roles:
        found.append(
            Doubt(
                "",
                "",
                "no column with prices was recognised",
                "say in the layout which column has role price",
                True,
            )
        )
    return found


def _same(header: str, text: str) -> bool:
    return normalised(header) == normalised(text) and header.strip() != ""


def _header_again(grid: Grid, told: Layout) -> int:
    """The row (from 1) that has all headers of the layout; 0 for none."""
    wanted = {normalised(c.header) for c in told.columns if c.header and c.role != "ignore"}
    places: tuple[int, ...] = (told.header_row - 1, *range(min(grid.rows, HEADER_ROWS_MAX)))
    for at in places:
        if 0 <= at < grid.rows and wanted <= {
            normalised(text) for text in headers_of(grid, at + 1)
        }:
            return at + 1
    return 0


def _again(grid: Grid, told: Layout) -> tuple[Layout, list[Doubt]]:
    """A saved layout in a new file: columns by header, by place where they have none."""
    by_header = any(c.header for c in told.columns if c.role != "ignore")
    header = _header_again(grid, told) if by_header and told.header_row else 0
    if by_header and told.header_row and not header:
        names = ", ".join(repr(c.header) for c in told.columns if c.role != "ignore")
        doubt = Doubt(
            "",
            "",
            f"no row has all the columns of the layout: {names}",
            "has the partner changed its sheet? Read it without the layout, then save it",
            True,
        )
        return told._replace(sheet=grid.sheet, columns=()), [doubt]
    texts = headers_of(grid, header) if header else [""] * len(grid.columns)
    columns: list[LayoutColumn] = []
    doubts: list[Doubt] = []
    for column in told.columns:
        at = column.column - 1
        here = at < len(texts) and (
            not column.header or not header or _same(column.header, texts[at])
        )
        moved = [i for i, text in enumerate(texts) if _same(column.header, text)]
        if here or moved:
            columns.append(column._replace(column=(at if here else moved[0]) + 1))
        elif column.role != "ignore":
            doubts.append(
                Doubt(
                    column.header,
                    "",
                    "a column of the layout that the sheet lacks",
                    "correct the layout",
                )
            )
    layout = told._replace(sheet=grid.sheet, header_row=header, columns=tuple(columns))
    return layout, [*doubts, *_missing(layout)]
