"""What other prices would change: two ratings of the same legs held against each other.

The figures of a preview and of a what-if, added up batch by batch. Sums are exact: nanos are summed
in two halves, which fit int64 for 2^31 legs a batch, and put together as Python integers.
"""

import json
from collections.abc import Mapping, Sequence
from operator import add
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kernels.layout import I32, I64
from kernels.sums import SUMS, twice_by

LARGEST_MAX: Final = 50
"""changes kept by themselves, for each leg and currency"""
TOTAL: Final = "total"
"""the dimension that every leg is added up in, under the key "" """

Mask = npt.NDArray[np.bool_]


class Once(NamedTuple):
    """One rating of n legs."""

    rated: Mask
    billed_s: I32
    """0 where not rated"""
    nanos: I64
    """0 where not rated"""


class Twice(NamedTuple):
    """n legs of one kind, rated in two ways."""

    leg: str
    """"sell" or "buy" """
    call: pa.Array
    """what names the calls: a text, or an id as bytes"""
    currency: pa.Array
    """of both ratings"""
    by: Mapping[str, pa.Array]
    """dimension -> text a leg, such as "destination" -> where it went"""
    old: Once
    new: Once
    at: "npt.NDArray[np.int64] | None" = None
    """the place of each leg's call in `call`; None: their order is the same"""

    @property
    def changed(self) -> Mask:
        """Whether a leg's money, seconds or being rated at all would be another."""
        old, new = self.old, self.new
        differs: Mask = (
            (old.nanos != new.nanos) | (old.billed_s != new.billed_s) | (old.rated != new.rated)
        )
        return differs


class Line(NamedTuple):
    """Sums over legs."""

    legs: int
    changed: int
    newly_rated: int
    no_longer_rated: int
    suspended: int
    """rated neither way"""
    old_s: int
    new_s: int
    old_nanos: int
    new_nanos: int

    @property
    def delta_nanos(self) -> int:
        """What the new prices add."""
        return self.new_nanos - self.old_nanos


class Change(NamedTuple):
    """One leg whose money would be another."""

    call: str
    leg: str
    currency: str
    old_nanos: int
    new_nanos: int
    by: dict[str, str]

    @property
    def delta_nanos(self) -> int:
        """What the new price adds."""
        return self.new_nanos - self.old_nanos


NOTHING: Final = Line(*[0] * len(Line._fields))
Key = tuple[str, str, str]
"""leg, currency, and the text of the dimension"""


class Figures:
    """Sums by dimension, and the largest changes."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[Key, Line]] = {}
        self._largest: dict[tuple[str, str], list[Change]] = {}

    def add(self, twice: Twice) -> None:
        """Take in a batch."""
        currencies = twice.currency.dictionary_encode()
        names = currencies.dictionary.to_pylist()
        currency = currencies.indices.to_numpy()
        total = pa.DictionaryArray.from_arrays(np.zeros(len(currencies), np.int32), [""])
        for dimension, column in {TOTAL: total, **twice.by}.items():
            texts = column.dictionary_encode()
            group = texts.indices.to_numpy() * len(names) + currency
            every = texts.dictionary.to_pylist()
            sums = twice_by(group, len(every) * len(names), twice.old, twice.new)
            self.add_sums(dimension, twice.leg, every, names, sums)
        for at, name in enumerate(names):
            self._keep_largest(twice, currency == at, name)

    def add_sums(
        self, dimension: str, leg: str, texts: Sequence[str], currencies: Sequence[str], sums: I64
    ) -> None:
        """Take in sums of kernels.sums by text and currency: shape (texts, currencies, SUMS)."""
        sums = sums.reshape(-1, len(SUMS))
        lines = self._lines.setdefault(dimension, {})
        for at in np.flatnonzero(sums[:, 0]).tolist():
            text, currency = divmod(at, len(currencies))
            key = (leg, currencies[currency], texts[text])
            line = _line(sums[at].tolist())
            lines[key] = _added(lines[key], line) if key in lines else line

    def _keep_largest(self, twice: Twice, own: Mask, currency: str) -> None:
        delta = twice.new.nanos - twice.old.nanos
        rows = np.flatnonzero(own & (delta != 0))
        size = np.abs(delta[rows])
        if len(rows) > LARGEST_MAX:  # all that reach the size of the last one that stays
            least = np.partition(size, -LARGEST_MAX)[-LARGEST_MAX]
            rows, size = rows[size >= least], size[size >= least]
        first = rows[np.argsort(-size, kind="stable")[:LARGEST_MAX]]
        self._keep((twice.leg, currency), [_change(twice, int(row), currency) for row in first])

    def _keep(self, kind: tuple[str, str], fresh: list[Change]) -> None:
        kept = self._largest.get(kind, []) + fresh
        # Stable: of equal changes those that came first stay, however calls fall into batches.
        kept.sort(key=lambda change: -abs(change.delta_nanos))
        self._largest[kind] = kept[:LARGEST_MAX]

    def merge(self, other: "Figures") -> None:
        """Take in the sums of other legs, and what of their largest changes stays."""
        for dimension, lines in other._lines.items():
            own = self._lines.setdefault(dimension, {})
            for key, line in lines.items():
                own[key] = _added(own.get(key, NOTHING), line)
        for kind, changes in other._largest.items():
            self._keep(kind, changes)

    def encode(self) -> str:
        """All of it as JSON; `decode` reads it."""
        lines = {
            dimension: [[*key, *line] for key, line in own.items()]
            for dimension, own in self._lines.items()
        }
        return json.dumps([lines, [[*kind, own] for kind, own in self._largest.items()]])

    @classmethod
    def decode(cls, text: str) -> Self:
        """Figures from their `encode`."""
        found = cls()
        lines, largest = json.loads(text)
        for dimension, rows in lines.items():
            own = {(leg, name, of): Line(*sums) for leg, name, of, *sums in rows}
            found._lines[dimension] = own
        for leg, name, changes in largest:
            found._largest[leg, name] = [Change(*change) for change in changes]
        return found

    def lines(self, dimension: str = TOTAL) -> dict[Key, Line]:
        """Sums by the texts of a dimension."""
        return self._lines.get(dimension, {})

    def largest(self, leg: str, currency: str) -> list[Change]:
        """The largest changes, largest first, at most LARGEST_MAX."""
        return self._largest.get((leg, currency), [])


def _line(sums: list[int]) -> Line:
    *counts, old_low, old_high, new_low, new_high = sums
    amounts = (old_low + (old_high << 32), new_low + (new_high << 32))
    return Line(*[*counts, *amounts])


def _added(one: Line, other: Line) -> Line:
    return Line(*map(add, one, other))


def _change(twice: Twice, row: int, currency: str) -> Change:
    def text(column: Any, at: int = row) -> str:
        value = column[at].as_py()
        return value.hex() if isinstance(value, bytes) else str(value)

    return Change(
        text(twice.call, row if twice.at is None else int(twice.at[row])),
        twice.leg,
        currency,
        int(twice.old.nanos[row]),
        int(twice.new.nanos[row]),
        {dimension: text(column) for dimension, column in twice.by.items()},
    )
