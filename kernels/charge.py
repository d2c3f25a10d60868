"""ONE call's charge: scalar integers in, scalar integers out.

The same functions run as plain Python, compiled for the CPU, and as CUDA device functions, so
they use nothing but integers. Source of the formula: docs/rating.md.
"""

from collections.abc import Callable
from types import FunctionType
from typing import Any

from kernels.layout import (
    ADDITIVE,
    AFTER_INITIAL,
    CHARGE_NANOS_MAX,
    DOWN,
    HALF_EVEN,
    HALF_UP,
    MAX_CHARGE_NONE,
    MINIMUM,
    UP,
    WHOLE_CALL,
)


def round_div(n: int, d: int, mode: int) -> int:
    """n / d (n >= 0, d > 0) rounded to an integer by one of layout.ROUNDINGS.

    Without a branch, because a batch mixes modes: each mode is a bias added to twice the rest
    before it is compared with d.
    """
    q = n // d
    r = n - q * d
    bias = d * (mode == UP) - d * (mode == DOWN) + (mode == HALF_UP) + (q & (mode == HALF_EVEN))
    return q + (2 * r + bias > d)


def billed_seconds(d: int, first: int, following: int, anchor: int) -> int:
    """Seconds billed for d seconds of talk; following = 0 means the call is one block."""
    start = 0 if anchor == WHOLE_CALL else first
    blocks = (max(d - start, 0) + following - 1) // max(following, 1)
    return first if (d <= first) | (following == 0) else start + blocks * following


def seconds_of(
    duration_ms: int,
    first: int,
    following: int,
    duration_rounding: int,
    free_below_s: int,
    deduct_s: int,
    anchor: int,
) -> tuple[int, bool]:
    """(seconds billed, whether they are paid) of an answered call: what grace frees is not."""
    d = round_div(duration_ms, 1000, duration_rounding)
    return billed_seconds(max(0, d - deduct_s), first, following, anchor), d >= free_below_s


def net_of(usage: int, connect: int, connect_rule: int, min_charge: int, max_charge: int) -> int:
    """Usage (sixtieths of a nano) with the fees (nanos), in sixtieths of a nano."""
    fee = connect * 60
    net = max(usage, fee) if connect_rule == MINIMUM else usage + fee
    return max(min(net, max_charge * 60), min_charge * 60)


def converted(net: int, fx_num: int, fx_den: int) -> int:
    """Four times net / 60 * fx_num / fx_den nanos, rounded so that rounding it again is exact.

    The last two bits say whether the rest is none, below, at or above a half. net < 2^60,
    fx_num and fx_den within FX_MAX; no product passes 2^62: the numerator is taken 14 bits at a
    time. -1 where the charge would reach CHARGE_NANOS_MAX.
    """
    d = 60 * fx_den
    whole = net // d
    if whole > CHARGE_NANOS_MAX // fx_num:
        return -1
    r = net - whole * d
    part = r * (fx_num >> 28)
    q = part // d
    rest = part - q * d
    part = (rest << 14) + r * (fx_num >> 14 & 0x3FFF)
    digit = part // d
    q = (q << 14) + digit
    rest = part - digit * d
    part = (rest << 14) + r * (fx_num & 0x3FFF)
    digit = part // d
    q = (q << 14) + digit + whole * fx_num
    rest = part - digit * d
    if q >= CHARGE_NANOS_MAX:
        return -1
    return 4 * q + (rest > 0) + (rest > 0 and 2 * rest >= d) + (2 * rest > d)


def rounded(net: int, round_mode: int, round_unit: int, fx_num: int, fx_den: int) -> int:
    """The one rounding: sixtieths of a nano to nanos of the account's currency; -1 = too large."""
    if fx_num == fx_den:
        return round_div(net, 60 * round_unit, round_mode) * round_unit
    fourfold = converted(net, fx_num, fx_den)
    if fourfold < 0:
        return -1
    return round_div(fourfold, 4 * round_unit, round_mode) * round_unit


def charge(
    duration_ms: int,
    first_rate: int,
    next_rate: int,
    connect: int,
    first: int,
    following: int,
    duration_rounding: int,
    free_below_s: int,
    deduct_s: int,
    anchor: int,
    connect_rule: int,
    min_charge: int,
    max_charge: int,
    round_mode: int,
    round_unit: int,
    attempt_fee: int,
    fx_num: int,
    fx_den: int,
) -> tuple[int, int]:
    """(billed seconds, net nanos) of one call: rates in nanos a minute, fees in nanos.

    All inputs lie within the limits of layout.py. max_charge = MAX_CHARGE_NONE means none;
    round_unit is the smallest amount of the side in nanos (10^(9 - decimals)); fx_num / fx_den is
    the factor from the deck's currency to the account's. The net is exact until the single
    rounding at the end; it is -1 where it would reach CHARGE_NANOS_MAX.
    """
    if duration_ms == 0:
        return 0, rounded(60 * attempt_fee, round_mode, round_unit, fx_num, fx_den)
    billed, paid = seconds_of(
        duration_ms, first, following, duration_rounding, free_below_s, deduct_s, anchor
    )
    usage = first * first_rate + (billed - first) * next_rate
    net = net_of(usage, connect, connect_rule, min_charge, max_charge)
    return billed * paid, rounded(net, round_mode, round_unit, fx_num, fx_den) * paid


def plain(
    duration_ms: int, first_rate: int, next_rate: int, connect: int, first: int, following: int
) -> tuple[int, int]:
    """`charge` of an answered call where `is_plain` and no exchange rate is used.

    The blocks are divided as floats: both numbers are below 2^21, so that the quotient of floats is
    on the right side of every integer.
    """
    d = (duration_ms + 999) // 1000
    blocks = int((max(d - first, 0) + following - 1) / following) if following else 0
    usage = first * first_rate + blocks * following * next_rate
    return first + blocks * following, (usage + connect * 60 + 30) // 60


def is_plain(rule: tuple[int, ...]) -> bool:
    """Whether a rule set (columns of layout.py before R_PLAIN) is the one that most decks have."""
    return rule == (UP, 0, 0, AFTER_INITIAL, ADDITIVE, 0, MAX_CHARGE_NONE, HALF_UP, 1, 0)


def compiled(jit: Callable[[Any], Any]) -> dict[str, Any]:
    """This file's functions by name, each compiled by `jit` and calling the other compiled ones."""
    names = (
        *("round_div", "billed_seconds", "seconds_of", "net_of", "converted", "rounded"),
        *("charge", "plain"),
    )
    scope: dict[str, Any] = dict(globals())
    for name in names:
        scope[name] = jit(FunctionType(globals()[name].__code__, scope, name))
    return {name: scope[name] for name in names}
