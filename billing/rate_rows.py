"""What the rate rows of a book are: of which deck version, for which code and destination.

Rows are numbered in the order in which versions come in and keep their numbers.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.deck import DeckVersion
from kernels.layout import I32, U32

Mask = npt.NDArray[np.bool_]


class RateRows(NamedTuple):
    """Columns over all rate rows; texts as places in `names`."""

    version: U32
    """number of the deck version"""
    local: U32
    """index within that version"""
    prefix: I32
    destination: I32
    names: pa.Array
    """every dial code and destination once; the first is "" """

    @classmethod
    def empty(cls) -> Self:
        """No rows."""
        none, names = np.empty(0, np.uint32), np.empty(0, np.int32)
        return cls(none, none, names, names, pa.array([""]))

    def with_versions(self, versions: Sequence[DeckVersion]) -> Self:
        """These rows and behind them those of the versions, in that order."""
        counts = [version.rates.num_rows for version in versions]
        numbers = np.array([version.number for version in versions], np.uint32)
        local = [np.arange(n, dtype=np.uint32) for n in counts]
        names, prefix = _interned(self.names, [v.rates.column("prefix") for v in versions])
        names, destination = _interned(names, [v.rates.column("destination") for v in versions])
        return self._replace(
            version=np.concatenate([self.version, np.repeat(numbers, counts)]),
            local=np.concatenate([self.local, *local]),
            prefix=np.concatenate([self.prefix, prefix]),
            destination=np.concatenate([self.destination, destination]),
            names=names,
        )

    def by_version(self) -> tuple[I32, I32]:
        """The first row and the number of rows of each version, by its number; 0 rows of none."""
        begins = np.flatnonzero(np.diff(self.version.astype(np.int64), prepend=-1))
        first, count = np.zeros((2, int(self.version.max(initial=0)) + 1), np.int32)
        first[self.version[begins]] = begins
        count[self.version[begins]] = np.diff(begins, append=len(self.version))
        return first, count

    def of(self, rate_row: I32, none: Mask) -> tuple[U32, U32, pa.Array, pa.Array]:
        """Version, local row, code and destination of n rate rows; 0 and "" where none is set."""
        row = np.where(none, 0, rate_row)
        if not len(self.version):
            zero = np.zeros(len(row), np.uint32)
            nothing = pa.array([""] * len(row), pa.string())
            return zero, zero, nothing, nothing
        prefix, destination = (
            self.names.take(pa.array(np.where(none, 0, column[row])))
            for column in (self.prefix, self.destination)
        )
        version, local = (
            np.where(none, np.uint32(0), column[row]) for column in (self.version, self.local)
        )
        return version, local, prefix, destination


def _interned(names: pa.Array, columns: list[pa.ChunkedArray]) -> tuple[pa.Array, I32]:
    """Names with the columns' new ones behind them, and each value's place."""
    every = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
    texts = every.combine_chunks().dictionary_encode()
    known = pc.index_in(texts.dictionary, names)
    fresh = pc.is_null(known).to_numpy(zero_copy_only=False)
    place = pc.fill_null(known, 0).to_numpy().astype(np.int32)
    place[fresh] = np.arange(len(names), len(names) + fresh.sum())
    return pa.concat_arrays([names, texts.dictionary.filter(fresh)]), place[texts.indices]
