"""The difference of two states of a deck, line by line: what a code charges, and would charge.

A line holds for the numbers that its code matches best among the codes of both states, in one
combination of classes, from its instant until the next line of the same code and combination. So
the old deck's price of any number at any instant, replaced by what the lines say, is the new
deck's. `first` marks one line of each code and combination: its first change, or, where nothing
changes, what it charges all along.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from billing.deck_diff.combinations import Combination
from billing.deck_diff.pair import PRICES, Pair, Rows, charged
from kernels import Calls, Leg, Nodes, Rated, rate
from kernels.layout import BLOCKED, I32

PROBE_MS: Final = 60_000
"""length of the call that asks for a code's rate row; any would do"""
Mask = npt.NDArray[np.bool_]


class Kind(StrEnum):
    """What becomes of a code."""

    NEW = "new"
    INCREASED = "increased"
    DECREASED = "decreased"
    INCREMENTS = "increments"
    """the same rates by other increments"""
    TERMS = "terms"
    """the same rates and increments, other rules of the deck"""
    UNCHANGED = "unchanged"
    CLOSED = "closed"
    """charged no longer, and not by a shorter code either"""
    BLOCKED = "blocked"


KINDS: Final = tuple(Kind)
NUMBER: Final = {kind: i for i, kind in enumerate(KINDS)}


class Found(NamedTuple):
    """Lines as numbers, which is what traffic is weighed by."""

    node: I32
    combination: I32
    instant: I32
    """index into the pair's instants"""
    old_row: I32
    new_row: I32
    kind: "npt.NDArray[np.int8]"
    first: Mask


def prices_equal(rows: Rows, one: I32, other: I32) -> Mask:
    """Whether rate rows charge alike: the same prices by the same rules, or both nothing."""
    same: Mask = one == other
    at = np.flatnonzero(~same & charged(one) & charged(other))
    alike = rows.rule[one[at]] == rows.rule[other[at]]
    for column in rows.prices:
        alike &= column[one[at]] == column[other[at]]
    same[at] = alike
    return same


def found_in(pair: Pair, among: list[Combination]) -> Found:
    """Every line of a pair, ordered by code, combination, instant."""
    parts = [part for i, c in enumerate(among) for part in _of_combination(pair, i, c)]
    node, combination, instant, old, new = (
        np.concatenate([part[k] for part in parts]) for k in range(5)
    )
    order = np.lexsort((instant, combination, node))
    node, combination, instant, old, new = (
        column[order] for column in (node, combination, instant, old, new)
    )
    kind = _kinds(pair.rows, old, new)
    changes = kind != NUMBER[Kind.UNCHANGED]
    return Found(node, combination, instant, old, new, kind, _first(node, combination, changes))


def _of_combination(
    pair: Pair, number: int, combination: Combination
) -> list[tuple[I32, I32, I32, I32, I32]]:
    """The lines of one combination, instant by instant, in the order of nodes."""
    parts: list[tuple[I32, I32, I32, I32, I32]] = []
    nodes = len(pair.tariff.book.codes.parent)
    told = np.zeros(nodes, np.bool_)
    own = np.zeros(nodes, np.bool_)
    before: tuple[I32, I32] | None = None
    for i, at_ms in enumerate(pair.instants):
        rated = _rated(pair, combination, at_ms)
        old, new = rated.sell.rate_row, rated.buy.rate_row
        own |= _own(pair, old) | _own(pair, new)
        some = (charged(old) | (old == BLOCKED)) | (charged(new) | (new == BLOCKED))
        if before is None:
            wanted = some & own
        else:
            moved = ~prices_equal(pair.rows, old, before[0])
            moved |= ~prices_equal(pair.rows, new, before[1])
            wanted = own & ((moved & (some | told)) | (some & ~told))
        at = np.flatnonzero(wanted).astype(np.int32)
        told[at] = True
        before = (old.copy(), new.copy())
        combination_of, instant_of = (np.full(len(at), np.int32(n)) for n in (number, i))
        parts.append((at, combination_of, instant_of, old[at], new[at]))
    return parts


def _rated(pair: Pair, combination: Combination, at_ms: int) -> Rated:
    codes = pair.tariff.book.codes
    n = len(codes.parent)
    calls = Calls(
        Nodes(np.arange(n, dtype=np.int32), codes.epoch),
        np.full(n, np.int64(at_ms)),
        np.full(n, np.int32(PROBE_MS)),
        *(
            Leg(np.full(n, np.int32(row)), np.empty(0, np.int32))
            for row in (combination.old_row, combination.new_row)
        ),
    )
    return rate(calls, pair.tariff.book, threads=1)


def _own(pair: Pair, row: I32) -> Mask:
    """Whether nodes have a rate or a block of their own, not that of a shorter code."""
    own: Mask = pair.blocked & (row == BLOCKED)
    at = np.flatnonzero(charged(row))
    own[at] = pair.rows.node[row[at]] == at
    return own


def _kinds(rows: Rows, old: I32, new: I32) -> "npt.NDArray[np.int8]":
    kind = np.full(len(old), np.int8(NUMBER[Kind.UNCHANGED]))
    both = charged(old) & charged(new)
    alike = prices_equal(rows, old, new)
    changed = np.flatnonzero(both & ~alike)
    was, becomes = old[changed], new[changed]
    own = np.full(len(changed), np.int8(NUMBER[Kind.TERMS]))
    for column in rows.prices[3:]:
        own[column[was] != column[becomes]] = NUMBER[Kind.INCREMENTS]
    for name in ("connect_nanos", "first_rate_nanos", "next_rate_nanos"):
        column = rows.prices[PRICES.index(name)]
        own[column[was] < column[becomes]] = NUMBER[Kind.INCREASED]
        own[column[was] > column[becomes]] = NUMBER[Kind.DECREASED]
    kind[changed] = own
    kind[~charged(old) & charged(new)] = NUMBER[Kind.NEW]
    kind[charged(old) & ~charged(new)] = NUMBER[Kind.CLOSED]
    kind[(old != BLOCKED) & (new == BLOCKED)] = NUMBER[Kind.BLOCKED]
    return kind


def _first(node: I32, combination: I32, changes: Mask) -> Mask:
    """Of each code and combination its first change; else its first line."""
    n = len(node)
    if not n:
        return np.zeros(0, np.bool_)
    begins = np.ones(n, np.bool_)
    begins[1:] = (node[1:] != node[:-1]) | (combination[1:] != combination[:-1])
    starts = np.flatnonzero(begins)
    group = np.cumsum(begins) - 1
    at = np.full(len(starts), n)
    np.minimum.at(at, group[changes], np.flatnonzero(changes))
    first = np.zeros(n, np.bool_)
    first[np.where(at == n, starts, at)] = True
    return first
