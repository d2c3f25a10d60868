"""What a call costs across the tiers of its group: the compiled part of `kernels.tiers`.

The formula is charge.py's; only the usage, there of one price, is here a sum over the tiers that a
call runs through. No product is larger for it: the seconds of all tiers are the billed seconds.
"""

import numba as nb
import numpy as np

from kernels.charge import compiled
from kernels.cpu import STAGE_CALLS, Scratch, Tables, factor, look_up, new_scratch, walk_pieces
from kernels.layout import (
    BLOCKED,
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
)

Groups = tuple[I32, I64, I32]
"""first tier, thresholds and decks as in `TierGroups`"""
Columns = tuple[I32, I32, I64, I32]
"""of n calls that have a group: group, node, answered_ms, duration_ms"""

Span = tuple[int, int, int]
"""a call's position, the end of its first interval, and its end"""

_parts = compiled(nb.njit(inline="always"))
_seconds_of, _net_of, _rounded = _parts["seconds_of"], _parts["net_of"], _parts["rounded"]


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
    n, k, wanted = len(group), 0, 1
    while wanted > 0:
        wanted = 0
        for i in range(n):
            tier = first_tier[group[i]] + k
            none = tier >= first_tier[group[i] + 1]
            deck[i] = NO_DECK if none else decks[tier]
            wanted += not none
        if wanted > 0:
            look_up(closure, deck[:n], node, words[k][:n])
            walk_pieces(pieces, answered_ms, words[k][:n], active, piece)
        k += 1


@nb.njit(inline="always")
def _seconds(duration_ms: int, price: int, prices: I64, rules: I64) -> tuple[int, bool]:
    """The seconds an answered call is billed by a price class, and whether it is not free."""
    packed = prices[price, PACKED]
    rule = packed >> 32
    billed, paid = _seconds_of(
        duration_ms,
        packed & 0xFFFF,
        (packed >> 16) & 0xFFFF,
        rules[rule, R_DURATION_ROUNDING],
        rules[rule, R_FREE_BELOW_S],
        rules[rule, R_DEDUCT_S],
        rules[rule, R_ANCHOR],
    )
    return billed, paid


@nb.njit(inline="always")
def _bills_alike(price: int, other: int, prices: I64, rules: I64) -> bool:
    one, two = prices[price, PACKED], prices[other, PACKED]
    if one == two:
        return True
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
            tiers = first_tier[group[row] + 1] - first_tier[group[row]]
            rated = True
            for k in range(tiers):
                rated &= words[k, i] >= 0
                if words[k, i] == BLOCKED:
                    rate_row[row] = BLOCKED
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
    words: I64, i: int, k: int, tier: int, end_tier: int, span: Span, threshold_s: I64, prices: I64
) -> int:
    """Sixtieths of a nano of call i, which starts in tier k of its group: row `tier` of all."""
    at, first_end, end = span
    usage = 0
    while at < end:
        tier += 1
        stop = min(end, threshold_s[np.uint64(tier)]) if tier < end_tier else end
        price = np.uint64(words[k, i]) >> np.uint64(32)
        usage += max(0, min(stop, first_end) - at) * prices[price, FIRST_RATE]
        usage += max(0, stop - max(at, first_end)) * prices[price, NEXT_RATE]
        at = stop
        k += 1
    return usage


@nb.njit(inline="always")
def _net(usage: int, price: int, rule: int, prices: I64, rules: I64) -> int:
    net: int = _net_of(
        usage,
        prices[price, CONNECT],
        rules[rule, R_CONNECT_RULE],
        rules[rule, R_MIN_CHARGE],
        rules[rule, R_MAX_CHARGE],
    )
    return net


@nb.njit(nogil=True, cache=True)
def _price_stage(
    group: I32,
    duration_ms: I32,
    start_s: I64,
    fx: I32,
    words: I64,
    groups: Groups,
    tables: Tables,
    out: tuple[I32, I32, I64],
) -> None:
    rate_row, billed_s, nanos = out
    first_tier, threshold_s, _ = groups
    _, _, prices, rules, rates = tables
    num, den = np.int64(1), np.int64(1)
    for i in range(len(group)):
        if rate_row[i] < 0:
            continue
        tier, end_tier, k = first_tier[group[i]], first_tier[group[i] + 1], 0
        while tier + 1 < end_tier and threshold_s[np.uint64(tier + 1)] <= start_s[i]:
            tier += 1
            k += 1
        price = np.uint64(words[k, i]) >> np.uint64(32)
        packed = prices[price, PACKED]
        rule = np.uint64(packed >> 32)
        net, paid = 60 * rules[rule, R_ATTEMPT_FEE], True
        if duration_ms[i] > 0:
            seconds, paid = _seconds(np.int64(duration_ms[i]), price, prices, rules)
            at = start_s[i]
            span = (at, at + (packed & 0xFFFF), at + seconds)
            usage = _usage(words, i, k, tier, end_tier, span, threshold_s, prices)
            net = _net(usage, price, rule, prices, rules)
        if len(fx) > 0:
            num, den = factor(fx[i], rates)
        money = _rounded(net, rules[rule, R_ROUND_MODE], rules[rule, R_ROUND_UNIT], num, den)
        fits = money * paid >= 0
        rate_row[i] = words[k, i] if fits else TOO_LARGE
        billed_s[i] *= fits
        nanos[i] = money * paid if fits else 0


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
    words, scratch = np.empty((tiers_most, STAGE_CALLS), np.int64), new_scratch()
    deck = np.empty(STAGE_CALLS, np.int32)
    for begin in range(start, stop, STAGE_CALLS):
        stage = slice(begin, min(begin + STAGE_CALLS, stop))
        of, at = group[stage], answered_ms[stage]
        _find_words(of, node[stage], at, tables, groups, words, deck, scratch)
        part = (rate_row[stage], billed_s[stage], nanos[stage])
        rates = fx[stage] if len(fx) > 0 else fx
        _price_stage(of, duration_ms[stage], start_s[stage], rates, words, groups, tables, part)
