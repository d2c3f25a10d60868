"""Random US decks with jurisdictions and LRNs, and what a call costs by the words of the rules.

The plain way: rates are rows, looked through one by one for every length of the number; nothing
here knows of combinations, tables or columns.
"""

import random
from typing import NamedTuple

from billing.cdr import Cdr
from billing.deck import DeckVersion, options_from
from billing.deck_csv import parse_deck
from billing.instants import format_instant_ms, parse_instant_ms
from tests.billing.decks import DATED, deck_bytes
from tests.kernels.naive import naive_digits

START, END = parse_instant_ms("2026-01-01"), parse_instant_ms("2026-07-01")
STATES = {"212": "NY", "718": "NY", "213": "CA", "202": "DC", "416": "ON", "876": "XJM"}
"""what the area codes of the tests belong to, as everybody knows"""
NPAS = (*STATES, "800", "999", "123")
PEAK = ("mon-fri 08:00-20:00",)


class Row(NamedTuple):
    """A rate; nanos a minute."""

    version: int
    code: str
    from_ms: int
    to_ms: int
    nanos: int
    time_class: str
    origin_class: str
    blocked: bool
    lends: str
    """the word of indeterminate_as"""


class Line(NamedTuple):
    """The versions of a deck, and the same the plain way."""

    versions: list[DeckVersion]
    rows: list[Row]
    by_lrn: bool
    states: list[tuple[int, dict[str, str]]]
    """of each version: when its first rate begins, and its states by prefix"""


def _version(draw: random.Random, number: int, side: str, match: str) -> Line:
    lends = draw.choice(["own", "highest", "interstate", "intrastate"])
    moved = {"none": ["718"], "NJ": ["212555"]} if draw.random() < 0.5 else {}
    table = {"match": match, "jurisdiction": "nanp", "indeterminate_as": lends}
    timed = draw.random() < 0.5
    options = options_from(
        {
            **table,
            **({"states": moved} if moved else {}),
            **({"time_classes": {"default": "off", "peak": list(PEAK)}} if timed else {}),
        }
    )
    rows: dict[tuple[str, str, str], Row] = {}
    for _ in range(30):
        code = "1" + draw.choice(["", *(npa + draw.choice(["", "555", "2"]) for npa in NPAS)])
        times = ["any", "peak", "off"] if timed else ["any"]
        origins = ["any", "interstate", "intrastate", "indeterminate"]
        key = (code, draw.choice(times), draw.choice(origins))
        since = draw.choice([START, START, draw.randrange(START, END)])
        until = draw.choice([2**62, 2**62, since + draw.randint(1, 60 * 86_400_000)])
        blocked = draw.random() < 0.1
        rows[key] = Row(number, code, since, until, draw.randrange(10**9), *key[1:], blocked, lends)
    lines = [
        f"{r.code},x,{r.nanos / 10**9:.9f},0,1,1,{format_instant_ms(r.from_ms)},"
        f"{'' if r.to_ms == 2**62 else format_instant_ms(r.to_ms)},{r.time_class},"
        f"{r.origin_class},{'yes' if r.blocked else ''}"
        for r in rows.values()
    ]
    data = deck_bytes(*lines, header=DATED + ",time_class,origin_class,blocked")
    parsed = parse_deck(data, "us.csv", START, options)
    assert not parsed.problems, [str(p) for p in parsed.problems]
    made = DeckVersion(number, "us", side, "partial", START, number, options, parsed.rates)
    known = STATES | {p: state for state, prefixes in moved.items() for p in prefixes}
    begun = min(r.from_ms for r in rows.values())
    return Line([made], list(rows.values()), match == "lrn", [(begun, known)])


def line(draw: random.Random, side: str, first: int, count: int) -> Line:
    """A deck of partial versions."""
    match = draw.choice(["called", "lrn"])
    made = [_version(draw, first + n, side, match) for n in range(count)]
    return Line(
        [v for own in made for v in own.versions],
        [r for own in made for r in own.rows],
        match == "lrn",
        [s for own in made for s in own.states],
    )


def state_of(states: dict[str, str], number: str) -> str:
    """The state of a number by hand, "" if it has none."""
    digits = naive_digits(number)
    if len(digits) != 11 or not digits.startswith("1") or digits[4] < "2":
        return ""
    found = states.get(digits[1:7], states.get(digits[1:4], ""))
    return "" if found == "none" else found


def jurisdiction(deck: Line, cdr: Cdr) -> str:
    """By the states of the version published last whose first rate has begun."""
    states = deck.states[0][1]
    for begun, own in deck.states:
        if begun <= cdr.answered_at:
            states = own
    one, other = state_of(states, cdr.calling), state_of(states, cdr.lrn or cdr.called)
    if not (one and other):
        return "indeterminate"
    return "intrastate" if one == other else "interstate"


def _time_class(at_ms: int) -> str:
    """UTC: 1970-01-01 was a Thursday."""
    day, hour = at_ms // 86_400_000, at_ms % 86_400_000 // 3_600_000
    return "peak" if (day + 3) % 7 < 5 and 8 <= hour < 20 else "off"


def _preferred(row: Row, kind: str, when: str) -> tuple[int, ...] | None:
    """How a row is preferred to others of its code, None where it is not for the call."""
    if row.time_class not in ("any", when):
        return None
    timed = int(row.time_class != "any")
    if row.origin_class == "any":
        return (0, timed)
    if row.origin_class == kind:
        return (2, timed)
    lent = {"highest": ("interstate", "intrastate")}.get(row.lends, (row.lends,))
    if kind == "indeterminate" and row.origin_class in lent:
        return (1, timed, row.version, int(row.blocked), row.nanos)
    return None


def row_for(deck: Line, cdr: Cdr) -> Row | None:
    """The row that counts for a call, None if none does."""
    digits = naive_digits(cdr.lrn if deck.by_lrn and cdr.lrn else cdr.called)
    kind, when = jurisdiction(deck, cdr), _time_class(cdr.answered_at)
    for length in range(len(digits), 0, -1):
        best: tuple[tuple[int, ...], int] | None = None
        for at, row in enumerate(deck.rows):
            if row.code != digits[:length] or not row.from_ms <= cdr.answered_at < row.to_ms:
                continue
            rank = _preferred(row, kind, when)
            if rank is not None and (best is None or (rank, at) > best):
                best = rank, at
        if best is not None:
            return deck.rows[best[1]]
    return None


def _number(draw: random.Random) -> str:
    npa = draw.choice(NPAS)
    nxx = draw.choice(["555", "555", "234", "155", "2"])
    number = f"1{npa}{nxx}{draw.randrange(10**4):04}"
    return draw.choice(["", "+", "00", ""]) + draw.choice([number] * 8 + [number[1:], "4930123"])


def call(draw: random.Random) -> Cdr:
    """A call between two numbers of the plan, or what stands there instead."""
    calling = draw.choice([_number(draw)] * 9 + ["", "anonymous"])
    lrn = draw.choice(["", "", _number(draw)])
    at_ms = draw.randrange(START, END)
    lasted_ms = draw.choice([0, draw.randrange(300_000)])
    parties = ("c", "v")
    return Cdr("1", "sw", "", *parties, calling, _number(draw), at_ms, lasted_ms, 200, None, lrn)
