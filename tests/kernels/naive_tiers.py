"""Volume tiers, exact and slow: every billed second is looked at on its own.

The second opinion on tiers, written from docs/rating.md; imports nothing of ours but the second
opinion on a single charge.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.kernels.naive import NANOS, NaiveDeck, RateRow, exact_net, rounded


class TierCall(NamedTuple):
    """A call of a group of tiers."""

    group: int
    number: str
    at_ms: int
    duration_ms: int
    id: bytes


class Tier(NamedTuple):
    """A deck, and the seconds from which on it prices."""

    threshold_s: int
    deck: NaiveDeck


class TierCharge(NamedTuple):
    """What one call costs, and where it starts. tier and row are -1 where it is not priced,
    row -2 where a tier blocks it."""

    tier: int
    row: int
    billed_s: int
    nanos: int
    start_s: int


def tier_at(tiers: Sequence[Tier], position_s: int) -> int:
    """The last tier that has begun."""
    return max(k for k, tier in enumerate(tiers) if tier.threshold_s <= position_s)


def usage_of(tiers: Sequence[Tier], rows: Sequence[RateRow], start_s: int, billed_s: int) -> int:
    """Nanos times 60, one second after the other."""
    first_s = rows[tier_at(tiers, start_s)].price.first_s
    usage = 0
    for second in range(billed_s):
        price = rows[tier_at(tiers, start_s + second)].price
        usage += price.first_rate if second < first_s else price.next_rate
    return usage


def naive_money(
    call: TierCall, tiers: Sequence[Tier], rows: Sequence[RateRow], start_s: int, fx: Fraction
) -> tuple[int, int]:
    """(billed seconds, nanos) of a call that all tiers price."""
    row = rows[tier_at(tiers, start_s)]
    price, rule = row.price, row.rule
    billed_s, net = exact_net(call.duration_ms, price, rule)
    if billed_s:
        usage = Fraction(usage_of(tiers, rows, start_s, billed_s), 60)
        net = usage + price.connect
        if rule.connect_rule == "minimum":
            net = max(usage, Fraction(price.connect))
        if rule.max_charge is not None:
            net = min(net, Fraction(rule.max_charge))
        net = max(net, Fraction(rule.min_charge))
    smallest = NANOS // 10**rule.round_decimals
    return billed_s, rounded(net * fx / smallest, rule.round_mode) * smallest


def naive_tiered(
    calls: Sequence[TierCall],
    groups: Sequence[Sequence[Tier]],
    opening_s: Sequence[int],
    fx: Fraction = Fraction(1),
) -> tuple[list[TierCharge], list[int]]:
    """The charges in the order of `calls`, and the seconds billed to each group after them."""
    billed = list(opening_s)
    charges: dict[bytes, TierCharge] = {}
    for call in sorted(calls, key=lambda call: (call.at_ms, call.id)):
        tiers, start_s = groups[call.group], billed[call.group]
        found = [tier.deck.row_at(call.number, call.at_ms) for tier in tiers]
        rows = [t.deck.rows[i] for t, i in zip(tiers, found, strict=True) if i is not None]
        blocked = any(row.blocked for row in rows)
        if blocked or len(rows) < len(tiers):
            charges[call.id] = TierCharge(-1, -2 if blocked else -1, 0, 0, start_s)
            continue
        seconds, nanos = naive_money(call, tiers, rows, start_s, fx)
        tier = tier_at(tiers, start_s)
        charges[call.id] = TierCharge(tier, found[tier] or 0, seconds, nanos, start_s)
        billed[call.group] += seconds
    return [charges[call.id] for call in calls], billed
