"""The data rows of a sheet, by role: distinct cells, which row has which, what is wrong where."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from billing.sheets.bad_cell import Read
from billing.sheets.cells import Cell, Column, Grid
from billing.sheets.find_columns import shown
from billing.sheets.layout import Layout, LayoutColumn
from billing.sheets.limits import PROBLEMS_MAX
from billing.sheets.sheet_rates import SheetProblem
from kernels.layout import I64

Mask = npt.NDArray[np.bool_]
_FILLED_DOWN = ("destination", "country", "country_code", "price")


class RoleCells(NamedTuple):
    """One column's data rows: row i holds cells[rows[i]]."""

    column: LayoutColumn
    cells: list[Cell]
    rows: I64

    def text(self, row: int) -> str:
        """What stands in a data row."""
        return self.cells[int(self.rows[row])].text

    def filled(self) -> Mask:
        """The rows in which something stands."""
        return np.array([bool(c.text) for c in self.cells], bool)[self.rows]

    def where(self, fits: Callable[[Cell], bool]) -> Mask:
        """The rows whose cells fit."""
        return np.array([fits(c) for c in self.cells], bool)[self.rows]


def _filled_down(column: Column, index: I64) -> I64:
    filled = np.array([bool(c.text) for c in column.distinct], bool)[index]
    last = np.maximum.accumulate(np.where(filled, np.arange(len(index)), -1))
    return np.where(last >= 0, index[np.maximum(last, 0)], index)


class SheetRows:
    """The rows below the header, and their problems."""

    def __init__(self, grid: Grid, layout: Layout) -> None:
        self.first = max(layout.header_row, 0)
        self.count = grid.rows - self.first
        self.sheet = grid.sheet
        self.numbers = grid.row_numbers[self.first :]
        self._columns: dict[str, list[RoleCells]] = {}
        for told in layout.columns:
            column = grid.columns[told.column - 1]
            index = column.places[self.first :].astype(np.int64)
            if layout.fill_down and told.role in _FILLED_DOWN:
                index = _filled_down(column, index)
            places, rows = np.unique(index, return_inverse=True)
            cells = [column.distinct[i] for i in places]
            self._columns.setdefault(told.role, []).append(RoleCells(told, cells, rows))
        self.bad = np.zeros(self.count, bool)
        self.skipped = np.zeros(self.count, bool)
        self._problems: dict[tuple[int, int], SheetProblem] = {}
        self.problems_all = 0

    def all(self, role: str) -> list[RoleCells]:
        """The columns of a role."""
        return self._columns.get(role, [])

    def one(self, role: str) -> RoleCells | None:
        """The column of a role that stands once."""
        return next(iter(self.all(role)), None)

    def refuse(
        self, column: LayoutColumn | None, row: int, value: str, problem: str, advice: str
    ) -> None:
        """A row is wrong; it gives no rates."""
        self.bad[row] = True
        self.problems_all += 1
        place = (row, column.column if column else 0)
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.setdefault(
                place,
                SheetProblem(
                    self.sheet,
                    int(self.numbers[row]),
                    shown(column) if column else "",
                    value,
                    problem,
                    advice,
                ),
            )

    def refuse_read(self, of: RoleCells, read: Read) -> None:
        """The rows of cells that cannot be read are wrong."""
        if not read.bad:
            return
        wrong = np.zeros(len(of.cells), bool)
        wrong[list(read.bad)] = True
        for row in np.flatnonzero(wrong[of.rows] & ~self.skipped).tolist():
            why = read.bad[int(of.rows[row])]
            self.refuse(of.column, row, of.text(row), why.problem, why.advice)

    def problems(self) -> list[SheetProblem]:
        """The problems kept, by row and column."""
        return [self._problems[place] for place in sorted(self._problems)]

    def good(self) -> Mask:
        """The rows that are neither wrong nor to be skipped."""
        return ~self.bad & ~self.skipped
