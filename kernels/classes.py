"""Time and origin classes: which row of the closure prices a call of a deck that has them.

Such a deck is several rows, one for each combination of a time label and an origin label; a label
says which of its rates apply. Time labels are a step function of the instant with an index by UTC
day, origin labels a longest-prefix match of the A-number; other decks pass through.
"""

from functools import partial
from typing import Final, NamedTuple

import numba as nb
import numpy as np

from kernels.batch import BatchError, check_column
from kernels.blocks import in_blocks, threads_of
from kernels.book import nodes_of
from kernels.cpu import STAGE_CALLS, Trie, match, new_scratch
from kernels.layout import I32, I64, NO_DECK, U8, U64, DialCodes, Numbers, read_only

DAY_MS: Final = 86_400_000
NO_PLAN: Final = -1
NONE: Final = -1
# columns of `Classes.plans`
STEPS, ORIGIN, FIRST_CELL, ORIGIN_LABELS = range(4)


class Classes(NamedTuple):
    """Everything that `rows_of` chooses by; immutable."""

    plan: I32
    """per row of `Book.closure` a row of `plans`, or NO_PLAN"""
    plans: I32
    """shape (p, 4): row of `day_first` or NONE; row of `origin` or NONE; the first of its cells;
    how many origin labels it has"""
    cells: I32
    """rows of `Book.closure`: cell first + time label * origin labels + origin label"""
    day_first: I32
    """shape (s, days of the window): the step in force as the UTC day begins"""
    begin_ms: I64
    """when each step begins; behind the last of a list comes one at the window's end"""
    label: I32
    """the time label of each step"""
    codes: DialCodes
    """the A-number prefixes of all plans"""
    origin: I32
    """shape (o, 1 + nodes): the origin label of no usable A-number, then that of each node"""
    window_ms: tuple[int, int]
    """instants whose time labels are known; begins and ends with a UTC day"""


Tables = tuple[I32, I32, I32, I32, I64, I32, I32]


@nb.njit(nogil=True, cache=True)
def _labels(parent: I32, label: I32) -> None:
    for node in range(1, len(parent)):
        if label[node] == NONE:
            label[node] = label[parent[node]]


def origin_labels(
    codes: DialCodes, digits: U64, length: U8, label: I32, missing: int, other: int
) -> I32:
    """A row of `Classes.origin`: each node has the label of its longest listed prefix, or other.

    digits, length: n prefixes (all of them in `codes`); label: theirs.
    """
    row = np.full(1 + len(codes.parent), np.int32(NONE))
    row[0], row[1] = missing, other
    row[1 + nodes_of(codes, digits, length)] = label
    _labels(codes.parent, row[1:])
    return row


@nb.njit(nogil=True, cache=True)
def _asked(deck: I32, plan: I32, plans: I32) -> bool:
    """Whether a call's A-number matters."""
    for i in range(len(deck)):
        at = plan[deck[i]] if deck[i] != NO_DECK else NO_PLAN
        if at != NO_PLAN and plans[at, ORIGIN] != NONE:
            return True
    return False


@nb.njit(nogil=True, cache=True)
def _rows(
    deck: I32,
    answered_ms: I64,
    digits: U64,
    count: U8,
    trie: Trie,
    tables: Tables,
    window_ms: tuple[int, int],
    row: I32,
) -> int:
    """Fill `row`; returns the first call outside the window that needs a time label, or -1."""
    plan, plans, cells, day_first, begin_ms, label, origin = tables
    scratch, nodes = new_scratch(), np.zeros(STAGE_CALLS, np.int32)
    for start in range(0, len(deck), STAGE_CALLS):
        stop = min(start + STAGE_CALLS, len(deck))
        if _asked(deck[start:stop], plan, plans):
            node = nodes[: stop - start]
            match(digits[start:stop], count[start:stop], trie, node, scratch)
        for i in range(start, stop):
            row[i] = deck[i]
            if deck[i] == NO_DECK or plan[deck[i]] == NO_PLAN:
                continue
            at, when, where = plan[deck[i]], 0, 0
            if plans[at, STEPS] != NONE:
                if answered_ms[i] < window_ms[0] or answered_ms[i] >= window_ms[1]:
                    return i
                day = (answered_ms[i] - window_ms[0]) // DAY_MS
                step = day_first[plans[at, STEPS], day]
                while begin_ms[step + 1] <= answered_ms[i]:
                    step += 1
                when = label[step]
            if plans[at, ORIGIN] != NONE:
                place = 1 + nodes[i - start] if count[i] > 0 else 0
                where = origin[plans[at, ORIGIN], place]
            row[i] = cells[plans[at, FIRST_CELL] + when * plans[at, ORIGIN_LABELS] + where]
    return -1


def rows_of(
    classes: Classes, deck: I32, answered_ms: I64, calling: Numbers, threads: int = 1
) -> I32:
    """The closure rows that price n calls; `deck` where a deck has no classes, NO_DECK stays.

    calling: the A-numbers; digit_count 0 = missing or invalid. threads = 0 takes every core.

    Raises BatchError if a column has the wrong length or type, a deck is not one of the book, or
    a call of a deck with time classes lies outside the window.
    """
    n = len(deck)
    check_column("deck", deck, n, "i4")
    check_column("answered_ms", answered_ms, n, "i8")
    check_column("calling_digits", calling.digits, n, "u8")
    check_column("calling_digit_count", calling.digit_count, n, "u1")
    if n and not (deck.min() >= NO_DECK and deck.max() < len(classes.plan)):
        at = int(np.flatnonzero((deck < NO_DECK) | (deck >= len(classes.plan)))[0])
        raise BatchError(
            f"deck of row {at} is {deck[at]}: allowed {NO_DECK} to {len(classes.plan) - 1}"
        )
    row = np.empty(n, np.int32)
    inputs = (
        read_only(deck),
        read_only(answered_ms),
        read_only(calling.digits),
        read_only(calling.digit_count),
    )
    found = in_blocks(n, threads_of(threads), partial(_block, classes, inputs, row))
    outside = next((at for at in list(found) if isinstance(at, int) and at >= 0), -1)
    if outside >= 0:
        raise BatchError(
            f"answered_ms of row {outside} is {answered_ms[outside]}: "
            f"time classes are known from {classes.window_ms[0]} to {classes.window_ms[1] - 1}"
        )
    return row


def _block(
    classes: Classes, columns: tuple[I32, I64, U64, U8], row: I32, start: int, stop: int
) -> int:
    """A block of `rows_of`; returns a row outside the window, or -1."""
    codes = classes.codes
    found: int = _rows(
        *(column[start:stop] for column in columns),
        (codes.top, codes.branch, codes.parent, codes.length),
        (*classes[:4], classes.begin_ms, classes.label, classes.origin),
        classes.window_ms,
        row[start:stop],
    )
    return found if found < 0 else start + found
