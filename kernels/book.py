"""One deck's rate rows to a closure vector: what it charges at every node, as a function of time.

Codes are nested or disjoint, so what a code does not cover in time it inherits from the next
shorter one: `f[node] = overlay(f[parent], own rows in the order they were published)`.
"""

from typing import NamedTuple

import numba as nb
import numpy as np
import numpy.typing as npt

from kernels.cpu import match_all
from kernels.layout import (
    I32,
    I64,
    PIECES,
    TIME_MAX,
    TIME_MIN,
    U8,
    U64,
    UNRATED,
    DialCodes,
    read_only,
)

Mask = npt.NDArray[np.bool_]


class DeckRates(NamedTuple):
    """One deck's rates as columns, in the order in which they were published."""

    digits: U64
    """dial codes, padded with zeros on the right to 15 digits"""
    length: U8
    from_ms: I64
    to_ms: I64
    word: I64
    """price class << 32 | rate row, or BLOCKED"""


@nb.njit(cache=True, nogil=True)
def _paint(
    begin: I64, word: I64, n: int, from_ms: int, to_ms: int, value: int, out_b: I64, out_w: I64
) -> int:
    """Set [from_ms, to_ms) of a step function (n steps) to value; returns the new step count."""
    m = 0
    after = np.int64(UNRATED)
    for i in range(n):
        if begin[i] <= to_ms:
            after = word[i]
        if begin[i] < from_ms:
            out_b[m], out_w[m] = begin[i], word[i]
            m += 1
    out_b[m], out_w[m] = from_ms, value
    m += 1
    if to_ms < TIME_MAX:
        out_b[m], out_w[m] = to_ms, after
        m += 1
    for i in range(n):
        if begin[i] > to_ms:
            out_b[m], out_w[m] = begin[i], word[i]
            m += 1
    kept = 1
    for i in range(1, m):
        if out_w[i] != out_w[kept - 1]:
            out_b[kept], out_w[kept] = out_b[i], out_w[i]
            kept += 1
    return kept


@nb.njit(cache=True, nogil=True)
def _scratch(room: int) -> tuple[I64, I64, I64, I64]:
    empty = np.empty((4, room), np.int64)
    return empty[0], empty[1], empty[2], empty[3]


@nb.njit(cache=True, nogil=True)
def _grown(pieces: I64, room: int) -> I64:
    larger = np.empty((max(2 * len(pieces), room), 2), np.int64)
    larger[: len(pieces)] = pieces
    return larger


@nb.njit(cache=True, nogil=True)
def _close(
    parent: I32, node: I32, from_ms: I64, to_ms: I64, word: I64, closure: I64
) -> tuple[I64, int]:
    """Fill one deck's closure; rows sorted by node, then by publication. Returns its pieces."""
    n_rows, row = len(node), 0
    pieces, used = np.empty((1024, 2), np.int64), 0
    b, w, b2, w2 = _scratch(np.int64(64))
    closure[0] = UNRATED
    for at in range(1, len(parent)):
        inherited = closure[parent[at]]
        closure[at] = inherited
        if row == n_rows or node[row] != at:
            continue
        end = row
        while end < n_rows and node[end] == at:
            end += 1
        steps, first = 1, 0
        if inherited <= PIECES:
            first = PIECES - inherited
            while pieces[first + steps - 1, 0] != TIME_MIN:
                steps += 1
        room = steps + 2 * (end - row) + 2
        if room > len(b):
            b, w, b2, w2 = _scratch(2 * room)
        b[0], w[0] = TIME_MIN, inherited
        if inherited <= PIECES:
            for i in range(steps):
                b[i], w[i] = pieces[first + steps - 1 - i]
        while row < end:
            steps = _paint(b, w, steps, from_ms[row], to_ms[row], word[row], b2, w2)
            b, b2 = b2, b
            w, w2 = w2, w
            row += 1
        if steps == 1:
            closure[at] = w[0]
            continue
        if used + steps > len(pieces):
            pieces = _grown(pieces, used + steps)
        closure[at] = PIECES - used
        for i in range(steps):
            pieces[used + i, 0], pieces[used + i, 1] = b[steps - 1 - i], w[steps - 1 - i]
        used += steps
    return pieces, used


def find_codes(codes: DialCodes, digits: U64, length: U8) -> tuple[I32, Mask]:
    """The node of n dial codes, and whether it is the code's own: whether the trie has the code."""
    node = np.empty(len(digits), np.int32)
    trie = (codes.top, codes.branch, codes.parent, codes.length)
    match_all(read_only(digits), read_only(length), trie, node)
    return node, (codes.digits[node] == digits) & (codes.length[node] == length)


def nodes_of(codes: DialCodes, digits: U64, length: U8) -> I32:
    """Node ids of n codes that are in the trie. Raises KeyError for one that is not."""
    node, found = find_codes(codes, digits, length)
    if not found.all():
        raise KeyError("a code is not in this trie")
    return node


def close_deck(codes: DialCodes, deck: DeckRates, window_ms: tuple[int, int], closure: I64) -> I64:
    """Write a deck's closure row (one word a node) and return its piece lists, shape (p, 2).

    Rows that say nothing about the window are left out and the others are taken to be open where
    they reach beyond it, so that most words need no piece list.
    """
    node = nodes_of(codes, deck.digits, deck.length)
    begin, end = window_ms
    from_ms = np.where(deck.from_ms <= begin, TIME_MIN, deck.from_ms)
    to_ms = np.where(deck.to_ms >= end, TIME_MAX, deck.to_ms)
    applies = (from_ms < to_ms) & (from_ms < end) & (to_ms > begin)
    order = np.argsort(node, kind="stable")
    live = order[applies[order]]
    pieces, used = _close(
        codes.parent, node[live], from_ms[live], to_ms[live], deck.word[live], closure
    )
    kept: I64 = pieces[:used].copy()
    return kept
