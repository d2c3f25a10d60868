"""The least-cost table: for every dial code the k vendors that charge least for an expected call.

A vendor's price at a code is the exact sum of what it would charge for each call of a sample of
durations, every charge rounded on its own: increments, grace and fees count as they will on the
invoice. It depends on the price class and the exchange rate alone, so it is found once for each
pair that occurs; the rest is one pass over the vendors' closure rows, in which a thread takes a
block of dial codes with all vendors.

What stays true: the vendors of a code ascend by (price, place in the list of vendors). A vendor
that has no rate at that moment is not listed, nor one whose charges do not fit, each
CHARGE_NANOS_MAX, all NANOS_MAX.
"""

from functools import partial
from typing import Final, NamedTuple

import numba as nb
import numpy as np

from kernels.batch import BatchError, check_column, within
from kernels.blocks import pool, threads_of
from kernels.cpu import Tables, factor, price_one
from kernels.layout import (
    DURATION_MS_MAX,
    I32,
    I64,
    NO_DECK,
    NO_FX,
    PIECES,
    U64,
    Book,
    read_only,
)

SAMPLE_CALLS_MAX: Final = 64
VENDORS_MAX: Final = 65_536
LISTED_MAX: Final = 64
"""vendors listed for a code"""
PRICES_MAX: Final = 2**26
"""price classes times exchange rates: 512 MiB"""
NANOS_MAX: Final = 2**63 - 2
"""largest price of a sample"""
BLOCK_NODES: Final = 2_048
"""dial codes that a thread takes at a time: what it knows of them stays in its cache"""
NO_VENDOR: Final = -1

_UNKNOWN: Final = -1
_NO_PRICE: Final = NANOS_MAX + 1


class LcrTable(NamedTuple):
    """The cheapest vendors of every dial code, both of shape (nodes, k)."""

    vendor: I32
    """place in the list of vendors, cheapest first; NO_VENDOR where there are fewer than k"""
    nanos: I64
    """what the sample costs; 0 where there is no vendor"""


@nb.njit(nogil=True, cache=True)
def _price_of_sample(
    price: int, sample_ms: I32, prices: I64, rules: I64, num: int, den: int
) -> np.int64:
    total = np.int64(0)
    for duration_ms in sample_ms:
        _, nanos = price_one(np.uint64(price), np.int64(duration_ms), prices, rules, num, den)
        if nanos < 0 or total > NANOS_MAX - nanos:
            return np.int64(_NO_PRICE)
        total += nanos
    return total


@nb.njit(inline="always")
def _words_at(at_ms: int, closure: I64, pieces: I64, words: I64, active: U64) -> None:
    """A vendor's words at the moment, from its closure words."""
    n = 0
    for i in range(len(words)):
        words[i] = closure[i]
        active[n] = i
        n += closure[i] <= PIECES
    for k in range(n):
        piece = np.uint64(PIECES - words[active[k]])
        while at_ms < pieces[piece, 0]:
            piece += np.uint64(1)
        words[active[k]] = pieces[piece, 1]


@nb.njit(inline="always")
def _price_words(
    words: I64, known: I64, sample_ms: I32, prices: I64, rules: I64, num: int, den: int, active: U64
) -> None:
    """Words to prices of the sample, in place; known ends with that of a word without one."""
    n, none = 0, np.uint64(len(known) - 1)
    for i in range(len(words)):
        total = known[min(np.uint64(words[i]) >> np.uint64(32), none)]
        active[n] = i
        n += total == _UNKNOWN
        words[i] = words[i] if total == _UNKNOWN else total
    for k in range(n):
        price = np.uint64(words[active[k]]) >> np.uint64(32)
        total = _price_of_sample(price, sample_ms, prices, rules, num, den)
        known[price] = total
        words[active[k]] = total


@nb.njit(inline="always")
def _insert_cheaper(
    v: int, totals: I64, dearest: I64, vendor: I32, nanos: I64, active: U64
) -> None:
    """List vendor v, after those before it that cost the same, where it is among the cheapest."""
    n, last = 0, nanos.shape[1] - 1
    for i in range(len(totals)):
        active[n] = i
        n += totals[i] < dearest[i]
    for k in range(n):
        i, at = active[k], np.uint64(last)
        while at > 0 and nanos[i, at - np.uint64(1)] > totals[i]:
            vendor[i, at] = vendor[i, at - np.uint64(1)]
            nanos[i, at] = nanos[i, at - np.uint64(1)]
            at -= np.uint64(1)
        vendor[i, at], nanos[i, at] = v, totals[i]
        dearest[i] = nanos[i, last]


@nb.njit(nogil=True, cache=True)
def _list_vendors(
    decks: I32,
    factor_of: I32,
    factors: I32,
    at_ms: int,
    sample_ms: I32,
    tables: Tables,
    known: I64,
    vendor: I32,
    nanos: I64,
    start: int,
) -> None:
    """List the vendors of the dial codes start..start + len(vendor) - 1.

    known: prices of the sample by exchange rate and price class. Threads share it without a lock:
    whoever finds one unknown finds the same price.
    """
    closure, pieces, prices, rules, rates = tables
    n = len(vendor)
    dearest, words = np.full(n, np.int64(_NO_PRICE)), np.empty(n, np.int64)
    active = np.empty(n, np.uint64)
    vendor[:] = NO_VENDOR
    nanos[:] = _NO_PRICE
    for v in range(len(decks)):
        if decks[v] == NO_DECK:
            continue
        of = np.uint64(factor_of[v])
        num, den = factor(factors[of], rates)
        _words_at(at_ms, closure[np.uint64(decks[v])][start : start + n], pieces, words, active)
        _price_words(words, known[of], sample_ms, prices, rules, num, den, active)
        _insert_cheaper(v, words, dearest, vendor, nanos, active)
    for i in range(n):
        for k in range(vendor.shape[1]):
            if vendor[i, k] == NO_VENDOR:
                nanos[i, k] = 0


def _check_request(book: Book, vendors: I32, fx: I32, at_ms: int, sample_ms: I32, k: int) -> None:
    check_column("vendors", vendors, len(vendors), "i4")
    check_column("fx", fx, len(vendors), "i4", may_be_empty=True)
    check_column("sample_ms", sample_ms, len(sample_ms), "i4")
    first_ms, end_ms = book.window_ms
    for name, value, low, high in (
        ("vendors", len(vendors), 0, VENDORS_MAX),
        ("calls of the sample", len(sample_ms), 1, SAMPLE_CALLS_MAX),
        ("k", k, 1, LISTED_MAX),
        ("at_ms", at_ms, first_ms, end_ms - 1),
    ):
        if not low <= value <= high:
            raise BatchError(f"{name}: {value}, allowed {low} to {high}")
    within("vendors", vendors, NO_DECK, len(book.closure) - 1)
    within("fx", fx, NO_FX, len(book.fx) - 1)
    within("sample_ms", sample_ms, 0, DURATION_MS_MAX)


def lcr(
    book: Book, vendors: I32, fx: I32, at_ms: int, sample_ms: I32, k: int, threads: int = 0
) -> LcrTable:
    """The k cheapest of v vendors at every dial code of the book. threads = 0 takes every core.

    vendors: shape (v,), a vendor's row of `Book.closure`; NO_DECK is never listed. fx: shape (v,),
    the row of `Book.fx` that brings a vendor's charges into the one currency of the table, or
    NO_FX; shape (0,) says NO_FX for all. at_ms: the moment. sample_ms: shape (q,), the expected
    calls; 0 is an unanswered attempt. k: 1 to LISTED_MAX.

    Raises BatchError before anything is listed if a column has the wrong length or type or a value
    outside its limits, if the moment lies outside the book's window, or if price classes times
    exchange rates are more than PRICES_MAX.
    """
    _check_request(book, vendors, fx, at_ms, sample_ms, k)
    if not len(fx):
        fx = np.full(len(vendors), np.int32(NO_FX))
    factors, factor_of = np.unique(fx, return_inverse=True)
    if len(factors) * len(book.prices) > PRICES_MAX:
        raise BatchError(
            f"{len(book.prices)} price classes in {len(factors)} currencies: allowed {PRICES_MAX}"
        )
    nodes, threads = len(book.codes.parent), threads_of(threads)
    vendor, nanos = np.empty((nodes, k), np.int32), np.empty((nodes, k), np.int64)
    known = np.full((len(factors), len(book.prices) + 1), np.int64(_UNKNOWN))
    known[:, -1] = _NO_PRICE
    arguments = (
        read_only(vendors),
        read_only(factor_of.astype(np.int32)),
        read_only(factors),
        at_ms,
        read_only(sample_ms),
        (book.closure, book.pieces, book.prices, book.rules, book.fx),
        known,
    )
    blocks = [slice(start, start + BLOCK_NODES) for start in range(0, nodes, BLOCK_NODES)]
    work = partial(_block, arguments, vendor, nanos)
    list(map(work, blocks) if threads == 1 else pool(threads).map(work, blocks))
    return LcrTable(vendor, nanos)


def _block(arguments: tuple[object, ...], vendor: I32, nanos: I64, block: slice) -> None:
    _list_vendors(*arguments, vendor[block], nanos[block], block.start)
