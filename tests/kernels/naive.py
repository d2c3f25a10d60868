"""One charge and the choice of a rate, exact and slow, written from docs/rating.md alone.

The second opinion that every other implementation is held against: money in exact fractions,
rates looked up by trying every length of the number. Imports nothing of ours.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

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


class Span(NamedTuple):
    """A class's hours, such as ("peak", "mon tue", "08:00", "20:00"); until <= since ends on the
    next day."""

    name: str
    days: str
    since: str
    until: str


class Terms(NamedTuple):
    """What the classes of a row mean: the calendar and the A-number groups of its version."""

    zone: str = "UTC"
    default: str = ""
    spans: tuple[Span, ...] = ()
    holidays: tuple[tuple[str, str], ...] = ()
    """(date, class)"""
    origins: tuple[tuple[str, str], ...] = ()
    """(prefix, class)"""


class RateRow(NamedTuple):
    """A price of one code from one instant to another, perhaps in some classes only."""

    code: str
    from_ms: int
    to_ms: int
    price: Price
    rule: Rule
    time_class: str = "any"
    origin_class: str = "any"
    terms: Terms = Terms()
    blocked: bool = False
    """the code is listed and closed"""


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


def naive_charge(
    duration_ms: int, price: Price, rule: Rule, fx: Fraction = Fraction(1)
) -> tuple[int, int]:
    """(billed seconds, nanos) of one call, times fx; nanos -1 = 10^18 nanos or more."""
    billed, net = exact_net(duration_ms, price, rule)
    smallest = NANOS // 10**rule.round_decimals
    if net * fx >= 10**18:
        return billed, -1
    return billed, rounded(net * fx / smallest, rule.round_mode) * smallest


def naive_time_class(terms: Terms, at_ms: int) -> str:
    """The class that the deck's own clock and calendar show at an instant."""
    start = datetime(1970, 1, 1, tzinfo=UTC)
    local = (start + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(terms.zone))
    today = local.date()
    for day, name in terms.holidays:
        if f"{today:%Y-%m-%d}" == day:
            return name
    clock = f"{local:%H:%M}"
    yesterday = today - timedelta(days=1)
    for span in terms.spans:
        past_midnight = span.until <= span.since
        begun = f"{today:%a}".lower() in span.days and span.since <= clock
        if begun and (past_midnight or clock < span.until):
            return span.name
        if past_midnight and f"{yesterday:%a}".lower() in span.days and clock < span.until:
            return span.name
    return terms.default


def naive_origin_class(terms: Terms, calling: str) -> str:
    """The class of an A-number: that of the longest prefix it begins with."""
    digits = naive_digits(calling)
    if digits == "":
        return "missing"
    found, longest = "other", 0
    for prefix, name in terms.origins:
        if digits[: len(prefix)] == prefix and len(prefix) > longest:
            found, longest = name, len(prefix)
    return found


def holds(row: RateRow, at_ms: int, calling: str) -> bool:
    """Whether a row's classes are any or the call's."""
    if row.time_class != "any" and row.time_class != naive_time_class(row.terms, at_ms):
        return False
    return row.origin_class == "any" or row.origin_class == naive_origin_class(row.terms, calling)


class FxRow(NamedTuple):
    """An exchange rate, in the order of publication."""

    one: str
    other: str
    factor: Fraction
    from_ms: int


def naive_fx(rows: Iterable[FxRow], one: str, other: str, at_ms: int) -> Fraction | None:
    """How many units of `other` one unit of `one` is at an instant."""
    if one == other:
        return Fraction(1)
    in_force = [row for row in rows if row.from_ms <= at_ms]
    for pair, inverse in (((one, other), False), ((other, one), True)):
        best = None
        for row in in_force:
            if (row.one, row.other) == pair and (best is None or row.from_ms >= best.from_ms):
                best = row
        if best:
            return 1 / best.factor if inverse else best.factor
    return None


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

    def row_at(self, number: str, at_ms: int, calling: str = "") -> int | None:
        """The row that prices a call: of the longest code with a row in force that holds for the
        call, the most specific, published last."""
        digits = naive_digits(number)
        for length in range(len(digits), 0, -1):
            own = [
                i
                for i in self._of_code.get(digits[:length], ())
                if self.rows[i].from_ms <= at_ms < self.rows[i].to_ms
                and holds(self.rows[i], at_ms, calling)
            ]
            for kind in ((True, True), (False, True), (True, False)):
                for i in reversed(own):
                    row = self.rows[i]
                    if (row.time_class != "any", row.origin_class != "any") == kind:
                        return i
            if own:
                return own[-1]
        return None

    def charge(
        self,
        number: str,
        at_ms: int,
        duration_ms: int,
        calling: str = "",
        fx: Fraction = Fraction(1),
    ) -> tuple[int, int, int]:
        """(row, billed seconds, nanos); row -1 and no money where nothing prices the call, row -2
        where what would price it is blocked, nanos -1 where the charge is too large."""
        at = self.row_at(number, at_ms, calling)
        if at is None:
            return -1, 0, 0
        row = self.rows[at]
        if row.blocked:
            return -2, 0, 0
        return at, *naive_charge(duration_ms, row.price, row.rule, fx)
