"""Rate rows to closure vectors: what each deck charges at every node, as a function of time.

Codes are nested or disjoint, so what a code does not cover in time it inherits from the next
shorter one: `f[node] = overlay(f[parent], own rows in the order they were published)`.
"""

from typing import NamedTuple

import numba as nb
import numpy as np

from kernels.dialcodes import build_dialcodes, nodes_of
from kernels.layout import I32, I64, U8, U64, UNRATED, Book, DialCodes

TIME_MIN = np.int64(-(2**62))
TIME_MAX = np.int64(2**62)


class DeckRates(NamedTuple):
    """One deck's rates as columns, in the order in which they were published."""

    digits: U64
    length: U8
    from_ms: I64
    to_ms: I64
    word: I64
    """price class << 32 | rate row"""


@nb.njit(cache=True)
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


@nb.njit(cache=True)
def _close(
    parent: I32, node: I32, from_ms: I64, to_ms: I64, word: I64, base: int
) -> tuple[I64, I64, I64]:
    """Closure of one deck; rows sorted by node, then by publication. `base` offsets the pieces."""
    n_nodes, n_rows = len(parent), len(node)
    closure = np.full(n_nodes, np.int64(UNRATED))
    piece_b, piece_w, used = np.empty(64, np.int64), np.empty(64, np.int64), 0
    row = 0
    for at in range(1, n_nodes):
        if row == n_rows or node[row] != at:
            closure[at] = closure[parent[at]]
            continue
        end = row
        while end < n_rows and node[end] == at:
            end += 1
        inherited = closure[parent[at]]
        steps = 1
        if inherited <= -2:
            first = -2 - inherited - base
            while piece_b[first + steps - 1] != TIME_MIN:
                steps += 1
        room = steps + 2 * (end - row) + 2
        b, w = np.empty(room, np.int64), np.empty(room, np.int64)
        b2, w2 = np.empty(room, np.int64), np.empty(room, np.int64)
        if inherited <= -2:
            for i in range(steps):
                b[i], w[i] = piece_b[first + steps - 1 - i], piece_w[first + steps - 1 - i]
        else:
            b[0], w[0] = TIME_MIN, inherited
        while row < end:
            steps = _paint(b, w, steps, from_ms[row], to_ms[row], word[row], b2, w2)
            b, b2 = b2, b
            w, w2 = w2, w
            row += 1
        if steps == 1:
            closure[at] = w[0]
            continue
        while used + steps > len(piece_b):
            piece_b = np.concatenate((piece_b, np.empty_like(piece_b)))
            piece_w = np.concatenate((piece_w, np.empty_like(piece_w)))
        closure[at] = -2 - (base + used)
        for i in range(steps):
            piece_b[used + i], piece_w[used + i] = b[steps - 1 - i], w[steps - 1 - i]
        used += steps
    return closure, piece_b[:used].copy(), piece_w[:used].copy()


def _closure_of(codes: DialCodes, deck: DeckRates, base: int) -> tuple[I64, I64, I64]:
    node = nodes_of(codes, deck.digits, deck.length)
    order = np.argsort(node, kind="stable")
    from_ms = np.maximum(deck.from_ms, TIME_MIN)
    to_ms = np.minimum(deck.to_ms, TIME_MAX)
    live = order[(from_ms < to_ms)[order]]
    closed: tuple[I64, I64, I64] = _close(
        codes.parent, node[live], from_ms[live], to_ms[live], deck.word[live], base
    )
    return closed


def build_book(decks: list[DeckRates], prices: I64, rules: I64) -> Book:
    """Compile decks (deck i becomes row i of the closure) into one Book."""
    none_u64, none_u8 = np.empty(0, np.uint64), np.empty(0, np.uint8)
    codes = build_dialcodes(
        np.concatenate([none_u64, *(d.digits for d in decks)]),
        np.concatenate([none_u8, *(d.length for d in decks)]),
    )
    closure = np.full((max(len(decks), 1), len(codes.parent)), np.int64(UNRATED))
    begins, words, base = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for i, deck in enumerate(decks):
        closure[i], begin, word = _closure_of(codes, deck, base)
        begins.append(begin)
        words.append(word)
        base += len(begin)
    return Book(codes, closure, np.concatenate(begins), np.concatenate(words), prices, rules)
