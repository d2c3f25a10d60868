"""One charge and the choice of a rate, exact and slow, written from docs/rating.md alone.

The second opinion that every other implementation is held against: money in exact fractions,
rates looked up by trying every length of the number. Imports nothing of ours.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

NANOS = 10**9


class Rule(NamedTuple):
    """How a deck charges, in the words of the rules; fees in nanos, max_charge None = no limit."""

    duration_rounding: str = "up"
    grace_rule: str = "none"
    grace_s: int = 0
    anchor: str = "after_initial"
    connect_rule: str = "additive"
    min_charge: int = 0
    max_charge: int | None = None
    round_mode: str = "half_up"
    round_decimals: int = 9
    attempt_fee: int = 0


class Price(NamedTuple):
    """Rates in nanos a minute, the connect fee in nanos, increments in seconds."""

    first_rate: int
    next_rate: int
    connect: int
    first_s: int
    next_s: int


class RateRow(NamedTuple):
    """A price of one code from one instant to another."""

    code: str
    from_ms: int
    to_ms: int
    price: Price
    rule: Rule


def rounded(value: Fraction, mode: str) -> int:
    """A value of 0 or more as a whole number."""
    whole = floor(value)
    rest = value - whole
    if mode == "up":
        return ceil(value)
    if mode == "down":
        return whole
    if rest != Fraction(1, 2):
        return whole if rest < Fraction(1, 2) else whole + 1
    if mode == "half_up":
        return whole + 1
    if mode == "half_down":
        return whole
    assert mode == "half_even"
    return whole if whole % 2 == 0 else whole + 1


def billed_seconds(seconds: int, price: Price, anchor: str) -> int:
    """Seconds billed for that many of talk; a next increment of 0 means one block."""
    first, following = price.first_s, price.next_s
    if anchor == "after_initial":
        blocks = 0 if seconds <= first else ceil(Fraction(seconds - first, following or seconds))
        return first + blocks * following
    assert anchor == "whole_call"
    at_least = max(seconds, first)
    if at_least <= first or following == 0:
        return first
    return ceil(Fraction(at_least, following)) * following


def exact_net(duration_ms: int, price: Price, rule: Rule) -> tuple[int, Fraction]:
    """(billed seconds, nanos before the one rounding)."""
    if duration_ms == 0:
        return 0, Fraction(rule.attempt_fee)
    seconds = rounded(Fraction(duration_ms, 1000), rule.duration_rounding)
    if rule.grace_rule == "free_if_at_most" and seconds <= rule.grace_s:
        return 0, Fraction(0)
    if rule.grace_rule == "free_if_below" and seconds < rule.grace_s:
        return 0, Fraction(0)
    if rule.grace_rule == "deduct":
        seconds = max(0, seconds - rule.grace_s)
    billed = billed_seconds(seconds, price, rule.anchor)
    first_part = Fraction(price.first_s * price.first_rate, 60)
    usage = first_part + Fraction((billed - price.first_s) * price.next_rate, 60)
    net = usage + price.connect
    if rule.connect_rule == "minimum":
        net = max(usage, Fraction(price.connect))
    if rule.max_charge is not None:
        net = min(net, Fraction(rule.max_charge))
    return billed, max(net, Fraction(rule.min_charge))


def naive_charge(duration_ms: int, price: Price, rule: Rule) -> tuple[int, int]:
    """(billed seconds, nanos) of one call."""
    billed, net = exact_net(duration_ms, price, rule)
    smallest = NANOS // 10**rule.round_decimals
    return billed, rounded(net / smallest, rule.round_mode) * smallest


def naive_digits(number: str) -> str:
    """The E.164 digits of a dialled number, "" if it has none or anything else in it."""
    rest = number[1:] if number[:1] == "+" else number[2:] if number[:2] == "00" else number
    return rest if all(c in "0123456789" for c in rest) else ""


class NaiveDeck:
    """Rate rows in the order in which they were published; a row is named by its index."""

    def __init__(self, rows: Iterable[RateRow]) -> None:
        self.rows = list(rows)
        self._of_code: dict[str, list[int]] = {}
        for i, row in enumerate(self.rows):
            self._of_code.setdefault(row.code, []).append(i)

    def row_at(self, number: str, at_ms: int) -> int | None:
        """The row that prices a call: the longest code with a row in force, published last."""
        digits = naive_digits(number)
        for length in range(len(digits), 0, -1):
            for i in reversed(self._of_code.get(digits[:length], ())):
                if self.rows[i].from_ms <= at_ms < self.rows[i].to_ms:
                    return i
        return None

    def charge(self, number: str, at_ms: int, duration_ms: int) -> tuple[int, int, int]:
        """(row, billed seconds, nanos); row -1 and no money where nothing prices the call."""
        at = self.row_at(number, at_ms)
        if at is None:
            return -1, 0, 0
        row = self.rows[at]
        return at, *naive_charge(duration_ms, row.price, row.rule)
