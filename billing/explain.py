"""Why this price: every step of one charge with the numbers used.

Looks rates up the slow and obvious way, straight from the versions, and charges with the plain
Python formula: the text is therefore also a second opinion on what the kernels answered.
"""

from typing import NamedTuple

import pyarrow.compute as pc

from billing.cdr import normalise
from billing.deck import ALWAYS_MS, FOREVER_MS, NO_MAX_CHARGE, DeckVersion
from billing.instants import format_instant_ms
from billing.money import format_nanos
from billing.tariff import Tariff, closing_ms, rule_of
from kernels.charge import billed_seconds, charge, round_div
from kernels.layout import ANCHORS, DIGITS_MAX, ROUNDINGS


class Found(NamedTuple):
    """A rate row of a version, and its place."""

    version: DeckVersion
    row: int
    prefix: str
    destination: str
    first_rate: int
    next_rate: int
    connect: int
    first: int
    following: int
    from_ms: int
    to_ms: int


class Explained(NamedTuple):
    """The steps as text, and their result; billed_s and nanos are None where no rate applies."""

    lines: list[str]
    billed_s: int | None
    nanos: int | None


def _rows_of(version: DeckVersion, prefix: str, closes_ms: int) -> list[Found]:
    at = pc.indices_nonzero(pc.equal(version.rates.column("prefix"), prefix)).to_pylist()
    rows = [(i, *version.rates.slice(i, 1).to_pylist()[0].values()) for i in at]
    found = [Found(version, *row) for row in rows]
    return [f._replace(to_ms=min(f.to_ms, closes_ms)) for f in found]


def find_rate(
    tariff: Tariff, side: str, deck: str, digits: str, at_ms: int
) -> tuple[Found | None, list[str]]:
    """The rate of one number at one instant, and what was looked at on the way."""
    versions = sorted(
        (v for v in tariff.versions.values() if (v.side, v.deck) == (side, deck)),
        key=lambda v: v.number,
    )
    lines = []
    for length in range(min(len(digits), DIGITS_MAX), 0, -1):
        prefix = digits[:length]
        rows = [
            row
            for i, version in enumerate(versions)
            for row in _rows_of(version, prefix, closing_ms(versions, i, prefix))
        ]
        live = [row for row in rows if row.from_ms <= at_ms < row.to_ms]
        for row in rows:
            state = "effective" if row in live else "not effective"
            lines.append(
                f"  code {prefix}: {row.destination!r}, version {row.version.number}, "
                f"{_span(row.from_ms, row.to_ms)}: {state}"
            )
        if live:
            return live[-1], lines
    return None, [*lines, "  no code with a rate at that time"]


def _span(from_ms: int, to_ms: int) -> str:
    start = "always" if from_ms == ALWAYS_MS else format_instant_ms(from_ms)
    end = "open end" if to_ms == FOREVER_MS else format_instant_ms(to_ms)
    return f"{start} to {end}"


def _sixtieths(n: int, currency: str) -> str:
    whole, rest = divmod(n, 60)
    exact = f" + {rest}/60 nano" if rest else ""
    return f"{format_nanos(whole)} {currency}{exact}"


def explain(
    tariff: Tariff, side: str, deck: str, called: str, answered_ms: int, duration_ms: int
) -> Explained:
    """How the charge of one side of one call comes about."""
    digits = normalise(called)
    lines = [
        f"{side}: deck {deck!r}",
        f"  number {called!r} -> {digits or 'no digits'}",
        f"  answered {format_instant_ms(answered_ms)}, {duration_ms} ms",
    ]
    found, looked = find_rate(tariff, side, deck, digits, answered_ms)
    lines += looked
    if found is None:
        return Explained(lines, None, None)
    options = found.version.options
    rule = rule_of(options)
    prices = (found.first_rate, found.next_rate, found.connect, found.first, found.following)
    billed_s, nanos = charge(duration_ms, *prices, *(*rule, 1, 1))
    currency = options.currency
    lines += [
        f"  rate: version {found.version.number} row {found.row}, code {found.prefix}, "
        f"{found.destination!r}",
        f"    {format_nanos(found.first_rate)} {currency}/min in the first {found.first} s, then "
        f"{format_nanos(found.next_rate)} {currency}/min by {found.following} s, "
        f"connect {format_nanos(found.connect)} ({options.connect_rule}), {options.anchor}",
    ]
    if duration_ms == 0:
        return Explained([*lines, f"  unanswered: {format_nanos(nanos)} {currency}"], 0, nanos)
    lines += _steps(found, duration_ms, billed_s)
    lines.append(
        f"  net, rounded {options.round_mode} to {options.round_decimals} decimals: "
        f"{format_nanos(nanos)} {currency}"
    )
    return Explained(lines, billed_s, nanos)


def _steps(found: Found, duration_ms: int, billed_s: int) -> list[str]:
    options = found.version.options
    seconds = round_div(duration_ms, 1_000, ROUNDINGS.index(options.duration_rounding))
    lines = [f"  duration rounded {options.duration_rounding}: {seconds} s"]
    if options.grace_rule != "none":
        lines.append(f"  grace {options.grace_rule} {options.grace_s} s")
        if billed_s == 0:
            return [*lines, "  within the grace: free, no connect fee"]
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
    return lines
