"""What a deck's traffic would cost by the lines of a difference: money of a month, not percent.

The traffic is that of the last MONTH_DAYS days in groups: calls to the same leading digits, of like
duration, and, where the deck has classes, of the same hour of the week and origin. A group is
charged as so many calls of its mean duration, by the deck's own rules. So rates, fees and rounding
are exact and increments nearly so: an estimate; a preview of a re-rating is the exact answer.
"""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.deck_diff.combinations import Combination, rows_at
from billing.deck_diff.lines import Found
from billing.deck_diff.pair import DiffRefused, Pair
from kernels import Calls, Leg, Numbers, parse_numbers, rate
from kernels.epochs import matched
from kernels.layout import DURATION_MS_MAX, I32, I64, read_only

MONTH_DAYS: Final = 30
WEEK_MS: Final = 7 * 86_400_000
UNITS: Final = 10**9
LINE_NANOS_MAX: Final = 2**62
"""money of a month on one line"""

TRAFFIC: Final = pa.schema(
    [
        ("digits", pa.string()),
        ("calling", pa.string()),
        ("week_ms", pa.int64()),
        ("calls", pa.int64()),
        ("duration_ms", pa.int64()),
    ]
)
"""One row a group. digits: what the called numbers begin with, at least as long as any code;
calling: what the A-numbers begin with; week_ms: since Monday 00:00 UTC; duration_ms: of all
calls together. calling and week_ms are "" and 0 where the deck has no classes."""
MONDAY_MS: Final = 4 * 86_400_000
"""the first Monday since 1970"""


class Weights(NamedTuple):
    """Of each line the traffic of a month, and what it costs by the old and by the new rate."""

    calls: I64
    duration_ms: I64
    old_nanos: I64
    new_nanos: I64
    unmatched_calls: int
    """calls that no line is about: neither deck charges them"""


def weigh(pair: Pair, among: list[Combination], found: Found, traffic: pa.Table) -> Weights:
    """The traffic on every line. Raises DiffRefused where the money of a line is beyond int64."""
    digits, count = parse_numbers(traffic.column("digits").combine_chunks())
    calls = traffic.column("calls").to_numpy()
    duration_ms = traffic.column("duration_ms").to_numpy()
    mean_ms = np.minimum(-(-duration_ms // np.maximum(calls, 1)), DURATION_MS_MAX)
    at_ms = _instants(pair.instants[0], traffic.column("week_ms").to_numpy())
    called = Numbers(digits, count)
    rows = rows_at(pair, at_ms, traffic.column("calling").to_pylist(), called)
    numbers = {(c.old_row, c.new_row): i for i, c in enumerate(among)}
    pairs = zip(rows[0].tolist(), rows[1].tolist(), strict=True)
    combination = np.array([numbers.get(rows, -1) for rows in pairs], np.int64)
    node = matched(pair.tariff.book.codes, digits, count)
    place = _Places(pair, len(among), found)
    n = len(found.node)
    sums = np.zeros((2, n), np.int64)
    money = np.zeros((2, 2, n), np.int64)
    met = np.zeros(len(calls), np.bool_)
    for instant in np.unique(found.instant).tolist():
        line = place.at(instant, node, combination)
        some = np.flatnonzero(line >= 0)
        met[some] = True
        line = line[some]
        np.add.at(sums[0], line, calls[some])
        np.add.at(sums[1], line, duration_ms[some])
        asked = Calls(
            Numbers(digits[some], count[some]),
            np.full(len(some), np.int64(pair.instants[instant])),
            mean_ms[some].astype(np.int32),
            *(Leg(read_only(row[some]), np.empty(0, np.int32)) for row in rows),
        )
        rated = rate(asked, pair.tariff.book, threads=1)
        for side, priced in enumerate((rated.sell, rated.buy)):
            units, rest = np.divmod(priced.nanos, UNITS)
            np.add.at(money[side, 0], line, units * calls[some])
            np.add.at(money[side, 1], line, rest * calls[some])
    old_nanos, new_nanos = (_nanos(own[0], own[1]) for own in money)
    return Weights(sums[0], sums[1], old_nanos, new_nanos, int(calls[~met].sum()))


def _instants(start_ms: int, week_ms: I64) -> I64:
    """Instants of the first week of the comparison that lie so far behind a Monday."""
    behind = (week_ms - (start_ms - MONDAY_MS)) % WEEK_MS
    return np.asarray(start_ms + behind, np.int64)


def _nanos(units: I64, rest: I64) -> I64:
    sums = [u * UNITS + r for u, r in zip(units.tolist(), rest.tolist(), strict=True)]
    if sums and max(sums) > LINE_NANOS_MAX:
        raise DiffRefused(
            "a code's traffic would cost more than 4,611,686,018 units a month: is a rate wrong?"
        )
    return np.array(sums, np.int64)


class _Places:
    """Which line is about a number, at each instant on which lines begin."""

    def __init__(self, pair: Pair, combinations: int, found: Found) -> None:
        self._nodes = len(pair.tariff.book.codes.parent)
        key = found.node.astype(np.int64) * combinations + found.combination
        self._key = key * len(pair.instants) + found.instant
        self._combinations, self._instants = combinations, len(pair.instants)
        has = np.zeros((combinations, self._nodes), np.bool_)
        has[found.combination, found.node] = True
        self._nearest = [_nearest(own, pair.tariff.book.codes.parent) for own in has]

    def at(self, instant: int, node: I32, combination: I64) -> I64:
        """The line of each group that begins at an instant, -1 where there is none."""
        nearest = np.full(len(node), -1, np.int64)
        for i, own in enumerate(self._nearest):
            mine = combination == i
            nearest[mine] = own[node[mine]]
        key = (nearest * self._combinations + combination) * self._instants + instant
        if not len(self._key):
            return np.full(len(node), -1, np.int64)
        at = np.minimum(np.searchsorted(self._key, key), len(self._key) - 1)
        hit = (self._key[at] == key) & (nearest > 0)
        return np.where(hit, at, -1).astype(np.int64)


def _nearest(has: "np.ndarray[tuple[int], np.dtype[np.bool_]]", parent: I32) -> I64:
    """Of each node the longest code among itself and its shorter ones that has lines, or 0."""
    node = np.arange(len(parent), dtype=np.int64)
    while (rest := (node > 0) & ~has[node]).any():
        node[rest] = parent[node[rest]]
    return node
