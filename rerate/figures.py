"""What other prices would change: two ratings of the same legs held against each other.

The figures of a preview and of a what-if, added up batch by batch. Sums are exact: nanos are summed
in two halves, which fit int64 for 2^31 legs a batch, and put together as Python integers.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kernels.layout import I32, I64

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
    """what names each call: a text, or an id as bytes"""
    currency: pa.Array
    """of both ratings"""
    by: Mapping[str, pa.Array]
    """dimension -> text a leg, such as "destination" -> where it went"""
    old: Once
    new: Once

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
        counts = _counts(twice)
        currencies = twice.currency.dictionary_encode()
        names = currencies.dictionary.to_pylist()
        currency = currencies.indices.to_numpy()
        total = pa.repeat("", len(twice.call))
        for dimension, column in {TOTAL: total, **twice.by}.items():
            texts = column.dictionary_encode()
            group = texts.indices.to_numpy().astype(np.int64) * len(names) + currency
            lines = self._lines.setdefault(dimension, {})
            for at, line in _summed(group, counts):
                text, name = divmod(at, len(names))
                key = (twice.leg, names[name], texts.dictionary[text].as_py())
                lines[key] = _added(lines.get(key, NOTHING), line)
        for at, name in enumerate(names):
            self._keep_largest(twice, np.flatnonzero(currency == at), name)

    def _keep_largest(self, twice: Twice, rows: I64, currency: str) -> None:
        delta = twice.new.nanos[rows] - twice.old.nanos[rows]
        first = np.argsort(-np.abs(delta), kind="stable")[:LARGEST_MAX]
        fresh = [_change(twice, int(rows[i]), currency) for i in first if delta[i]]
        self._keep((twice.leg, currency), fresh)

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


def _counts(twice: Twice) -> list[I64]:
    """The columns that make the fields of a Line."""
    old, new = twice.old, twice.new
    masks: tuple[Mask, ...] = (
        np.ones(len(twice.call), np.bool_),
        twice.changed,
        ~old.rated & new.rated,
        old.rated & ~new.rated,
        ~old.rated & ~new.rated,
    )
    amounts = (old.billed_s, new.billed_s, old.nanos, new.nanos)
    return [column.astype(np.int64) for column in (*masks, *amounts)]


def _summed(group: I64, columns: list[I64]) -> list[tuple[int, Line]]:
    """(group, sums) of every group that occurs."""
    found, place = np.unique(group, return_inverse=True)
    sums = [_exact(place, len(found), column) for column in columns]
    return [(at, Line(*own)) for at, *own in zip(found.tolist(), *sums, strict=True)]


def _exact(place: "npt.NDArray[np.intp]", groups: int, values: I64) -> list[int]:
    low, high = np.zeros(groups, np.int64), np.zeros(groups, np.int64)
    np.add.at(low, place, values & 0xFFFF_FFFF)
    np.add.at(high, place, values >> 32)
    return [(h << 32) + part for h, part in zip(high.tolist(), low.tolist(), strict=True)]


def _added(one: Line, other: Line) -> Line:
    return Line(*(a + b for a, b in zip(one, other, strict=True)))


def _change(twice: Twice, row: int, currency: str) -> Change:
    def text(column: Any) -> str:
        value = column[row].as_py()
        return value.hex() if isinstance(value, bytes) else str(value)

    return Change(
        text(twice.call),
        twice.leg,
        currency,
        int(twice.old.nanos[row]),
        int(twice.new.nanos[row]),
        {dimension: text(column) for dimension, column in twice.by.items()},
    )
