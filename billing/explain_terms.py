"""Classes and exchange rates of one call, looked up the slow and obvious way, for `explain`.

By the clock and the texts: nothing here shares a table with what the kernels answer from.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from billing.cdr import normalise
from billing.deck import DeckOptions, DeckVersion
from billing.fx import FxTable, Pair, format_factor
from billing.instants import format_instant_ms
from billing.origin_classes import MISSING, OTHER
from billing.time_classes import ANY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_time(options: DeckOptions, at_ms: int) -> datetime:
    """The instant on the deck's own clock."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(options.time_zone))


def time_class_of(options: DeckOptions, at_ms: int) -> str:
    """The time class of an instant, ANY for a deck without."""
    profile = options.time_classes
    if profile is None:
        return ANY
    local = local_time(options, at_ms)
    for day, name in profile.holidays:
        if day == local.date().isoformat():
            return name
    minute = local.weekday() * 1_440 + local.hour * 60 + local.minute
    for start, end, name in profile.week:
        if start <= minute < end:
            return name
    return profile.default


def origin_class_of(options: DeckOptions, calling: str) -> str:
    """The origin class of an A-number."""
    digits = normalise(calling)
    if not digits:
        return MISSING
    prefixes = [pair for pair in options.origin_classes if digits.startswith(pair[0])]
    return max(prefixes, key=lambda pair: len(pair[0]))[1] if prefixes else OTHER


def class_lines(versions: list[DeckVersion], at_ms: int, calling: str) -> list[str]:
    """What each version that tells classes apart makes of a call."""
    lines = []
    for version in versions:
        options = version.options
        if _tells_apart(version, "time_class"):
            local = local_time(options, at_ms).strftime("%a %Y-%m-%d %H:%M:%S")
            lines.append(
                f"  version {version.number}, time class: {time_class_of(options, at_ms)} "
                f"({local} in {options.time_zone})"
            )
        if _tells_apart(version, "origin_class"):
            lines.append(
                f"  version {version.number}, origin class: {origin_class_of(options, calling)} "
                f"(A-number {calling!r} -> {normalise(calling) or 'no digits'})"
            )
    return lines


def _tells_apart(version: DeckVersion, column: str) -> bool:
    return pc.any(pc.not_equal(version.rates.column(column), ANY)).as_py() or False


def exchange_rate(fx: FxTable, pair: Pair, at_ms: int) -> tuple[Fraction | None, str]:
    """The factor from one currency to another in force at an instant, and where it is from."""
    for inverse, (one, other) in enumerate((pair, pair[::-1])):
        live = [
            (rate["valid_from_ms"], rate["published_ms"], rate["numerator"], rate["denominator"])
            for rate in fx.published.to_pylist()
            if (rate["from_currency"], rate["to_currency"]) == (one, other)
            and rate["valid_from_ms"] <= at_ms
        ]
        if live:
            since_ms, _, numerator, denominator = max(live)
            factor = Fraction(numerator, denominator)
            found = (
                f"{one} to {other} {format_factor(numerator, denominator)}, valid from "
                f"{format_instant_ms(since_ms)}"
            )
            if inverse:
                return 1 / factor, f"  exchange rate: the inverse of {found}"
            return factor, f"  exchange rate: {found}"
    return None, f"  no exchange rate from {pair[0]} to {pair[1]} at that time"
