"""Figures per key: columns that grow with new keys up to a limit.

When there are more keys than the limit, those of least worth go; of equal worth, the higher key.
In which row a key stands depends on when it came; what must not depend on that goes by `ordered`.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kernels.layout import I64, U64

Columns = Mapping[str, tuple[str, int]]
"""name -> (numpy type, values a key: 1 gives a flat column)"""
FREED: Final = 5
ROOM: Final = 1_024
"""rows to spare at least, so that a new key seldom moves the others"""


class Ledger:
    """Columns by name, each with one row a key; row numbers are good until keys are dropped."""

    def __init__(self, keys_max: int, columns: Columns) -> None:
        self.keys_max = keys_max
        self.kinds = dict(columns)
        self._columns: dict[str, npt.NDArray[Any]] = {
            name: np.zeros((0, width) if width > 1 else 0, kind)
            for name, (kind, width) in columns.items()
        }
        self._sorted = np.zeros(0, np.uint64)
        self._row = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self._sorted)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._columns[name][: len(self)]

    @property
    def key(self) -> U64:
        """The key of each row."""
        found = np.empty(len(self), np.uint64)
        found[self._row] = self._sorted
        return found

    def find(self, key: U64) -> I64:
        """The row of each key, -1 where there is none."""
        if not len(self):
            return np.full(len(key), -1, np.int64)
        at = np.minimum(np.searchsorted(self._sorted, key), len(self) - 1)
        return np.where(self._sorted[at] == key, self._row[at], -1).astype(np.int64)

    def rows(self, key: U64) -> I64:
        """The row of each key; new ones begin with zeros."""
        found = self.find(key)
        missing = found < 0
        if missing.any():
            self._append(np.unique(key[missing]))
            found[missing] = self.find(key[missing])
        return found

    def ordered(self, chosen: npt.NDArray[np.bool_]) -> list[int]:
        """The chosen rows in order of their keys."""
        rows = self._row[chosen[self._row]]
        return rows.tolist()  # type: ignore[no-any-return]

    def keep(self, kept: npt.NDArray[np.bool_]) -> None:
        """Drop the other rows."""
        if not kept.all():
            key = self.key[kept]
            self.put(key, {name: self[name][kept] for name in self.kinds})

    def put(self, key: U64, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Have these rows and no others."""
        self._row = np.argsort(key, kind="stable").astype(np.int64)
        self._sorted = key[self._row]
        self._columns = {name: columns[name] for name in self.kinds}

    def trim(self, worth: npt.NDArray[Any]) -> None:
        """Where there are more than keys_max, keep those of the most worth; a fifth of the room is
        made free, so that not every new key moves all the others."""
        if len(self) > self.keys_max:
            kept = np.zeros(len(self), bool)
            kept[np.lexsort((self.key, -worth))[: self.keys_max - self.keys_max // FREED]] = True
            self.keep(kept)

    def _append(self, new: U64) -> None:
        n = len(self)
        for name, values in self._columns.items():
            if len(values) < n + len(new):
                room = max(ROOM, (n + len(new)) * 5 // 4)
                grown = np.zeros((room, *values.shape[1:]), values.dtype)
                grown[:n] = values[:n]
                self._columns[name] = grown
        at = np.searchsorted(self._sorted, new)
        self._sorted = np.insert(self._sorted, at, new)
        self._row = np.insert(self._row, at, np.arange(n, n + len(new)))
