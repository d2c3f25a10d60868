"""A difference with its traffic: every line, and sums by kind and by destination."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from billing.deck import DeckVersion
from billing.deck_diff.combinations import combinations
from billing.deck_diff.lines import KINDS, Kind, found_in
from billing.deck_diff.pair import DiffRefused, pair_of
from billing.deck_diff.table import LINES, table_of
from billing.deck_diff.weigh import TRAFFIC, weigh

SUM_NANOS_MAX: Final = 2**63 - 1
WEIGHED: Final = pa.schema(
    [
        *LINES,
        ("calls", pa.int64()),
        ("duration_ms", pa.int64()),
        ("old_nanos", pa.int64()),
        ("new_nanos", pa.int64()),
    ]
)
"""LINES with the calls of 30 days, and what these cost by the old and by the new rates"""
NO_TRAFFIC: Final = TRAFFIC.empty_table()


class Sum(NamedTuple):
    """Lines that belong together; only the first change of a code counts."""

    codes: int = 0
    """codes by combinations of classes"""
    calls: int = 0
    duration_ms: int = 0
    old_nanos: int = 0
    new_nanos: int = 0

    @property
    def delta_nanos(self) -> int:
        """What a month costs more."""
        return self.new_nanos - self.old_nanos


class Diff(NamedTuple):
    """What a version changes."""

    deck: str
    side: str
    currency: str
    valid_from_ms: int
    lines: pa.Table
    """WEIGHED, ordered by code, combination of classes, instant"""
    kinds: dict[Kind, Sum]
    """every kind, those without codes too"""
    destinations: dict[str, dict[Kind, Sum]]
    """by name; only kinds that occur"""
    unmatched_calls: int
    """calls of the month that neither state of the deck charges"""
    terms: tuple[str, ...]
    """rules of the deck that change, as sentences"""

    @property
    def whole(self) -> Sum:
        """All codes."""
        return Sum(*(sum(column) for column in zip(*self.kinds.values(), strict=True)))

    @property
    def changes(self) -> pa.Table:
        """The lines that say that something changes."""
        return self.lines.filter(pc.not_equal(self.lines.column("kind"), str(Kind.UNCHANGED)))

    @property
    def changing(self) -> list[tuple[str, Sum]]:
        """Destinations with their changes alone, those with the most money first."""
        found = {}
        for name, of in self.destinations.items():
            own = [each for kind, each in of.items() if kind is not Kind.UNCHANGED]
            if own:
                found[name] = Sum(*(sum(column) for column in zip(*own, strict=True)))
        return sorted(found.items(), key=lambda each: (-abs(each[1].delta_nanos), each[0]))

    def dearest(self, lines: int) -> list[dict[str, Any]]:
        """The changes with the most money, then by code."""
        changes = self.changes
        delta = pc.abs(pc.subtract(changes.column("new_nanos"), changes.column("old_nanos")))
        order = [("delta", "descending"), ("code", "ascending"), ("effective_ms", "ascending")]
        found: list[dict[str, Any]] = (
            changes.append_column("delta", delta).sort_by(order).slice(0, lines).to_pylist()
        )
        return found


def diff(
    line: Sequence[DeckVersion],
    new: DeckVersion,
    traffic: pa.Table = NO_TRAFFIC,
    from_ms: int | None = None,
) -> Diff:
    """What a deck charges by its published versions, against what it would with `new` behind them.

    line: the deck's versions, in any order; traffic: TRAFFIC; from_ms: since when, default the new
    version's date. Raises DiffRefused, OptionsRefused.
    """
    pair = pair_of(line, new, from_ms)
    among = combinations(pair)
    found = found_in(pair, among)
    weights = weigh(pair, among, found, traffic)
    table = table_of(pair, among, found)
    columns = [*table.columns, *(pa.array(column) for column in weights[:4])]
    lines = pa.Table.from_arrays(columns, schema=WEIGHED)
    kinds, destinations = _sums(lines)
    last = max(line, key=lambda v: v.number, default=None)
    return Diff(
        new.deck,
        new.side,
        new.currency,
        pair.instants[0],
        lines,
        kinds,
        destinations,
        weights.unmatched_calls,
        () if last is None else _terms(last, new),
    )


def _sums(lines: pa.Table) -> tuple[dict[Kind, Sum], dict[str, dict[Kind, Sum]]]:
    first = lines.filter(lines.column("first"))
    money = [sum(first.column(name).to_pylist()) for name in ("old_nanos", "new_nanos")]
    if max(money) > SUM_NANOS_MAX:
        raise DiffRefused(
            "the traffic costs more than 9,223,372,036 units a month: is a rate wrong?"
        )
    counted = [(name, "sum") for name in WEIGHED.names[-4:]]
    grouped = first.group_by(["destination", "kind"]).aggregate([("code", "count"), *counted])
    grouped = grouped.sort_by([("destination", "ascending"), ("kind", "ascending")])
    kinds = dict.fromkeys(KINDS, Sum())
    destinations: dict[str, dict[Kind, Sum]] = {}
    names = ("code_count", *(f"{name}_sum" for name, _ in counted))
    columns = [grouped.column(name).to_pylist() for name in ("destination", "kind", *names)]
    for destination, text, *values in zip(*columns, strict=True):
        kind, own = Kind(text), Sum(*values)
        destinations.setdefault(destination, {})[kind] = own
        kinds[kind] = Sum(*(a + b for a, b in zip(kinds[kind], own, strict=True)))
    return kinds, destinations


def _terms(old: DeckVersion, new: DeckVersion) -> tuple[str, ...]:
    before, after = old.options._asdict(), new.options._asdict()
    quiet = {
        "time_classes": "the calendar of the time classes changes",
        "origin_classes": "the prefixes of the origin classes change",
        "states": "what belongs to which state changes",
    }
    return tuple(
        quiet.get(name, f"{name}: {before[name]} becomes {after[name]}")
        for name in before
        if before[name] != after[name]
    )
