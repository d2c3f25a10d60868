"""What a call costs across the tiers of its group: the compiled part of `kernels.tiers`.

The formula is charge.py's; only the usage, there of one price, is here a sum over the tiers that a
call runs through. No product is larger for it: the seconds of all tiers are the billed seconds.
"""

import numba as nb
import numpy as np

from kernels.charge import compiled
from kernels.cpu import STAGE_CALLS, Scratch, Tables, _look_up, _walk_pieces, factor, new_scratch
from kernels.layout import (
    CONNECT,
    FIRST_RATE,
    I32,
    I64,
    NEXT_RATE,
    NO_DECK,
    PACKED,
    R_ANCHOR,
    R_ATTEMPT_FEE,
    R_CONNECT_RULE,
    R_DEDUCT_S,
    R_DURATION_ROUNDING,
    R_FREE_BELOW_S,
    R_MAX_CHARGE,
    R_MIN_CHARGE,
    R_ROUND_MODE,
    R_ROUND_UNIT,
    TOO_LARGE,
    UNRATED,
)
from kernels.positions import NO_GROUP

Groups = tuple[I32, I64, I32]
"""first tier, thresholds and decks as in `TierGroups`"""
Columns = tuple[I32, I32, I64, I32]
"""of n calls: group, node, answered_ms, duration_ms"""

_parts = compiled(nb.njit(inline="always"))
_round_div, _billed_seconds = _parts["round_div"], _parts["billed_seconds"]
_net_of, _rounded = _parts["net_of"], _parts["rounded"]


@nb.njit(inline="always")
def _find_words(
    group: I32,
    node: I32,
    answered_ms: I64,
    tables: Tables,
    groups: Groups,
    words: I64,
    deck: I32,
    scratch: Scratch,
) -> None:
    """words[k, i]: the closure word of call i in tier k of its group; UNRATED beyond the last."""
    first_tier, _, decks = groups
    closure, pieces, _, _, _ = tables
    active, piece, _ = scratch
    n, wanted = len(group), 1
    k = 0
    while wanted > 0:
        wanted = 0
        for i in range(n):
            deck[i] = NO_DECK
            if group[i] != NO_GROUP:
                tier = first_tier[group[i]] + k
                if tier < first_tier[group[i] + 1]:
                    deck[i] = decks[tier]
                    wanted += 1
        if wanted > 0:
            _look_up(closure, deck[:n], node, words[k][:n])
            _walk_pieces(pieces, answered_ms, words[k][:n], active, piece)
        k += 1


@nb.njit(inline="always")
def _seconds(duration_ms: int, price: int, prices: I64, rules: I64) -> tuple[int, bool]:
    """The seconds an answered call is billed by a price class, and whether it is not free."""
    packed = prices[price, PACKED]
    rule = packed >> 32
    d = _round_div(duration_ms, 1000, rules[rule, R_DURATION_ROUNDING])
    rest = max(0, d - rules[rule, R_DEDUCT_S])
    first, following = packed & 0xFFFF, (packed >> 16) & 0xFFFF
    billed = _billed_seconds(rest, first, following, rules[rule, R_ANCHOR])
    return billed, d >= rules[rule, R_FREE_BELOW_S]


@nb.njit(inline="always")
def _bills_alike(price: int, other: int, prices: I64, rules: I64) -> bool:
    one, two = prices[price, PACKED], prices[other, PACKED]
    alike: bool = (one ^ two) & 0xFFFFFFFF == 0
    for column in (R_DURATION_ROUNDING, R_FREE_BELOW_S, R_DEDUCT_S, R_ANCHOR):
        alike &= rules[one >> 32, column] == rules[two >> 32, column]
    return alike


@nb.njit(nogil=True, cache=True)
def bill_block(
    columns: Columns,
    tables: Tables,
    groups: Groups,
    tiers_most: int,
    out: tuple[I32, I32],
    start: int,
    stop: int,
) -> tuple[int, int]:
    """Billed seconds; (row, tier) of a call that a tier bills otherwise than tier 0, or -1."""
    group, node, answered_ms, duration_ms = columns
    rate_row, billed_s = out
    first_tier = groups[0]
    _, _, prices, rules, _ = tables
    words, scratch = np.empty((tiers_most, STAGE_CALLS), np.int64), new_scratch()
    deck = np.empty(STAGE_CALLS, np.int32)
    for begin in range(start, stop, STAGE_CALLS):
        stage = slice(begin, min(begin + STAGE_CALLS, stop))
        _find_words(
            group[stage], node[stage], answered_ms[stage], tables, groups, words, deck, scratch
        )
        for i in range(stage.stop - begin):
            row = begin + i
            if group[row] == NO_GROUP:
                continue
            tiers = first_tier[group[row] + 1] - first_tier[group[row]]
            rated = True
            for k in range(tiers):
                rated &= words[k, i] != UNRATED
            if not rated:
                continue
            price = words[0, i] >> 32
            for k in range(1, tiers):
                if not _bills_alike(price, words[k, i] >> 32, prices, rules):
                    return row, k
            rate_row[row] = words[0, i]
            if duration_ms[row] > 0:
                seconds, paid = _seconds(np.int64(duration_ms[row]), price, prices, rules)
                billed_s[row] = seconds * paid
    return -1, -1


@nb.njit(inline="always")
def _usage(
    words: I64, k: int, threshold_s: I64, start_s: int, billed: int, first: int, prices: I64
) -> int:
    """Sixtieths of a nano for billed seconds from start_s in tier k on; words of one call."""
    usage, at, first_end, end = 0, start_s, start_s + first, start_s + billed
    while at < end:
        stop = end if k + 1 == len(threshold_s) else min(end, threshold_s[k + 1])
        price = words[k] >> 32
        usage += max(0, min(stop, first_end) - at) * prices[price, FIRST_RATE]
        usage += max(0, stop - max(at, first_end)) * prices[price, NEXT_RATE]
        at = stop
        k += 1
    return usage


@nb.njit(inline="always")
def _money(
    words: I64,
    k: int,
    threshold_s: I64,
    start_s: int,
    duration_ms: int,
    prices: I64,
    rules: I64,
    num: int,
    den: int,
) -> int:
    """Nanos of a call that starts in tier k; -1 = too large."""
    price = words[k] >> 32
    packed = prices[price, PACKED]
    rule = packed >> 32
    net, paid = 60 * rules[rule, R_ATTEMPT_FEE], True
    if duration_ms > 0:
        billed, paid = _seconds(duration_ms, price, prices, rules)
        usage = _usage(words, k, threshold_s, start_s, billed, packed & 0xFFFF, prices)
        net = _net_of(
            usage,
            prices[price, CONNECT],
            rules[rule, R_CONNECT_RULE],
            rules[rule, R_MIN_CHARGE],
            rules[rule, R_MAX_CHARGE],
        )
    nanos: int = _rounded(net, rules[rule, R_ROUND_MODE], rules[rule, R_ROUND_UNIT], num, den)
    return nanos * paid


@nb.njit(nogil=True, cache=True)
def price_block(
    columns: Columns,
    tables: Tables,
    groups: Groups,
    tiers_most: int,
    fx: I32,
    start_s: I64,
    out: tuple[I32, I32, I64],
    start: int,
    stop: int,
) -> None:
    """Money of the calls that `bill_block` found rated, from their positions."""
    group, node, answered_ms, duration_ms = columns
    rate_row, billed_s, nanos = out
    first_tier, threshold_s, _ = groups
    _, _, prices, rules, rates = tables
    words, scratch = np.empty((tiers_most, STAGE_CALLS), np.int64), new_scratch()
    deck = np.empty(STAGE_CALLS, np.int32)
    num, den = np.int64(1), np.int64(1)
    for begin in range(start, stop, STAGE_CALLS):
        stage = slice(begin, min(begin + STAGE_CALLS, stop))
        _find_words(
            group[stage], node[stage], answered_ms[stage], tables, groups, words, deck, scratch
        )
        for i in range(stage.stop - begin):
            row = begin + i
            if group[row] == NO_GROUP or rate_row[row] == UNRATED:
                continue
            first = first_tier[group[row]]
            thresholds, k = threshold_s[first : first_tier[group[row] + 1]], 0
            while k + 1 < len(thresholds) and thresholds[k + 1] <= start_s[row]:
                k += 1
            if len(fx) > 0:
                num, den = factor(fx[row], rates)
            money = _money(
                words[:, i],
                k,
                thresholds,
                start_s[row],
                np.int64(duration_ms[row]),
                prices,
                rules,
                num,
                den,
            )
            rate_row[row] = words[k, i] if money >= 0 else TOO_LARGE
            billed_s[row] *= money >= 0
            nanos[row] = max(money, 0)
