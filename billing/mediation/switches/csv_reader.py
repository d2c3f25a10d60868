"""Formats of one record a line with separated fields, with or without names of columns in front.

A header is the first line of a file, and every line with the same bytes after it.
"""

from collections import Counter
from typing import ClassVar

import numpy as np

from billing.mediation.switches.columns import Table
from billing.mediation.switches.csv_table import FIELDS_MAX, Form, Unread, fields_of, read_table
from billing.mediation.switches.lines import LINE_BYTES_MAX, Records
from billing.mediation.switches.reader import Read, Reader
from kernels.layout import I64


class CsvReader(Reader):
    """Lines whose columns are known by position."""

    COLUMNS: ClassVar[tuple[str, ...]] = ()
    WANTED: ClassVar[frozenset[str]] = frozenset()
    """the columns that are read; none = all with a name"""
    WIDTH_MIN: ClassVar[int] = 1
    WIDTH_MAX: ClassVar[int] = FIELDS_MAX
    QUOTED: ClassVar[bool] = True
    LENIENT: ClassVar[bool] = False

    def _form(self) -> Form:
        own = self.source.columns
        columns = own or self.COLUMNS
        named = tuple(c if c in self.WANTED or not self.WANTED else "" for c in columns)
        low, high = (len(own), len(own)) if own else (self.WIDTH_MIN, self.WIDTH_MAX)
        return Form(self.source.delimiter, self.QUOTED, named, low, high, self.LENIENT)

    def _read(self, records: Records, which: I64) -> Read:
        return Read(*read_table(records, which, self._form()))


class HeadedReader(CsvReader):
    """Lines whose columns are named by the first line of a file.

    A file that does not begin with names goes on with those of the file before. Without any, each
    line is a dead letter.
    """

    NEEDED: ClassVar[tuple[frozenset[str], ...]] = ()
    """a header has one name of each of these sets"""
    _header: bytes = b""
    _names: tuple[str, ...] = ()

    def _choose(self, records: Records, which: I64, skipped: Counter[str]) -> I64:
        if len(records.line) and records.line[0] == 1:
            self._learn(records.raw(0))
        if not self._header or self._header not in records.data:
            return which
        same = which[(records.end - records.start)[which] == len(self._header)]
        headers = [at for at in same.tolist() if records.raw(at) == self._header]
        skipped["header"] += len(headers)
        return which[~np.isin(which, headers)] if headers else which

    def _learn(self, line: bytes) -> None:
        """Take a line as the names of the columns, if it is that."""
        try:
            cells = fields_of(line[: LINE_BYTES_MAX + 1], super()._form())
        except ValueError:
            return
        names = tuple(plain_name(cell) for cell in cells)
        if len(line) <= LINE_BYTES_MAX and all(names_ & set(names) for names_ in self._needed()):
            self._header, self._names = line, names

    def _needed(self) -> tuple[frozenset[str], ...]:
        return self.NEEDED

    def _form(self) -> Form:
        form = super()._form()
        named = tuple(n if n in self._wanted() else "" for n in self._names)
        return form._replace(columns=named, width_min=len(named), width_max=len(named))

    def _wanted(self) -> frozenset[str]:
        return self.WANTED

    def _read(self, records: Records, which: I64) -> Read:
        if self._names:
            return super()._read(records, which)
        why = "the file does not begin with the names of its columns"
        unread = Unread(which.tolist(), [why] * len(which))
        return Read(Table({}, np.empty(0, np.int64)), np.empty(0, np.int64), unread)

    def _restore(self, kept: bytes) -> None:
        if kept:
            self._learn(kept)

    def _kept(self) -> bytes:
        return self._header


def plain_name(cell: str) -> str:
    """A column's name as this package writes it: "Time Start" is "time_start"."""
    return cell.strip().lower().replace(" ", "_")
