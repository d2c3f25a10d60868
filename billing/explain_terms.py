"""Classes and exchange rates of one call, looked up the slow and obvious way, for `explain`.

By the clock and the texts: nothing here shares a table with what the kernels answer from.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from billing.cdr import normalise
from billing.deck import DeckOptions, DeckVersion
from billing.fx import FxTable, Pair, format_factor
from billing.instants import format_instant_ms
from billing.jurisdiction import INDETERMINATE, INTERSTATE, INTRASTATE, NOWHERE
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


class ExplainedCall(NamedTuple):
    """What of a call its rate depends on."""

    called: str
    at_ms: int
    calling: str = ""
    lrn: str = ""


def states_at(versions: list[DeckVersion], at_ms: int) -> tuple[DeckVersion, dict[str, str]]:
    """The version whose states count at an instant, and its states by prefix."""
    asks = [v for v in versions if v.options.jurisdiction and v.rates.num_rows]
    begun = [v for v in asks if pc.min(v.rates.column("valid_from_ms")).as_py() <= at_ms]
    lead = begun[-1] if begun else asks[0]
    return lead, dict(lead.options.states)


def state_of(states: dict[str, str], number: str) -> str:
    """The state of a number, "" if it has none."""
    digits = normalise(number)
    if len(digits) != 11 or digits[0] != "1" or digits[4] in "01":
        return ""
    state = states.get(digits[:7]) or states.get(digits[:4], NOWHERE)
    return "" if state == NOWHERE else state


def _jurisdiction(versions: list[DeckVersion], call: ExplainedCall) -> str:
    _, states = states_at(versions, call.at_ms)
    one, other = state_of(states, call.calling), state_of(states, call.lrn or call.called)
    if not one or not other:
        return INDETERMINATE
    return INTRASTATE if one == other else INTERSTATE


def origin_class_of(options: DeckOptions, call: ExplainedCall, versions: list[DeckVersion]) -> str:
    """The origin class of a call by the options of one of a deck's versions."""
    if options.jurisdiction:
        return _jurisdiction(versions, call)
    digits = normalise(call.calling)
    if not digits:
        return MISSING
    prefixes = [pair for pair in options.origin_classes if digits.startswith(pair[0])]
    return max(prefixes, key=lambda pair: len(pair[0]))[1] if prefixes else OTHER


def class_lines(versions: list[DeckVersion], call: ExplainedCall) -> list[str]:
    """What each version that tells classes apart makes of a call."""
    lines, at_ms, calling = [], call.at_ms, call.calling
    for version in versions:
        options = version.options
        if _tells_apart(version, "time_class"):
            local = local_time(options, at_ms).strftime("%a %Y-%m-%d %H:%M:%S")
            lines.append(
                f"  version {version.number}, time class: {time_class_of(options, at_ms)} "
                f"({local} in {options.time_zone})"
            )
        if not _tells_apart(version, "origin_class"):
            continue
        own = origin_class_of(options, call, versions)
        if options.jurisdiction:
            lines.append(f"  version {version.number}, {_states_said(versions, call)}: {own}")
            continue
        lines.append(
            f"  version {version.number}, origin class: {own} "
            f"(A-number {calling!r} -> {normalise(calling) or 'no digits'})"
        )
    return lines


def _states_said(versions: list[DeckVersion], call: ExplainedCall) -> str:
    lead, states = states_at(versions, call.at_ms)
    ends = f"LRN {call.lrn!r}" if call.lrn else f"number {call.called!r}"
    return (
        f"jurisdiction by the states of version {lead.number}: "
        f"A-number {call.calling!r} in {state_of(states, call.calling) or 'none'}, {ends} in "
        f"{state_of(states, call.lrn or call.called) or 'none'}"
    )


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
