"""Which rate prices one call, looked up the slow and obvious way, for `explain`.

Straight from the versions, code by code: nothing here shares a table with what the kernels answer
from.
"""

from typing import NamedTuple

import pyarrow.compute as pc

from billing.cdr import normalise
from billing.deck import ALWAYS_MS, FOREVER_MS, LRN, DeckVersion
from billing.explain_terms import ExplainedCall, origin_class_of, time_class_of
from billing.instants import format_instant_ms
from billing.jurisdiction import INDETERMINATE, LENT
from billing.tariff import Tariff, closing_ms
from billing.time_classes import ANY
from kernels.layout import DIGITS_MAX


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
    time_class: str
    origin_class: str
    blocked: bool


def _rows_of(version: DeckVersion, prefix: str, closes_ms: int) -> list[Found]:
    at = pc.indices_nonzero(pc.equal(version.rates.column("prefix"), prefix)).to_pylist()
    rows = [(i, *version.rates.slice(i, 1).to_pylist()[0].values()) for i in at]
    found = [Found(version, *row) for row in rows]
    return [f._replace(to_ms=min(f.to_ms, closes_ms)) for f in found]


def versions_of(tariff: Tariff, side: str, deck: str) -> list[DeckVersion]:
    """The versions of a deck, in order of publication."""
    own = (v for v in tariff.versions.values() if (v.side, v.deck) == (side, deck))
    return sorted(own, key=lambda v: v.number)


def number_lines(versions: list[DeckVersion], call: ExplainedCall) -> list[str]:
    """What number the deck's codes are matched against."""
    digits = normalise(call.called)
    lines = [f"  number {call.called!r} -> {digits or 'no digits'}"]
    if call.lrn and versions and versions[-1].options.match == LRN:
        lines.append(f"  ported: matched by its LRN {call.lrn!r} -> {normalise(call.lrn)}")
    return lines


def _matched(versions: list[DeckVersion], call: ExplainedCall) -> str:
    by_lrn = call.lrn and versions and versions[-1].options.match == LRN
    return normalise(call.lrn if by_lrn else call.called)


def _rank(row: Found, call: ExplainedCall, versions: list[DeckVersion]) -> tuple[int, ...] | None:
    """How specific a rate is for a call, None where it is not for it.

    By origin and time, by origin, then rates that are lent to calls of no known jurisdiction, by
    time, by neither. Of lent rates of one version the dearer goes first, and a blocked one before.
    """
    options = row.version.options
    if row.time_class not in (ANY, time_class_of(options, call.at_ms)):
        return None
    by_time = int(row.time_class != ANY)
    if row.origin_class == ANY:
        return (by_time,)
    own = origin_class_of(options, call, versions)
    if row.origin_class == own:
        return (4 + by_time,)
    if own != INDETERMINATE or not options.jurisdiction:
        return None
    if row.origin_class not in LENT[options.indeterminate_as]:
        return None
    prices = (int(row.blocked), row.next_rate, row.first_rate, row.connect)
    return (2 + by_time, row.version.number, *prices)


def find_rate(versions: list[DeckVersion], call: ExplainedCall) -> tuple[Found | None, list[str]]:
    """The rate of a call by a deck's versions, and what was looked at on the way."""
    digits, at_ms = _matched(versions, call), call.at_ms
    lines = []
    for length in range(min(len(digits), DIGITS_MAX), 0, -1):
        prefix = digits[:length]
        rows = [
            row
            for i, version in enumerate(versions)
            for row in _rows_of(version, prefix, closing_ms(versions, i, prefix))
        ]
        live: list[tuple[tuple[int, ...], int, Found]] = []
        for row in rows:
            state = "effective" if row.from_ms <= at_ms < row.to_ms else "not effective"
            rank = _rank(row, call, versions) if state == "effective" else None
            if rank is not None:
                state = "blocked" if row.blocked else state
                live.append((rank, len(live), row))
            elif state == "effective":
                state = "of another class"
            lines.append(
                f"  code {prefix}: {row.destination!r}, version {row.version.number}, "
                f"{_span(row.from_ms, row.to_ms)}{_classes(row)}: {state}"
            )
        if live:
            _, _, found = max(live, key=lambda each: each[:2])
            shut = f"  code {prefix} is blocked: listed and closed"
            return found, [*lines, shut] if found.blocked else lines
    return None, [*lines, "  no code with a rate at that time"]


def _classes(row: Found) -> str:
    named = (("time", row.time_class), ("origin", row.origin_class))
    return "".join(f", {kind} class {name}" for kind, name in named if name != ANY)


def _span(from_ms: int, to_ms: int) -> str:
    if to_ms <= from_ms:
        return "closed by a later version"
    start = "always" if from_ms == ALWAYS_MS else format_instant_ms(from_ms)
    end = "open end" if to_ms == FOREVER_MS else format_instant_ms(to_ms)
    return f"{start} to {end}"
