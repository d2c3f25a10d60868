"""The loop of a what-if on the CPU: rate a stage of calls, compare, add to the thread's sums.

Arrays of a party are taken out of it before a loop: whatever is passed on within one is counted by
numba, call for call.
"""

from typing import NamedTuple

import numba as nb
import numpy as np

from kernels.cpu import STAGE_CALLS, Tables, Trie, match, new_scratch, part_of, price
from kernels.layout import I32, I64, NO_DECK, U8, Leg, Numbers
from kernels.sums import Mask, add_twice

# bits of `Stored.state`
SELL_RATED, HAS_BUY, BUY_RATED, SELL_REFUSED, BUY_REFUSED, LEFT_OUT = (1 << bit for bit in range(6))


class Party(NamedTuple):
    """One side of n calls: what its legs are charged now, and by what they are summed.

    Account, currency and rate of a leg are entries of tables, which say what cells of the sums
    they belong to.
    """

    billed_s: I32
    """now; 0 where not rated"""
    nanos: I64
    account: I32
    """entry of account_cell and account_currency"""
    currency: I32
    """entry of currency_cell: in which it is charged now"""
    version: I32
    """of the deck, and the row in it, that charges it now: entry of version_first, version_rows"""
    row: I32
    account_cell: I32
    account_currency: I32
    """the currency's cell in which each account is charged anew"""
    currency_cell: I32
    version_first: I32
    """the first of a version's rate rows in the book, and how many it has there"""
    version_rows: I32
    rate_destination: I32
    """the destination's cell of each of the book's rate rows; cell 0 is that of no rate"""
    asked: bool
    """whether this side is rated anew; if not, its legs stay what they are unless their call
    becomes rated or ceases to be"""


class Stored(NamedTuple):
    """n calls as they are charged now."""

    state: U8
    """SELL_RATED, HAS_BUY, BUY_RATED: what it is; SELL_REFUSED, BUY_REFUSED: it cannot be rated
    anew for a reason other than its deck; LEFT_OUT: it counts nowhere"""
    sell: Party
    buy: Party


class Cells(NamedTuple):
    """How many groups there are; sums are by (account, currency) and (destination, currency)."""

    accounts: int
    destinations: int
    currencies: int


class Sums(NamedTuple):
    """One side's sums: columns of kernels.sums.SUMS."""

    account: I64
    """shape (accounts, currencies, SUMS)"""
    destination: I64
    """shape (destinations, currencies, SUMS)"""


_Charges = tuple[I32, I32, I64]
CellSums = tuple[I64, I64]


@nb.njit(inline="always")
def _new_side() -> _Charges:
    n = STAGE_CALLS
    return np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int64)


@nb.njit(inline="always")
def _first(side: _Charges, n: int) -> _Charges:
    rate_row, billed_s, nanos = side
    return rate_row[:n], billed_s[:n], nanos[:n]


@nb.njit(nogil=True, cache=True)
def _asked(leg: Leg, state: U8, again: bool, stage: slice, deck: I32) -> tuple[I32, I32]:
    """The decks and exchange rates of a stage; NO_DECK where a rated leg stays as it is."""
    every, fx = leg
    every = every[stage]
    for i in range(len(deck)):
        asked = again | ((state[i] & SELL_RATED) == 0)
        deck[i] = every[i] if asked else NO_DECK
    return deck, part_of(fx, stage)


@nb.njit(nogil=True, cache=True)
def _rated_now(
    state: U8, decks: tuple[I32, I32], rows: tuple[I32, I32], asked: tuple[bool, bool], now: Mask
) -> None:
    """Whether each call of a stage can be rated whole: by its decks, and by all else."""
    for i in range(len(state)):
        own, was = state[i], (state[i] & SELL_RATED) != 0
        refused = (((own & SELL_REFUSED) != 0) & (asked[0] | (not was))) | (
            ((own & BUY_REFUSED) != 0) & (asked[1] | (not was))
        )
        lacking = ((rows[0][i] < 0) & (decks[0][i] != NO_DECK)) | (
            (rows[1][i] < 0) & (decks[1][i] != NO_DECK)
        )
        now[i] = not (refused | lacking)


@nb.njit(inline="always")
def _stage(party: Party, begin: int) -> tuple[I32, I64, I32, I32, I32, I32]:
    """What the legs from call `begin` on are now."""
    return (
        party.billed_s[begin:],
        party.nanos[begin:],
        party.account[begin:],
        party.currency[begin:],
        party.version[begin:],
        party.row[begin:],
    )


@nb.njit(nogil=True, cache=True)
def _add_side(
    party: Party,
    begin: int,
    state: U8,
    legs: tuple[int, int],
    now: Mask,
    charges: _Charges,
    currencies: int,
    sums: CellSums,
) -> None:
    """Add the legs of one side of a stage that begins at call `begin`.

    legs: the bits of `state` that say that there is a leg, and that it is rated now. A leg whose
    currency changes ends in one and begins in the other.
    """
    (there, rated), (by_account, by_destination) = legs, sums
    rate_row, billed_s, nanos = charges
    old_s, old_nanos, account, currency, version, local = _stage(party, begin)
    account_cell, account_currency, currency_cell = party[6:9]
    version_first, version_rows, rate_destination, asked = party[9:]
    none = (False, np.int64(0), np.int64(0))
    for i in range(len(state)):
        own = state[i]
        if (own & there) != there or (own & LEFT_OUT) != 0:
            continue
        who, was = np.uint64(account[i]), (own & rated) != 0
        old = (was, np.int64(old_s[i]), old_nanos[i])
        before = np.int64(currency_cell[np.uint64(currency[i])])
        after, place, new = before, np.int64(0), none
        if was:
            of = np.uint64(version[i])
            if of < len(version_rows) and np.uint32(local[i]) < version_rows[of]:
                place = np.int64(rate_destination[np.uint64(version_first[of] + local[i])])
        if asked | ((own & SELL_RATED) == 0):
            if now[i]:
                new = (True, np.int64(billed_s[i]), nanos[i])
                after = np.int64(account_currency[who])
                place = np.int64(rate_destination[np.uint64(rate_row[i])])
        elif was & now[i]:
            new = old
        row, column = np.int64(account_cell[who]) * currencies, place * currencies
        if was & (before != after):
            add_twice(by_account, row + before, old, none)
            add_twice(by_destination, column + before, old, none)
            add_twice(by_account, row + after, none, new)
            add_twice(by_destination, column + after, none, new)
        else:
            add_twice(by_account, row + after, old, new)
            add_twice(by_destination, column + after, old, new)


@nb.njit(nogil=True, cache=True)
def compare(
    numbers: Numbers,
    buying: Numbers,
    answered_ms: I64,
    duration_ms: I32,
    legs: tuple[Leg, Leg],
    trie: Trie,
    tables: Tables,
    attempt_fees: bool,
    stored: Stored,
    currencies: int,
    sums: tuple[CellSums, CellSums],
    start: int,
    stop: int,
) -> None:
    """Add calls start to stop to sums, those of the sell legs and of the buy legs.

    buying: what the buy legs' codes are matched against; columns of length 0 say: `numbers`.
    """
    scratch, sold, bought = new_scratch(), _new_side(), _new_side()
    node, now = np.empty(STAGE_CALLS, np.int32), np.empty(STAGE_CALLS, np.bool_)
    decks = np.empty(STAGE_CALLS, np.int32), np.empty(STAGE_CALLS, np.int32)
    buying_node = np.empty(STAGE_CALLS, np.int32)
    digits, count = numbers
    buying_digits, buying_count = buying
    state, sell, buy = stored
    for begin in range(start, stop, STAGE_CALLS):
        n = min(STAGE_CALLS, stop - begin)
        stage = slice(begin, begin + n)
        match(digits[stage], count[stage], trie, node[:n], scratch)
        if len(buying_digits) > 0:
            match(buying_digits[stage], buying_count[stage], trie, buying_node[:n], scratch)
        else:
            buying_node[:n] = node[:n]
        at, lasted, own = answered_ms[stage], duration_ms[stage], state[stage]
        one = _asked(legs[0], own, sell.asked, stage, decks[0][:n])
        other = _asked(legs[1], own, buy.asked, stage, decks[1][:n])
        price(one, node[:n], at, lasted, tables, attempt_fees, _first(sold, n), scratch)
        price(other, buying_node[:n], at, lasted, tables, attempt_fees, _first(bought, n), scratch)
        rows = (sold[0], bought[0])
        _rated_now(own, (one[0], other[0]), rows, (sell.asked, buy.asked), now[:n])
        _add_side(sell, begin, own, (0, SELL_RATED), now, sold, currencies, sums[0])
        _add_side(buy, begin, own, (HAS_BUY, BUY_RATED), now, bought, currencies, sums[1])
