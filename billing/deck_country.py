"""A country's whole list as a partial version: what it does not list is closed in so many rows.

A full version closes by itself what it does not list; a partial one touches only what it lists.
So of each code the deck has in the listed countries, and the list has not, a row says what holds:
the rates of the longest listed code that begins it, or that it is blocked. The same goes for
classes that a listed code no longer has.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from billing.deck import FOREVER_MS, RATES
from billing.time_classes import ANY

PREFIXES_MAX: Final = 2_000
Class = tuple[str, str]
"""time class, origin class"""
Rate = dict[str, Any]


def closing_rows(
    now: pa.Table, listed: pa.Table, prefixes: Sequence[str], from_ms: int
) -> pa.Table:
    """Rows (RATES) to put behind the listed ones so that nothing else is left in the countries.

    now: the deck's rates from the version's date on; prefixes: how the countries' codes begin.
    """
    assert len(prefixes) <= PREFIXES_MAX, "prefixes of countries"
    new: dict[str, dict[Class, list[Rate]]] = {}
    for rate in listed.to_pylist():
        of = rate["time_class"], rate["origin_class"]
        new.setdefault(rate["prefix"], {}).setdefault(of, []).append(rate)
    rows: list[Rate] = []
    for code, destination, of in _held(now, prefixes):
        own = new.get(code, {})
        if of in own:
            continue
        heir = next((code[:n] for n in range(len(code), 0, -1) if code[:n] in new), None)
        found = _fallback(new[heir], of) if heir is not None else None
        named = {"prefix": code, "time_class": of[0], "origin_class": of[1]}
        if found is None:
            rows.append({**_blocked(destination, from_ms), **named})
        elif heir != code or of != (ANY, ANY):
            rows += [{**rate, **named} for rate in found]
    return pa.Table.from_pylist(rows, schema=RATES)


def _held(now: pa.Table, prefixes: Iterable[str]) -> list[tuple[str, str, Class]]:
    """Code, destination and classes of the deck's rates in the countries, each once."""
    inside = pa.array([False] * now.num_rows, pa.bool_())
    for prefix in prefixes:
        inside = pc.or_(inside, pc.starts_with(now.column("prefix"), prefix))
    columns = ("prefix", "destination", "time_class", "origin_class")
    found = {
        (code, (time, origin)): destination
        for code, destination, time, origin in zip(
            *(now.filter(inside).column(name).to_pylist() for name in columns), strict=True
        )
    }
    return [(code, destination, of) for (code, of), destination in found.items()]


def _fallback(rates: dict[Class, list[Rate]], of: Class) -> list[Rate] | None:
    """What a listed code charges in classes: its own row of them, of the origin, the time, any."""
    time, origin = of
    order = ((time, origin), (ANY, origin), (time, ANY), (ANY, ANY))
    return next((rates[own] for own in order if own in rates), None)


def _blocked(destination: str, from_ms: int) -> Rate:
    return {
        **dict.fromkeys(("first_rate_nanos", "next_rate_nanos", "connect_nanos"), 0),
        "destination": destination,
        "first_increment_s": 1,
        "next_increment_s": 1,
        "valid_from_ms": from_ms,
        "valid_to_ms": FOREVER_MS,
        "blocked": True,
    }
