"""ONE call's charge: scalar integers in, scalar integers out.

The same functions run as plain Python, compiled for the CPU, and as CUDA device functions, so
they use nothing but integers. Source of the formula: docs/rating.md.
"""

from kernels.layout import (
    DEDUCT,
    DOWN,
    FREE_IF_AT_MOST,
    FREE_IF_BELOW,
    HALF_DOWN,
    HALF_UP,
    MINIMUM,
    UP,
    WHOLE_CALL,
)


def round_div(n: int, d: int, mode: int) -> int:
    """n / d (n >= 0, d > 0) rounded to an integer by one of layout.ROUNDINGS."""
    q = n // d
    r = n - q * d
    if mode == DOWN or r == 0:
        return q
    if mode == UP:
        return q + 1
    twice = 2 * r
    if twice > d:
        return q + 1
    if twice < d:
        return q
    if mode == HALF_UP:
        return q + 1
    if mode == HALF_DOWN:
        return q
    return q + (q & 1)


def billed_seconds(d: int, first: int, following: int, anchor: int) -> int:
    """Seconds billed for d seconds of talk; following = 0 means the call is one block."""
    if d <= first or following == 0:
        return first
    if anchor == WHOLE_CALL:
        return (d + following - 1) // following * following
    return first + (d - first + following - 1) // following * following


def charge(
    duration_ms: int,
    first_rate: int,
    next_rate: int,
    connect: int,
    first: int,
    following: int,
    duration_rounding: int,
    grace_rule: int,
    grace_s: int,
    anchor: int,
    connect_rule: int,
    min_charge: int,
    max_charge: int,
    round_mode: int,
    round_unit: int,
    attempt_fee: int,
) -> tuple[int, int]:
    """(billed seconds, net nanos) of one call: rates in nanos a minute, fees in nanos.

    All inputs lie within the limits of layout.py. max_charge < 0 means none; round_unit is the
    smallest amount of the side in nanos (10^(9 - decimals)). The net is exact in sixtieths of a
    nano until the single rounding at the end.
    """
    if duration_ms == 0:
        return 0, round_div(attempt_fee, round_unit, round_mode) * round_unit
    d = round_div(duration_ms, 1000, duration_rounding)
    if grace_rule == FREE_IF_AT_MOST and d <= grace_s:
        return 0, 0
    if grace_rule == FREE_IF_BELOW and d < grace_s:
        return 0, 0
    if grace_rule == DEDUCT:
        d = max(0, d - grace_s)
    billed = billed_seconds(d, first, following, anchor)
    net = first * first_rate + (billed - first) * next_rate
    if connect_rule == MINIMUM:
        net = max(net, connect * 60)
    else:
        net = net + connect * 60
    if max_charge >= 0:
        net = min(net, max_charge * 60)
    net = max(net, min_charge * 60)
    return billed, round_div(net, 60 * round_unit, round_mode) * round_unit
