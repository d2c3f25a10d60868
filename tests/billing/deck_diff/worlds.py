"""Decks by example and at random, and what a number pays by them, found the slow way."""

from typing import Any

from hypothesis import strategies as st

from billing.deck import ALWAYS_MS, FOREVER_MS, DeckOptions, DeckVersion
from billing.deck_csv import parse_deck
from billing.deck_diff.report import Diff
from billing.instants import format_instant_ms
from billing.tariff import closing_ms
from tests.billing.decks import HEADER, deck_bytes

DAY = 86_400_000
NOW = 20_420 * DAY
"""a Friday"""
COLUMNS = HEADER + ",valid_from,valid_to,time_class,origin_class,blocked"


def row(text: str, from_ms: int, to_ms: int | None = None) -> str:
    """A row with dates."""
    return f"{text},{format_instant_ms(from_ms)},{format_instant_ms(to_ms) if to_ms else ''},,,"


def deck(number: int, *rows: str, **terms: Any) -> DeckVersion:
    """A full version of the sell deck "gold"; rows as in COLUMNS, the last ones may be absent."""
    options = DeckOptions(**terms.pop("options", {}))
    valid_from_ms = terms.pop("valid_from_ms", ALWAYS_MS)
    filled = [line + "," * (COLUMNS.count(",") - line.count(",")) for line in rows]
    parsed = parse_deck(deck_bytes(*filled, header=COLUMNS), "t.csv", valid_from_ms, options)
    assert not parsed.problems, parsed.problems
    made = DeckVersion(number, "gold", "sell", "full", valid_from_ms, 0, options, parsed.rates)
    return made._replace(**terms)


def lines(found: Diff) -> list[dict[str, Any]]:
    """The lines as mappings."""
    return list(found.lines.to_pylist())


def paid(line: list[DeckVersion], digits: str, at_ms: int) -> int | None:
    """What a number pays a minute, None if nothing prices it: a scan of every rate."""
    for n in range(len(digits), 0, -1):
        best: tuple[int, int, dict[str, Any]] | None = None
        for i, version in enumerate(line):
            for j, rate in enumerate(version.rates.to_pylist()):
                end_ms = min(rate["valid_to_ms"], closing_ms(line, i, rate["prefix"]))
                if rate["prefix"] == digits[:n] and rate["valid_from_ms"] <= at_ms < end_ms:
                    best = (i, j, rate)
        if best is not None:
            return None if best[2]["blocked"] else int(best[2]["next_rate_nanos"])
    return None


@st.composite
def worlds(draw: st.DrawFn) -> list[DeckVersion]:
    """1 to 4 versions of a deck over few codes and days, the last one new."""
    made = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        start_ms = NOW if number == 1 else NOW + draw(st.integers(-2, 3)) * DAY
        rows, seen = [], set()
        for _ in range(draw(st.integers(1, 5))):
            code = draw(st.text("012", min_size=1, max_size=3).filter(lambda c: c[:2] != "00"))
            if code in seen:
                continue
            seen.add(code)
            begin = start_ms + draw(st.integers(0, 2)) * DAY
            end = draw(st.sampled_from([FOREVER_MS, begin + DAY, begin + 2 * DAY]))
            rate = draw(st.integers(1, 3))
            text = f"{code},to {code},{rate},0,1,1"
            line = row(text, begin, None if end == FOREVER_MS else end)
            rows.append(line + ("yes" if draw(st.integers(0, 4)) == 0 else ""))
        coverage = draw(st.sampled_from(["full", "partial"]))
        made.append(deck(number, *rows, valid_from_ms=start_ms, coverage=coverage))
    return made
