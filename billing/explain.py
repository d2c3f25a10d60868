"""Why this price: every step of one charge with the numbers used.

Looks rates up the slow and obvious way, straight from the versions, and charges with the plain
Python formula: the text is therefore also a second opinion on what the kernels answered.
"""

from fractions import Fraction
from typing import NamedTuple

from billing.deck import NO_MAX_CHARGE, DeckOptions
from billing.explain_rate import Found, find_rate, number_lines, versions_of
from billing.explain_terms import ExplainedCall, class_lines, exchange_rate
from billing.instants import format_instant_ms
from billing.money import format_nanos
from billing.tariff import Tariff, rule_of
from kernels.charge import billed_seconds, charge, round_div
from kernels.layout import ANCHORS, CHARGE_NANOS_MAX, ROUNDINGS


class Explained(NamedTuple):
    """The steps as text, and their result; billed_s and nanos are None where there is no charge."""

    lines: list[str]
    billed_s: int | None
    nanos: int | None
    reason: str = ""
    """why there is none: one of billing.rating.REASONS"""


def _sixtieths(n: int, currency: str) -> str:
    whole, rest = divmod(n, 60)
    exact = f" + {rest}/60 nano" if rest else ""
    return f"{format_nanos(whole)} {currency}{exact}"


def explain(
    tariff: Tariff,
    side: str,
    deck: str,
    called: str,
    answered_ms: int,
    duration_ms: int,
    calling: str = "",
    currency: str | None = None,
    lrn: str = "",
) -> Explained:
    """How the charge of one side of one call comes about.

    currency: the account's; the deck's if None.
    """
    call = ExplainedCall(called, answered_ms, calling, lrn)
    versions = versions_of(tariff, side, deck)
    lines = [
        f"{side}: deck {deck!r}",
        *number_lines(versions, call),
        f"  answered {format_instant_ms(answered_ms)}, {duration_ms} ms",
        *class_lines(versions, call),
    ]
    found, looked = find_rate(versions, call)
    lines += looked
    pair = (tariff.currencies[side, deck], currency or tariff.currencies[side, deck])
    factor: Fraction | None = Fraction(1)
    if pair[0] != pair[1]:
        factor, source = exchange_rate(tariff.fx, pair, answered_ms)
        lines.append(source)
    if factor is None:
        return Explained(lines, None, None, f"{side}_fx_missing")
    if found is None or found.blocked:
        return Explained(lines, None, None, f"{side}_{'blocked' if found else 'rate_missing'}")
    rule = rule_of(found.version.options)
    prices = (found.first_rate, found.next_rate, found.connect, found.first, found.following)
    billed_s, nanos = charge(duration_ms, *prices, *(*rule, 1, 1))
    steps, net = _steps(found, duration_ms, billed_s)
    lines += [*_rate_lines(found), *steps]
    if pair[0] == pair[1]:
        return Explained([*lines, _last_line(found, duration_ms, nanos, pair[1])], billed_s, nanos)
    converted = net * factor
    lines.append(f"  net in {pair[1]}: {_exact(converted)}")
    if converted >= CHARGE_NANOS_MAX:
        lines.append(f"  too large: a charge stays below {format_nanos(CHARGE_NANOS_MAX)}")
        return Explained(lines, None, None, "charge_too_large")
    nanos = _rounded(converted, found.version.options)
    last = _last_line(found, duration_ms, nanos, pair[1])
    return Explained([*lines, last], billed_s, nanos)


def _rate_lines(found: Found) -> list[str]:
    options = found.version.options
    return [
        f"  rate: version {found.version.number} row {found.row}, code {found.prefix}, "
        f"{found.destination!r}",
        f"    {format_nanos(found.first_rate)} {options.currency}/min in the first {found.first} "
        f"s, then {format_nanos(found.next_rate)} {options.currency}/min by {found.following} s, "
        f"connect {format_nanos(found.connect)} ({options.connect_rule}), {options.anchor}",
    ]


def _last_line(found: Found, duration_ms: int, nanos: int, currency: str) -> str:
    options = found.version.options
    if duration_ms == 0:
        return f"  unanswered: {format_nanos(nanos)} {currency}"
    return (
        f"  net, rounded {options.round_mode} to {options.round_decimals} decimals: "
        f"{format_nanos(nanos)} {currency}"
    )


def _exact(nanos: Fraction) -> str:
    whole, rest = divmod(nanos, 1)
    return format_nanos(int(whole)) + (f" + {rest} nano" if rest else "")


def _rounded(nanos: Fraction, options: DeckOptions) -> int:
    """The one rounding, from the exact fraction."""
    unit = int(10 ** (9 - options.round_decimals))
    whole, rest = divmod(nanos / unit, 1)
    half = Fraction(1, 2)
    more = {
        "up": rest > 0,
        "down": False,
        "half_up": rest >= half,
        "half_down": rest > half,
        "half_even": rest > half or (rest == half and whole % 2 == 1),
    }[options.round_mode]
    return (int(whole) + more) * unit


def _steps(found: Found, duration_ms: int, billed_s: int) -> tuple[list[str], Fraction]:
    """The steps to the exact net in nanos of the deck's currency, and the net."""
    options = found.version.options
    if duration_ms == 0:
        return [], Fraction(options.attempt_fee_nanos)
    seconds = round_div(duration_ms, 1_000, ROUNDINGS.index(options.duration_rounding))
    lines = [f"  duration rounded {options.duration_rounding}: {seconds} s"]
    if options.grace_rule != "none":
        lines.append(f"  grace {options.grace_rule} {options.grace_s} s")
        if billed_s == 0:
            return [*lines, "  within the grace: free, no connect fee"], Fraction(0)
        if options.grace_rule == "deduct":
            seconds = max(0, seconds - options.grace_s)
            lines.append(f"  left after deduction: {seconds} s")
    assert billed_s == billed_seconds(
        seconds, found.first, found.following, ANCHORS.index(options.anchor)
    )
    first, rest = found.first, billed_s - found.first
    usage = first * found.first_rate + rest * found.next_rate
    currency = options.currency
    lines += [
        f"  billed: {billed_s} s = first {first} s + {rest} s",
        f"  usage: ({first} x {format_nanos(found.first_rate)} + {rest} x "
        f"{format_nanos(found.next_rate)}) / 60 = {_sixtieths(usage, currency)}",
    ]
    fee = found.connect * 60
    net = max(usage, fee) if options.connect_rule == "minimum" else usage + fee
    lines.append(f"  with connect fee: {_sixtieths(net, currency)}")
    if options.max_charge_nanos != NO_MAX_CHARGE:
        net = min(net, options.max_charge_nanos * 60)
        lines.append(
            f"  at most {format_nanos(options.max_charge_nanos)}: {_sixtieths(net, currency)}"
        )
    if options.min_charge_nanos:
        net = max(net, options.min_charge_nanos * 60)
        lines.append(
            f"  at least {format_nanos(options.min_charge_nanos)}: {_sixtieths(net, currency)}"
        )
    return lines, Fraction(net, 60)
