"""The decks in force, each compiled once: publishing one does not compile the others again.

A book is a view of the library's arrays at one moment. What a book can see is never written again:
a new deck goes into a row, and its pieces behind the pieces, that no earlier book reaches; when the
room is used up or a dial code is new, everything moves to fresh arrays.
"""

from collections.abc import Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba as nb
import numpy as np

from kernels.book import DeckRates, close_deck, find_codes
from kernels.charge import is_plain
from kernels.check import check_deck, check_fx, check_prices, check_rule
from kernels.dialcodes import build_dialcodes
from kernels.layout import (
    I32,
    I64,
    PIECES,
    RULE_COLUMNS,
    TIME_MAX,
    TIME_MIN,
    U64,
    UNRATED,
    Book,
    DialCodes,
    read_only,
)

SPARE = 4
"""arrays are made larger than needed by one part in so many; untouched, that costs no memory"""
ALL_TIME: tuple[int, int] = (TIME_MIN, TIME_MAX)


class _Place(NamedTuple):
    """Where a deck's closure row and its piece lists lie."""

    row: int
    first_piece: int
    pieces: int


@nb.njit(cache=True, nogil=True)
def _move(closure: I64, node: I32, shift: int, out: I64) -> None:
    """Copy a closure row to other nodes, its piece lists having moved by `shift`."""
    for i in range(len(out)):
        word = closure[node[i]]
        out[i] = word - shift if word <= PIECES else word


@nb.njit(cache=True, nogil=True)
def _inherited(digits: U64, length: I64, parent: I32, old_digits: U64, old_length: I64) -> I32:
    """Per node the node that priced its numbers before: the same code, or the next shorter one."""
    node, old = np.zeros(len(digits), np.int32), 1
    for i in range(1, len(digits)):
        if old < len(old_digits) and (
            digits[i] == old_digits[old] and length[i] == old_length[old]
        ):
            node[i] = old
            old += 1
        else:
            node[i] = node[parent[i]]
    return node


def keys_of(digits: U64, length: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> U64:
    """One sortable number a code, in the order of nodes."""
    return digits * np.uint64(16) + length.astype(np.uint64)


class Library:
    """Named decks as rows of one book; owned by one thread, its books are anybody's."""

    def __init__(self, window_ms: tuple[int, int] = ALL_TIME, threads: int = 2) -> None:
        self._window_ms = window_ms
        self._threads = threads
        self._codes: DialCodes = build_dialcodes(np.empty(0, np.uint64), np.empty(0, np.uint8))
        self._closure = np.full((1, 1), np.int64(UNRATED))
        self._pieces = np.empty((0, 2), np.int64)
        self._rows_used = self._pieces_used = 0
        self._places: dict[Hashable, _Place] = {}
        self._class_of: dict[bytes, int] = {}
        self._prices = np.zeros((1, 4), np.int64)
        self._rule_of: dict[tuple[int, ...], int] = {}

    @property
    def rows(self) -> dict[Hashable, int]:
        """The row of `Book.closure` of every deck."""
        return {name: place.row for name, place in self._places.items()}

    def rule(self, rule: tuple[int, ...]) -> int:
        """The number of a rule set (all RULE_COLUMNS but R_PLAIN); equal sets share one.

        Raises ValueError naming the field that lies outside the limits.
        """
        check_rule(rule)
        return self._rule_of.setdefault(rule, len(self._rule_of))

    def classes(self, prices: I64) -> I64:
        """The price class of each of n rows of `Book.prices`; equal rows share one.

        Raises ValueError naming row and field where a price lies outside the limits.
        """
        check_prices(prices)
        rows = np.ascontiguousarray(prices).view(np.dtype((np.void, prices.shape[1] * 8))).ravel()
        distinct, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
        known = len(self._class_of)
        found = np.array(
            [self._class_of.setdefault(row.tobytes(), len(self._class_of)) for row in distinct],
            np.int64,
        )
        fresh = np.flatnonzero(found >= known)
        if len(fresh):
            self._prices = np.concatenate([self._prices[:known], prices[first[fresh]]])
        return found[inverse.reshape(-1)] if len(found) else np.empty(0, np.int64)

    def put(self, decks: Mapping[Hashable, DeckRates]) -> None:
        """Compile decks under their names, in the place of those that had the names before.

        Raises ValueError, before anything is changed, naming column and row of a deck that cannot
        be compiled.
        """
        for deck in decks.values():
            check_deck(deck)
        for name in decks:
            self._places.pop(name, None)
        self._learn(list(decks.values()))
        if self._rows_used + len(decks) > len(self._closure):
            self._move_to(self._codes, None, len(decks))
        first = self._rows_used
        rows = self._closure[first : first + len(decks)]
        with ThreadPoolExecutor(self._threads) as pool:
            pieces = list(pool.map(self._close, decks.values(), rows))
        self._room_for(sum(map(len, pieces)))
        for i, (name, own) in enumerate(zip(decks, pieces, strict=True)):
            at, row = self._pieces_used, self._closure[first + i]
            self._pieces[at : at + len(own)] = own
            np.subtract(row, at, out=row, where=row <= PIECES)
            self._places[name] = _Place(first + i, at, len(own))
            self._pieces_used += len(own)
        self._rows_used += len(decks)

    def drop(self, name: Hashable) -> None:
        """Forget a deck. Raises KeyError if there is none of that name."""
        del self._places[name]

    def book(self, fx: I64 | None = None) -> Book:
        """The decks as they are now, with exchange rates (shape (f, 2): numerator, denominator).

        Raises ValueError naming the row of an exchange rate outside the limits.
        """
        fx = np.empty((0, 2), np.int64) if fx is None else fx
        check_fx(fx)
        rules = _with_plain(self._rule_of)
        closure = self._closure[: self._rows_used]
        if not len(closure):
            closure = np.full((1, len(self._codes.parent)), np.int64(UNRATED))
        return Book(
            codes=self._codes,
            closure=read_only(closure),
            pieces=read_only(self._pieces[: self._pieces_used]),
            prices=read_only(self._prices),
            rules=read_only(rules),
            fx=read_only(fx),
            window_ms=self._window_ms,
        )

    def _close(self, deck: DeckRates, row: I64) -> I64:
        return close_deck(self._codes, deck, self._window_ms, row)

    def _learn(self, decks: list[DeckRates]) -> None:
        """Take dial codes in. Codes are never forgotten: nodes change only where one is new."""
        with ThreadPoolExecutor(self._threads) as pool:
            unseen = list(pool.map(self._unseen, decks))
        new = np.unique(np.concatenate([np.empty(0, np.uint64), *unseen]))
        if not len(new):
            return
        key = np.concatenate([keys_of(self._codes.digits, self._codes.length)[1:], new])
        codes = build_dialcodes(key // np.uint64(16), (key % np.uint64(16)).astype(np.uint8))
        self._move_to(codes, inherited(codes, self._codes), len(decks))

    def _unseen(self, deck: DeckRates) -> U64:
        _, found = find_codes(self._codes, deck.digits, deck.length)
        return np.unique(keys_of(deck.digits[~found], deck.length[~found]))

    def _room_for(self, pieces: int) -> None:
        if self._pieces_used + pieces > len(self._pieces):
            needed = self._pieces_used + pieces
            larger = np.empty((needed + needed // SPARE, 2), np.int64)
            larger[: self._pieces_used] = self._pieces[: self._pieces_used]
            self._pieces = larger

    def _move_to(self, codes: DialCodes, node: I32 | None, decks: int) -> None:
        """Move the decks to fresh arrays with room for more, and their words to other nodes."""
        if node is None:
            node = np.arange(len(codes.parent), dtype=np.int32)
        room = len(self._places) + decks
        closure = np.empty((room + room // SPARE + 1, len(codes.parent)), np.int64)
        live = sum(place.pieces for place in self._places.values())
        pieces, used = np.empty((live + live // SPARE, 2), np.int64), 0
        places: dict[Hashable, _Place] = {}
        for row, (name, old) in enumerate(self._places.items()):
            _move(self._closure[old.row], node, used - old.first_piece, closure[row])
            kept = self._pieces[old.first_piece : old.first_piece + old.pieces]
            pieces[used : used + old.pieces] = kept
            places[name] = _Place(row, used, old.pieces)
            used += old.pieces
        self._codes, self._closure, self._pieces = codes, closure, pieces
        self._places, self._rows_used, self._pieces_used = places, len(places), used


def inherited(codes: DialCodes, before: DialCodes) -> I32:
    """Per node of `codes` the node of `before` that matched its code. Needs before <= codes."""
    node: I32 = _inherited(codes.digits, codes.length, codes.parent, before.digits, before.length)
    return node


def build_book(
    decks: list[DeckRates],
    prices: I64,
    rules: I64,
    fx: I64 | None = None,
    window_ms: tuple[int, int] = ALL_TIME,
) -> Book:
    """Decks (deck i becomes row i of the closure), whose words name rows of `prices`, as a book.

    Raises ValueError naming row and field of what lies outside the limits.
    """
    check_prices(prices)
    for rule in rules.tolist():
        check_rule(tuple(rule))
    library = Library(window_ms)
    library.put(dict(enumerate(decks)))
    own = _with_plain(map(tuple, rules.tolist()))
    return library.book(fx)._replace(prices=read_only(prices), rules=read_only(own))


def _with_plain(rules: Iterable[tuple[int, ...]]) -> I64:
    """Rule sets as `Book.rules`."""
    rows = [(*rule, is_plain(rule)) for rule in rules]
    return np.array(rows, np.int64).reshape(-1, RULE_COLUMNS)
