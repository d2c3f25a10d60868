"""Which time and origin classes make a difference between two states of a deck.

A combination is what a call's instant and A-number choose in both. The calendars and origins of all
versions count: where the new one draws other hours, each pair of old and new class is a
combination of its own.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.deck import DeckVersion
from billing.deck_diff.pair import Pair
from billing.jurisdiction import NAMES as JURISDICTIONS
from billing.origin_classes import MISSING, OTHER
from billing.time_classes import ANY, END_MS, FIRST_MS, steps
from kernels import Numbers, parse_numbers
from kernels.classes import rows_of
from kernels.jurisdiction import NONE, NUMBER_DIGITS, rows_within
from kernels.layout import I32, I64, NO_DECK

HORIZON_MS: Final = 366 * 86_400_000
"""calendars are looked at for so long; a week repeats, holidays do within a year"""


STATE_DIGITS: Final = 7
"""of a number that say which state it belongs to"""


class Combination(NamedTuple):
    """One pair of closure rows, and what it stands for."""

    time_class: str
    """of the newest version; several joined by "+" where they are charged alike"""
    origin_class: str
    old_row: int
    new_row: int


def rows_at(
    pair: Pair, at_ms: I64, calling: Sequence[str], called: Numbers | None = None
) -> tuple[I32, I32]:
    """The closure rows of calls in the old and in the new deck, by instant and A-number.

    called: for jurisdictions; without it those rows come that `within` takes. Of both numbers
    seven digits are enough: what begins with them is taken for a whole number.
    """
    old, new = (np.full(len(at_ms), np.int32(deck)) for deck in (pair.old, pair.new))
    classes, jurisdictions = pair.tariff.classes, pair.tariff.jurisdictions
    if classes is None:
        return old, new
    numbers = Numbers(*parse_numbers(pa.array(calling, pa.string())))
    old, new = (rows_of(classes, deck, at_ms, numbers) for deck in (old, new))
    if jurisdictions is not None and called is not None:
        ends = (_whole(numbers), _whole(called))
        old, new = (rows_within(jurisdictions, row, *ends) for row in (old, new))
    return old, new


def _whole(numbers: Numbers) -> Numbers:
    """Numbers of seven digits or more as if they had all that the North American plan asks for."""
    count = np.where(numbers.digit_count >= STATE_DIGITS, NUMBER_DIGITS, numbers.digit_count)
    return Numbers(numbers.digits, count.astype(np.uint8))


def _within(pair: Pair, row: int) -> list[tuple[str, int]]:
    """(name, row) of each jurisdiction of a row, ("", row) where its deck does not ask."""
    of = pair.tariff.jurisdictions
    if of is None or row == NO_DECK or of.table[row] == NONE:
        return [("", row)]
    return list(zip(JURISDICTIONS, of.rows[row].tolist(), strict=True))


def combinations(pair: Pair) -> list[Combination]:
    """Every combination that occurs, in the order of the classes' names."""
    if pair.tariff.classes is None:
        return [Combination(ANY, ANY, pair.old, pair.new)]
    times, origins = _times(pair), _origins(pair.versions)
    every = list(product(times.items(), origins.items()))
    at_ms = np.array([when for (_, when), _ in every], np.int64)
    rows = rows_at(pair, at_ms, [number for _, (_, number) in every])
    found: dict[tuple[int, int], tuple[set[str], set[str]]] = {}
    all_origins = set(origins)
    for i, ((time_name, _), (origin_name, _)) in enumerate(every):
        for name, *key in _pairs(pair, int(rows[0][i]), int(rows[1][i])):
            names = found.setdefault((key[0], key[1]), (set(), set()))
            names[0].add(time_name)
            names[1].add(name or origin_name)
            all_origins |= {name} if name else set()
    if len(all_origins) > len(origins):
        all_origins.discard(ANY)
    made = [
        Combination(_joined(t, set(times)), _joined(o, all_origins), old, new)
        for (old, new), (t, o) in found.items()
    ]
    return sorted(made)


def _pairs(pair: Pair, old: int, new: int) -> list[tuple[str, int, int]]:
    """A pair of rows by jurisdiction: both decks take a call to be in the same one."""
    before, after = _within(pair, old), _within(pair, new)
    if len(before) == 1:
        return [(name, before[0][1], row) for name, row in after]
    if len(after) == 1:
        return [(name, row, after[0][1]) for name, row in before]
    return [(name, a, b) for (name, a), (_, b) in zip(before, after, strict=True)]


def _joined(names: set[str], every: set[str]) -> str:
    return ANY if names == every else "+".join(sorted(names))


def _times(pair: Pair) -> dict[str, int]:
    """Name -> an instant, from the beginning of the comparison on."""
    start = min(max(pair.instants[0], FIRST_MS), END_MS - 1)
    profiles = {
        (v.options.time_classes, v.options.time_zone): None
        for v in pair.versions
        if v.options.time_classes is not None
    }
    if not profiles:
        return {ANY: start}
    calendars = [(profile, *steps(profile, zone)) for profile, zone in profiles if profile]
    begins = np.unique(np.concatenate([[start], *(begin for _, begin, _ in calendars)]))
    begins = begins[(begins >= start) & (begins < min(start + HORIZON_MS, END_MS))]
    labels = np.stack(
        [label[np.searchsorted(begin, begins, "right") - 1] for _, begin, label in calendars]
    )
    distinct, first = np.unique(labels, axis=1, return_index=True)
    named: dict[str, int] = {}
    for column, at in zip(distinct.T, first, strict=True):
        names = [p.names()[i] for (p, *_), i in zip(calendars, column, strict=True)]
        named[_changing(names)] = int(begins[at])
    return named


def _origins(versions: Sequence[DeckVersion]) -> dict[str, str]:
    """Name -> an A-number of that origin."""
    keys = dict.fromkeys(v.options.origin_classes for v in versions if v.options.origin_classes)
    maps = [dict(origins) for origins in keys]
    if not maps:
        return {ANY: ""}
    prefixes = list(dict.fromkeys(prefix for classes in maps for prefix in classes))
    two_digits = [str(n) for n in range(10, 100)]
    unknown = [n for n in two_digits if all(_longest(n, classes) == OTHER for classes in maps)]
    found = {MISSING: ""}
    for number in (*unknown[:1], *prefixes):
        names = [_longest(number, classes) for classes in maps]
        found.setdefault(_changing(names), number)
    return found


def _changing(names: list[str]) -> str:
    """One name where all versions agree."""
    return names[0] if len(set(names)) == 1 else " -> ".join(names)


def _longest(number: str, classes: Mapping[str, str]) -> str:
    lengths = range(len(number), 0, -1)
    return next((classes[number[:n]] for n in lengths if number[:n] in classes), OTHER)
