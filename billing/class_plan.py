"""Decks whose rates have classes: one row of the closure per combination that makes a difference.

A rate's classes are those of its own version's options. A *tag* is (options, class) as rates name
it; a *label* stands for a set of tags that hold together: at an instant, or for an A-number. Where
rates name jurisdictions, each combination is three: of one state, of two, not known.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.deck import DeckName, DeckVersion
from billing.errors import OptionsRefused
from billing.jurisdiction import INDETERMINATE, LENT, NAMES, NANP, States, state_table
from billing.origin_classes import MISSING, OTHER, OriginClasses
from billing.time_classes import ANY, END_MS, FIRST_MS
from billing.time_labels import UNTAGGED, Tags, Times, profile_of, times_of, with_states
from kernels import DeckRates, parse_numbers
from kernels.classes import DAY_MS, FIRST_CELL, NO_PLAN, NONE, ORIGIN, Classes, origin_labels
from kernels.dialcodes import build_dialcodes
from kernels.jurisdiction import LABELS, Jurisdictions
from kernels.layout import I32, I64, U8, U64, DialCodes, read_only

COMBINATIONS_MAX: Final = 64
Terms = TypeVar("Terms", bound=Hashable)
OriginTerms = OriginClasses | str
"""prefixes, or NANP"""
Mask = npt.NDArray[np.bool_]


class Origins(NamedTuple):
    """Origin labels by the longest prefix."""

    prefixes: dict[str, int]
    missing: int
    other: int
    tags: list[Tags]


class DeckPlan(NamedTuple):
    """How a deck's rates are split up.

    combination = (time label * origin labels + origin label) * jurisdictions + jurisdiction
    """

    times: Times
    origins: Origins
    jurisdictions: int
    """LABELS of kernels.jurisdiction, or 1 where no rate names any"""
    rates: list[I64]
    """of each combination the rates that apply, in the order in which the later one wins"""


_NO_ORIGINS: Final = Origins({}, 0, 0, [frozenset()])


def _tagged(
    line: Sequence[DeckVersion], column: str, terms: Callable[[DeckVersion], Terms]
) -> tuple[I32, dict[tuple[Terms, str], int]]:
    """The tag of every rate of a deck's versions, and the tags: (terms, class) -> number."""
    tags: dict[tuple[Terms, str], int] = {}
    parts = [np.empty(0, np.int32)]
    for version in line:
        names = version.rates.column(column).combine_chunks().dictionary_encode()
        own = [
            UNTAGGED if name == ANY else tags.setdefault((terms(version), name), len(tags))
            for name in names.dictionary.to_pylist()
        ]
        parts.append(np.array(own, np.int32)[names.indices.to_numpy()])
    return np.concatenate(parts), tags


def _origins(version: DeckVersion) -> OriginTerms:
    return version.options.jurisdiction or version.options.origin_classes


def _labels(tags: dict[tuple[OriginClasses, str], int]) -> Origins:
    """Labels of the A-numbers: what every version with such rates makes of them."""
    if not tags:
        return _NO_ORIGINS
    keys = list(dict.fromkeys(terms for terms, _ in tags))
    maps = [dict(terms) for terms in keys]
    numbers: dict[Tags, int] = {}

    def label(classes: list[str]) -> int:
        held = [tags.get(pair, UNTAGGED) for pair in zip(keys, classes, strict=True)]
        return numbers.setdefault(frozenset(held) - {UNTAGGED}, len(numbers))

    def longest(prefix: str, classes: Mapping[str, str]) -> str:
        lengths = range(len(prefix), 0, -1)
        return next((classes[prefix[:n]] for n in lengths if prefix[:n] in classes), OTHER)

    missing, other = label([MISSING] * len(maps)), label([OTHER] * len(maps))
    prefixes = {
        prefix: label([longest(prefix, classes) for classes in maps])
        for prefix in dict.fromkeys(prefix for classes in maps for prefix in classes)
    }
    return Origins(prefixes, missing, other, list(numbers))


def _lent(line: Sequence[DeckVersion]) -> Mask:
    """Whether each rate of a deck's versions also holds for calls of no known jurisdiction."""
    parts = [np.empty(0, np.bool_)]
    for version in line:
        names = LENT[version.options.indeterminate_as] if version.options.jurisdiction else ()
        classes = version.rates.column("origin_class")
        lent = pc.is_in(classes, value_set=pa.array(names, pa.string()))
        parts.append(lent.to_numpy())
    return np.concatenate(parts)


def _dearness(line: Sequence[DeckVersion]) -> list[I64]:
    """What a rate that is lent is held against others of its version by, the last one first."""

    def column(name: str) -> I64:
        own = [v.rates.column(name).cast(pa.int64()).to_numpy() for v in line]
        return np.concatenate(own)

    counts = [v.rates.num_rows for v in line]
    prices = ("connect_nanos", "first_rate_nanos", "next_rate_nanos", "blocked")
    return [*(column(name) for name in prices), np.repeat(np.arange(len(line)), counts)]


def plan_of(name: DeckName, line: Sequence[DeckVersion], rates: DeckRates) -> DeckPlan | None:
    """The plan of a deck, None if no rate of it has a class.

    line: its versions; rates: all their rates, closed by later versions, in that order. Raises
    OptionsRefused where there are more than COMBINATIONS_MAX.
    """
    time_tag, time_tags = _tagged(line, "time_class", profile_of)
    origin_tag, origin_tags = _tagged(line, "origin_class", _origins)
    if not time_tags and not origin_tags:
        return None
    within = {name: number for (terms, name), number in origin_tags.items() if terms == NANP}
    by_number = {(t, name): n for (t, name), n in origin_tags.items() if not isinstance(t, str)}
    times, origins = times_of(time_tags, time_tag, rates), _labels(by_number)
    held: list[tuple[str, Tags]] = [("", frozenset())]
    if within:
        asks = [v for v in line if v.options.jurisdiction and v.rates.num_rows]
        times = with_states(times, asks)
        held = [(word, frozenset([within[word]] if word in within else [])) for word in NAMES]
    n = len(times.tags) * len(origins.tags) * len(held)
    if n > COMBINATIONS_MAX:
        raise OptionsRefused(
            f"{name[0]} deck {name[1]}: {len(times.tags)} time classes by {len(origins.tags)} "
            f"origin classes by {len(held)} jurisdictions that its rates tell apart are {n} "
            f"combinations: at most {COMBINATIONS_MAX}"
        )
    rank = (time_tag != UNTAGGED) + 4 * (origin_tag != UNTAGGED)
    lent, dear = (_lent(line), _dearness(line)) if within else (np.zeros(len(rank), np.bool_), [])
    rows = []
    for at_time in times.tags:
        fits = np.isin(time_tag, [UNTAGGED, *at_time])
        for from_origin in origins.tags:
            for word, own in held:
                applies = fits & np.isin(origin_tag, [UNTAGGED, *from_origin, *own])
                if word != INDETERMINATE or not lent.any():
                    at = np.flatnonzero(applies)
                    rows.append(at[np.argsort(rank[at], kind="stable")])
                    continue
                at = np.flatnonzero(applies | (fits & lent))
                less = np.where(lent, rank - 2, rank)[at]
                rows.append(at[np.lexsort([*(np.where(lent, k, 0)[at] for k in dear), less])])
    return DeckPlan(times, origins, len(held), rows)


def taken(rates: DeckRates, rows: I64) -> DeckRates:
    """Some of the rates, in that order."""
    digits, length, from_ms, to_ms, word = rates
    return DeckRates(digits[rows], length[rows], from_ms[rows], to_ms[rows], word[rows])


def _digits(prefixes: Sequence[str]) -> tuple[U64, U8]:
    return parse_numbers(pa.array(prefixes, pa.string()))


def classes_of(
    plans: Mapping[DeckName, DeckPlan], row: Callable[[DeckName, int], int], rows: int
) -> Classes | None:
    """The plans as the kernels read them, None without any.

    row: the row of the closure of a deck's combination; rows: how many the closure has.
    """
    if not plans:
        return None
    every = list(dict.fromkeys(p for plan in plans.values() for p in plan.origins.prefixes))
    codes = build_dialcodes(*_digits(every))
    plan_at = np.full(rows, np.int32(NO_PLAN))
    table: list[tuple[int, int, int, int]] = []
    cells: list[int] = []
    lists: dict[tuple[bytes, bytes], tuple[int, Times]] = {}
    origin: list[I32] = []
    for name, plan in plans.items():
        times, origins = plan.times, plan.origins
        key = (times.begin_ms.tobytes(), times.label.tobytes())
        at_time = lists.setdefault(key, (len(lists), times))[0] if len(times.tags) > 1 else NONE
        at_origin = len(origin) if len(origins.tags) > 1 else NONE
        if at_origin != NONE:
            origin.append(_origin_row(codes, origins))
        plan_at[row(name, 0)] = len(table)
        table.append((at_time, at_origin, len(cells), len(origins.tags)))
        cells += [row(name, i) for i in range(0, len(plan.rates), plan.jurisdictions)]
    assert len(table[0]) > FIRST_CELL > ORIGIN
    return Classes(
        read_only(plan_at),
        read_only(np.array(table, np.int32)),
        read_only(np.array(cells, np.int32)),
        *_steps([times for _, times in lists.values()]),
        codes,
        read_only(np.array(origin, np.int32).reshape(len(origin), 1 + len(codes.parent))),
        (FIRST_MS, END_MS),
    )


def jurisdictions_of(
    plans: Mapping[DeckName, DeckPlan], row: Callable[[DeckName, int], int], rows: int
) -> Jurisdictions | None:
    """What chooses among the jurisdictions of the plans, None where none has any; as above."""
    asks = {name: plan for name, plan in plans.items() if plan.jurisdictions > 1}
    if not asks:
        return None
    table, three = np.full(rows, np.int32(NONE)), np.zeros((rows, LABELS), np.int32)
    known: dict[States, int] = {}
    for name, plan in asks.items():
        of_time = len(plan.origins.tags) * LABELS
        for i in range(0, len(plan.rates), LABELS):
            at = row(name, i)
            table[at] = known.setdefault(plan.times.states[i // of_time], len(known))
            three[at] = [row(name, i + label) for label in range(LABELS)]
    states = np.stack([state_table(own) for own in known])
    return Jurisdictions(read_only(table), read_only(three), read_only(states))


def _origin_row(codes: DialCodes, origins: Origins) -> I32:
    label = np.array(list(origins.prefixes.values()), np.int32)
    digits, length = _digits(list(origins.prefixes))
    return origin_labels(codes, digits, length, label, origins.missing, origins.other)


def _steps(lists: list[Times]) -> tuple[I32, I64, I32]:
    """Index by day, begins and labels of step functions, one behind the other."""
    days = np.arange(FIRST_MS, END_MS, DAY_MS)
    first, used = [], 0
    for times in lists:
        first.append(used + np.searchsorted(times.begin_ms, days, "right") - 1)
        used += len(times.begin_ms) + 1
    end, none = np.array([END_MS]), np.array([NONE], np.int32)
    begin_ms = np.concatenate([end, *(part for t in lists for part in (t.begin_ms, end))])[1:]
    label = np.concatenate([none, *(part for t in lists for part in (t.label, none))])[1:]
    index = np.array(first, np.int32).reshape(len(lists), len(days))
    return read_only(index), read_only(begin_ms), read_only(label)
