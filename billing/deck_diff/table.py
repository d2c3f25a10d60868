"""The lines of a difference as a table with texts, for people and files."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.deck_diff.combinations import Combination, combinations
from billing.deck_diff.lines import KINDS, Found, found_in
from billing.deck_diff.pair import PRICES, Pair, charged
from kernels.layout import DIGITS_MAX, U8, DialCodes

_TEXTS: Final = pa.array([str(kind) for kind in KINDS], pa.string())
SIDES: Final = ("old", "new")
LINES: Final = pa.schema(
    [
        ("code", pa.string()),
        ("destination", pa.string()),
        ("kind", pa.string()),
        ("first", pa.bool_()),
        ("time_class", pa.string()),
        ("origin_class", pa.string()),
        ("effective_ms", pa.int64()),
        *((f"{side}_{name}", pa.int64()) for side in SIDES for name in (*PRICES, "version")),
        ("increments_changed", pa.bool_()),
    ]
)
"""null where nothing is charged"""


def table_of(pair: Pair, among: list[Combination], found: Found) -> pa.Table:
    """The lines as LINES."""
    rows, sides = pair.rows, (found.old_row, found.new_row)
    columns: dict[str, Any] = {
        "code": codes_of(pair.tariff.book.codes).take(pa.array(found.node)),
        "destination": _destinations(pair, found),
        "kind": _TEXTS.take(pa.array(found.kind)),
        "first": pa.array(found.first),
        "effective_ms": pa.array(np.array(pair.instants, np.int64)[found.instant]),
    }
    for name in ("time_class", "origin_class"):
        texts = pa.array([getattr(c, name) for c in among], pa.string())
        columns[name] = texts.take(pa.array(found.combination))
    for side, row in zip(SIDES, sides, strict=True):
        none = ~charged(row)
        for name, column in zip((*PRICES, "version"), (*rows.prices, rows.version), strict=True):
            values = column[np.where(none, 0, row)] if len(column) else np.zeros(len(row), np.int64)
            columns[f"{side}_{name}"] = pa.array(values, mask=none)
    both = charged(sides[0]) & charged(sides[1])
    changed = np.zeros(len(both), np.bool_)
    for column in rows.prices[3:]:
        changed[both] |= column[sides[0][both]] != column[sides[1][both]]
    columns["increments_changed"] = pa.array(changed)
    return pa.Table.from_arrays([columns[name] for name in LINES.names], schema=LINES)


def _destinations(pair: Pair, found: Found) -> pa.Array:
    """The new rate's name, else the old one's, else what the code was last called."""
    last = np.full(len(pair.tariff.book.codes.parent), -1)
    last[pair.rows.node] = np.arange(len(pair.rows.node))
    at = np.where(charged(found.new_row), found.new_row, found.old_row)
    at = np.where(charged(at), at, last[found.node])
    names = pair.rows.destination
    return names.dictionary.take(names.indices.take(pa.array(at))).cast(pa.string())


def codes_of(codes: DialCodes) -> pa.Array:
    """The codes of all nodes as texts; the first is "no code", empty."""
    digits, length = codes.digits, codes.length
    padded = pc.utf8_lpad(pa.array(digits).cast(pa.string()), DIGITS_MAX, "0")
    return _cut(padded, length)


def _cut(texts: pa.Array, length: U8) -> pa.Array:
    """The first `length` characters of texts of DIGITS_MAX digits."""
    whole = np.array(texts.to_pylist(), f"S{DIGITS_MAX}").view("S1").reshape(-1, DIGITS_MAX)
    kept = np.where(np.arange(DIGITS_MAX) < length[:, None], whole, b"")
    cut = np.ascontiguousarray(kept).view(f"S{DIGITS_MAX}").ravel()
    return pa.array([code.decode() for code in cut.tolist()], pa.string())


def lines_of(pair: Pair) -> pa.Table:
    """Every line, without traffic."""
    among = combinations(pair)
    return table_of(pair, among, found_in(pair, among))
