"""Decks whose rates have classes: one row of the closure per combination that makes a difference.

A rate's classes are those of its own version's options. A *tag* is (options, class) as rates name
it; a *label* stands for a set of tags that hold together: at an instant, or for an A-number.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from billing.deck import DeckName, DeckVersion
from billing.errors import OptionsRefused
from billing.origin_classes import MISSING, OTHER, OriginClasses
from billing.time_classes import ANY, END_MS, FIRST_MS, TimeClasses, steps
from kernels import DeckRates, parse_numbers
from kernels.classes import DAY_MS, FIRST_CELL, NO_PLAN, NONE, ORIGIN, Classes, origin_labels
from kernels.dialcodes import build_dialcodes
from kernels.layout import I32, I64, U8, U64, DialCodes, read_only

COMBINATIONS_MAX: Final = 64
UNTAGGED: Final = -1
Tags = frozenset[int]
Terms = TypeVar("Terms", bound=Hashable)
Profile = tuple[TimeClasses | None, str]
"""and the time zone"""


class Times(NamedTuple):
    """Time labels as a step function from FIRST_MS on; none where no rate has a time class."""

    begin_ms: I64
    label: I32
    tags: list[Tags]
    """of each label"""


class Origins(NamedTuple):
    """Origin labels by the longest prefix."""

    prefixes: dict[str, int]
    missing: int
    other: int
    tags: list[Tags]


class DeckPlan(NamedTuple):
    """How a deck's rates are split up; combination = time label * origin labels + origin label."""

    times: Times
    origins: Origins
    rates: list[I64]
    """of each combination the rates that apply, in the order in which the later one wins"""


_NO_TIMES: Final = Times(np.empty(0, np.int64), np.empty(0, np.int32), [frozenset()])
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


def _profile(version: DeckVersion) -> Profile:
    return version.options.time_classes, version.options.time_zone


def _origins(version: DeckVersion) -> OriginClasses:
    return version.options.origin_classes


def _times(tags: dict[tuple[Profile, str], int], tag: I32, rates: DeckRates) -> Times:
    """Labels of the instants.

    While no rate of a profile is in force its class makes no difference; it is then taken to be
    the other profiles' class, so that a calendar that changes with a version costs no label.
    """
    if not tags:
        return _NO_TIMES
    profiles = list(dict.fromkeys(terms for terms, _ in tags))
    names: dict[str, int] = {}
    begins, own_names, live = [], [], []
    for terms in profiles:
        profile, zone = terms
        assert profile is not None, "a rate names a time class of a deck that has none"
        since_ms, place = steps(profile, zone)
        known = [names.setdefault(name, len(names)) for name in profile.names()]
        own = np.isin(tag, [number for (t, _), number in tags.items() if t == terms])
        own &= rates.from_ms < rates.to_ms
        span = (rates.from_ms[own].min(), rates.to_ms[own].max()) if own.any() else (0, 0)
        live.append(np.clip(span, FIRST_MS, END_MS))
        begins.append(since_ms)
        own_names.append(np.array(known, np.int32)[place])
    begin_ms = np.unique(np.concatenate([*begins, *live]))
    begin_ms = begin_ms[begin_ms < END_MS]
    lead = np.zeros(len(begin_ms), np.int32)
    in_force = [(low <= begin_ms) & (begin_ms < high) for low, high in live]
    named = []
    for since_ms, called, now in zip(begins, own_names, in_force, strict=True):
        named.append(called[np.searchsorted(since_ms, begin_ms, "right") - 1])
        lead = np.where(now, named[-1], lead)
    holds = np.full((len(profiles), len(names)), UNTAGGED)
    for (terms, name), number in tags.items():
        holds[profiles.index(terms), names[name]] = number
    table = np.stack(
        [holds[i, np.where(now, named[i], lead)] for i, now in enumerate(in_force)], axis=1
    )
    distinct, label = np.unique(table, axis=0, return_inverse=True)
    label = label.reshape(-1).astype(np.int32)
    kept = np.concatenate([[True], label[1:] != label[:-1]])
    held = [frozenset(row) - {UNTAGGED} for row in distinct.tolist()]
    return Times(begin_ms[kept], label[kept], held)


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


def plan_of(name: DeckName, line: Sequence[DeckVersion], rates: DeckRates) -> DeckPlan | None:
    """The plan of a deck, None if no rate of it has a class.

    line: its versions; rates: all their rates, closed by later versions, in that order. Raises
    OptionsRefused where there are more than COMBINATIONS_MAX.
    """
    time_tag, time_tags = _tagged(line, "time_class", _profile)
    origin_tag, origin_tags = _tagged(line, "origin_class", _origins)
    if not time_tags and not origin_tags:
        return None
    times, origins = _times(time_tags, time_tag, rates), _labels(origin_tags)
    n = len(times.tags) * len(origins.tags)
    if n > COMBINATIONS_MAX:
        raise OptionsRefused(
            f"{name[0]} deck {name[1]}: {len(times.tags)} time classes by {len(origins.tags)} "
            f"origin classes that its rates tell apart are {n} combinations: at most "
            f"{COMBINATIONS_MAX}"
        )
    rank = (time_tag != UNTAGGED) + 2 * (origin_tag != UNTAGGED)
    rows = []
    for at_time in times.tags:
        fits = np.isin(time_tag, [UNTAGGED, *at_time])
        for from_origin in origins.tags:
            applies = np.flatnonzero(fits & np.isin(origin_tag, [UNTAGGED, *from_origin]))
            rows.append(applies[np.argsort(rank[applies], kind="stable")])
    return DeckPlan(times, origins, rows)


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
        cells += [row(name, i) for i in range(len(plan.rates))]
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
