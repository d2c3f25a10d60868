"""Volume tiers: a call's rates depend on the seconds billed to its tier group before it.

A call is priced from its position on, and split where it crosses into the next tier. Positions
depend on billed seconds and never on money, so that they come from one sum over all calls. For
that, the tiers of a group must bill a call alike: their increments, anchor, duration rounding and
grace are compared for every call, and a call that one of them does not price is unrated, bills
nothing and moves no position, whether or not it would have reached that tier.
"""

from functools import partial
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from kernels.batch import BatchError, check_column, within
from kernels.blocks import in_blocks, threads_of
from kernels.dispatch import rate
from kernels.layout import I32, I64, NO_DECK, Book, Calls, Leg, Side, read_only
from kernels.positions import NO_GROUP, POSITION_S_MAX, CallIds, check_groups, positions
from kernels.tier_charge import bill_block, price_block

TIERS_MAX: Final = 64
"""tiers of one group"""


class TierGroups(NamedTuple):
    """g tier groups with t tiers in all."""

    first_tier: I32
    """shape (g + 1,): the tiers of group i are first_tier[i]..first_tier[i + 1] - 1"""
    threshold_s: I64
    """shape (t,): the position at which a tier begins: 0 for a group's first, then ascending"""
    deck: I32
    """shape (t,): the row of `Book.closure` that prices a tier"""
    opening_s: I64
    """shape (g,): seconds billed to a group since its period began and before these calls"""


class Tiered(NamedTuple):
    """What `rate_tiered` returns: columns of n calls, and one of g groups."""

    node: I32
    charged: Side
    """rate_row is that of the tier in which the call starts"""
    start_s: I64
    """the call's position; NO_GROUP where it has no group"""
    closing_s: I64
    """seconds billed to each group after these calls: they open the period's next calls"""


def _check_tiers(tiers: TierGroups, decks: int) -> None:
    groups, n = len(tiers.opening_s), len(tiers.threshold_s)
    check_column("first_tier", tiers.first_tier, groups + 1, "i4")
    check_column("threshold_s", tiers.threshold_s, n, "i8")
    check_column("tier_deck", tiers.deck, n, "i4")
    within("first_tier", tiers.first_tier, 0, n)
    within("tiers of group", np.diff(tiers.first_tier), 1, TIERS_MAX)
    if tiers.first_tier[0] != 0 or tiers.first_tier[-1] != n:
        raise BatchError(
            f"first_tier runs from {tiers.first_tier[0]} to {tiers.first_tier[-1]}, not 0 to {n}"
        )
    within("threshold_s", tiers.threshold_s, 0, POSITION_S_MAX)
    within("tier_deck", tiers.deck, 0, decks - 1)
    before = np.concatenate([np.full(1, np.int64(-1)), tiers.threshold_s[:-1]])
    before[tiers.first_tier[:-1]] = -1
    off = tiers.threshold_s <= before
    off[tiers.first_tier[:-1]] = tiers.threshold_s[tiers.first_tier[:-1]] != 0
    if off.any():
        tier = int(np.flatnonzero(off)[0])
        group = int(np.searchsorted(tiers.first_tier, tier, "right")) - 1
        raise BatchError(
            f"tier {tier - tiers.first_tier[group]} of group {group} begins at "
            f"{tiers.threshold_s[tier]} s: the first begins at 0, each other after the one before"
        )


def _leg_of_others(calls: Calls, side: str, group: I32) -> Calls:
    """The calls of no group, asked for on that side alone."""
    deck, fx = getattr(calls, side)
    check_column(f"{side}_deck", deck, len(calls.answered_ms), "i4")
    none = Leg(np.full(len(group), np.int32(NO_DECK)), np.empty(0, np.int32))
    own = Leg(np.where(group == NO_GROUP, deck, np.int32(NO_DECK)), fx)
    return calls._replace(sell=own if side == "sell" else none, buy=own if side == "buy" else none)


def rate_tiered(
    calls: Calls,
    book: Book,
    side: Literal["sell", "buy"],
    group: I32,
    ids: CallIds,
    tiers: TierGroups,
    threads: int = 0,
) -> Tiered:
    """Price one side of n calls, those with a group (0..g-1) by its tiers. threads = 0: every core.

    A call with NO_GROUP is priced by its leg's deck, as `rate` does; the deck in the leg of a call
    with a group is not read. Everything but the usage comes from the rate of the tier in which the
    call starts: fees, limits, rounding. Each billed second costs the rate of the tier it falls in,
    the first rate within the first increment.

    Raises BatchError, before anything is priced, for what `rate` and `positions` refuse, for tiers
    that are not as TierGroups says, and for a call that two tiers of its group bill differently.
    """
    n = len(calls.answered_ms)
    check_groups(group, ids, tiers.opening_s, n)
    _check_tiers(tiers, len(book.closure))
    threads = threads_of(threads)
    rated = rate(_leg_of_others(calls, side, group), book, threads)
    charged: Side = getattr(rated, side)
    rows = np.flatnonzero(group != NO_GROUP)
    fx = getattr(calls, side).fx
    columns = (group, rated.node, calls.answered_ms, calls.duration_ms)
    common: tuple[Any, ...] = (
        tuple(read_only(column[rows]) for column in columns),
        (book.closure, book.pieces, book.prices, book.rules, book.fx),
        (read_only(tiers.first_tier), read_only(tiers.threshold_s), read_only(tiers.deck)),
        int(np.diff(tiers.first_tier).max(initial=1)),
    )
    own = Side(charged.rate_row[rows], charged.billed_s[rows], charged.nanos[rows])
    billing = partial(bill_block, *common, (own.rate_row, own.billed_s))
    _refuse_unlike(group, rows, list(in_blocks(len(rows), threads, billing)))
    charged.billed_s[rows] = own.billed_s
    counted = positions(group, calls.answered_ms, ids, charged.billed_s, tiers.opening_s)
    start_s = read_only(counted.start_s[rows])
    pricing = partial(
        price_block, *common, read_only(fx[rows] if len(fx) else fx), start_s, tuple(own)
    )
    list(in_blocks(len(rows), threads, pricing))
    charged.rate_row[rows], charged.billed_s[rows], charged.nanos[rows] = own
    return Tiered(rated.node, charged, *counted)


def _refuse_unlike(group: I32, rows: I64, found: list[Any]) -> None:
    """found: for each block the place in `rows` of a call that a tier bills differently, or -1."""
    for place, tier in found:
        if place >= 0:
            row = int(rows[place])
            raise BatchError(
                f"row {row}: tier {tier} of group {group[row]} bills it otherwise than tier 0; "
                "increments, anchor, duration rounding and grace must agree"
            )
