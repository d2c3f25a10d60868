"""Labels of the instants: which of a deck's rates may apply when, by classes and state tables."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from billing.deck import DeckVersion
from billing.jurisdiction import States
from billing.time_classes import END_MS, FIRST_MS, TimeClasses, steps
from kernels import DeckRates
from kernels.layout import I32, I64

UNTAGGED: Final = -1
Tags = frozenset[int]
Profile = tuple[TimeClasses | None, str]
"""and the time zone"""


class Times(NamedTuple):
    """Time labels as a step function from FIRST_MS on; no steps where there is one label only."""

    begin_ms: I64
    label: I32
    tags: list[Tags]
    """of each label"""
    states: list[States]
    """of each label the states that count then; empty without jurisdictions"""


NO_TIMES: Final = Times(np.empty(0, np.int64), np.empty(0, np.int32), [frozenset()], [])


def profile_of(version: DeckVersion) -> Profile:
    """What the time classes of a version's rates mean."""
    return version.options.time_classes, version.options.time_zone


def times_of(tags: dict[tuple[Profile, str], int], tag: I32, rates: DeckRates) -> Times:
    """Labels of the instants.

    While no rate of a profile is in force its class makes no difference; it is then taken to be
    the other profiles' class, so that a calendar that changes with a version costs no label.
    """
    if not tags:
        return NO_TIMES
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
    return Times(begin_ms[kept], label[kept], held, [])


def with_states(times: Times, versions: Sequence[DeckVersion]) -> Times:
    """The labels told apart by the states that count as well.

    versions: those with jurisdictions, in order. The states of the one published last whose first
    rate has begun count; before any has, those of the first.
    """
    begun = [int(v.rates.column("valid_from_ms").to_numpy().min()) for v in versions]
    edges = np.unique(np.clip([FIRST_MS, *begun], FIRST_MS, END_MS - 1)).astype(np.int64)
    leads = [
        [*[0], *(i for i, from_ms in enumerate(begun) if from_ms <= edge)][-1]
        for edge in edges.tolist()
    ]
    known = list(dict.fromkeys(versions[lead].options.states for lead in leads))
    if len(known) == 1:
        return times._replace(states=known * len(times.tags))
    whose = np.array([known.index(versions[lead].options.states) for lead in leads])
    begin_ms, label = times.begin_ms, times.label
    if not len(begin_ms):
        begin_ms, label = np.array([FIRST_MS]), np.zeros(1, np.int32)
    both_ms = np.unique(np.concatenate([begin_ms, edges]))
    pairs = np.stack(
        [
            label[np.searchsorted(begin_ms, both_ms, "right") - 1],
            whose[np.searchsorted(edges, both_ms, "right") - 1],
        ],
        axis=1,
    )
    distinct, found = np.unique(pairs, axis=0, return_inverse=True)
    return Times(
        both_ms,
        found.reshape(-1).astype(np.int32),
        [times.tags[own] for own, _ in distinct.tolist()],
        [known[states] for _, states in distinct.tolist()],
    )
