"""Random decks with time and origin classes, several versions each, and calls against them.

Each version is made twice: as the operator's texts, which go through the real import, and as the
plain rows of tests/kernels/naive.py, which are closed here by the words of docs/rating.md.
"""

import random
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa

from billing.cdr import Cdr
from billing.deck import DeckVersion, parse_options
from billing.deck_csv import parse_deck
from billing.fx import FX
from billing.instants import format_instant_ms, parse_instant_ms
from tests.billing.decks import DATED, deck_bytes
from tests.kernels.naive import NANOS, FxRow, Price, RateRow, Rule, Span, Terms

ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"),
    "America/St_Johns",
)
WEEKS = (
    ("peak", "mon-fri 08:00-20:00", ("mon tue wed thu fri", "08:00", "20:00")),
    ("weekend", "sat-sun 00:00-24:00", ("sat sun", "00:00", "24:00")),
    ("night", "mon,tue,thu 23:30-05:15", ("mon tue thu", "23:30", "05:15")),
    ("night", "sat-mon 22:00-06:00", ("sat sun mon", "22:00", "06:00")),
    ("lunch", "sun,wed 12:00-13:01", ("sun wed", "12:00", "13:01")),
)
CLASHING = ({0, 4}, {1, 3}, {1, 4}, {2, 3})
START, END = parse_instant_ms("2026-01-01"), parse_instant_ms("2027-01-01")
CURRENCIES = ("EUR", "GBP", "USD")
CLOCKS = ("00:00", "05:15", "06:00", "08:00", "12:00", "13:01", "20:00", "22:00", "23:30")


class Made(NamedTuple):
    """A version, and its rows the plain way."""

    version: DeckVersion
    rows: list[RateRow]


def _terms(draw: random.Random) -> tuple[Terms, str]:
    """Classes, and the same as TOML."""
    spans = [i for i in range(len(WEEKS)) if draw.random() < 0.6]
    while any(pair <= set(spans) for pair in CLASHING):
        spans.pop(draw.randrange(len(spans)))
    days = {str(date(2026, 1, 1) + timedelta(days=draw.randrange(365))) for _ in range(6)}
    holidays = tuple((day, draw.choice(["weekend", "feast"])) for day in sorted(days))
    origins = {
        "4" + "".join(draw.choices("049", k=draw.randint(0, 3))): draw.choice(["EEA", "UK"])
        for _ in range(draw.randint(1, 6))
    }
    zone = draw.choice(ZONES)
    lines = [f'time_zone = "{zone}"', "[time_classes]", 'default = "off"']
    for name in dict.fromkeys(WEEKS[i][0] for i in spans):
        texts = [f'"{WEEKS[i][1]}"' for i in spans if WEEKS[i][0] == name]
        lines.append(f"{name} = [{', '.join(texts)}]")
    lines.append("[time_classes.holidays]")
    for name in ("weekend", "feast"):
        lines.append(f"{name} = [{', '.join(day for day, n in holidays if n == name)}]")
    lines.append("[origin_classes]")
    for name in dict.fromkeys(origins.values()):
        prefixes = [f'"{p}"' for p, n in origins.items() if n == name]
        lines.append(f"{name} = [{', '.join(prefixes)}]")
    plain = tuple(Span(WEEKS[i][0], *WEEKS[i][2]) for i in spans)
    return Terms(zone, "off", plain, holidays, tuple(origins.items())), "\n".join(lines)


def _version(draw: random.Random, number: int, side: str, codes: list[str]) -> Made:
    terms, text = _terms(draw)
    times = ["any", "any", "off", *{s.name for s in terms.spans}, *(n for _, n in terms.holidays)]
    origins = ["any", "any", "missing", "other", *(n for _, n in terms.origins)]
    since = draw.choice([START, draw.randrange(START, END) // 1_000 * 1_000])
    rule = Rule(round_mode=draw.choice(["up", "half_even"]), round_decimals=draw.choice([2, 6, 9]))
    rows: dict[tuple[str, str, str], RateRow] = {}
    for _ in range(40):
        key = (draw.choice(codes), draw.choice(times), draw.choice(origins))
        start = draw.choice([since, since, draw.randrange(START, END)])
        end = draw.choice([2**62, 2**62, start + draw.randint(1, 90 * 86_400_000)])
        nanos = draw.randrange(NANOS)
        price = Price(nanos, nanos, draw.choice([0, 10**7]), 1, 1)
        blocked = draw.random() < 0.1
        rows[key] = RateRow(key[0], start, end, price, rule, *key[1:], terms, blocked)
    text = f'round = ["{rule.round_mode}", {rule.round_decimals}]\ncurrency = "USD"\n' + text
    options = parse_options(text, "o.toml")
    lines = [
        f"{r.code},x,{Fraction(r.price.next_rate, NANOS).__float__():.9f},"
        f"{r.price.connect / NANOS:.9f},1,1,{format_instant_ms(r.from_ms)},"
        f"{'' if r.to_ms == 2**62 else format_instant_ms(r.to_ms)},{r.time_class},{r.origin_class},"
        f"{draw.choice(['yes', '1', 'True']) if r.blocked else draw.choice(['', 'no', '0'])}"
        for r in rows.values()
    ]
    data = deck_bytes(*lines, header=DATED + ",time_class,origin_class,blocked")
    parsed = parse_deck(data, "t.csv", since, options)
    assert not parsed.problems, [str(p) for p in parsed.problems]
    coverage = draw.choice(["full", "partial", "partial"])
    made = DeckVersion(number, "deck", side, coverage, since, 0, options, parsed.rates)
    return Made(made, list(rows.values()))


def versions(draw: random.Random, side: str, first: int, count: int) -> list[Made]:
    """The versions of a deck, numbered from `first`."""
    codes = ["44", *("44" + "".join(draw.choices("01", k=draw.randint(1, 3))) for _ in range(6))]
    return [_version(draw, first + n, side, codes) for n in range(count)]


def closed(line: list[Made]) -> list[RateRow]:
    """All rows of a deck in the order of publication, ended by later full versions."""
    found = []
    for at, made in enumerate(line):
        for row in made.rows:
            ends = [row.to_ms]
            for later in line[at + 1 :]:
                if later.version.coverage == "full":
                    listed = [r.from_ms for r in later.rows if r.code == row.code]
                    ends.append(max([later.version.valid_from_ms, *([min(listed)] * bool(listed))]))
            found.append(row._replace(to_ms=min(ends)))
    return found


def exchange_rates(draw: random.Random) -> tuple[list[FxRow], pa.Table]:
    """Rates of some pairs in both directions, the plain way and as billing has them."""
    plain, rows = [], []
    for published in range(40):
        one, other = draw.sample(CURRENCIES, 2)
        factor = Fraction(draw.randint(1, 10**6), 10 ** draw.randint(0, 6))
        since = draw.choice([START, START + draw.randrange(20) * 10**9])
        plain.append(FxRow(one, other, factor, since))
        rows.append((one, other, factor.numerator, factor.denominator, since, published))
    shuffled = draw.sample(rows, len(rows))
    return plain, pa.Table.from_pylist([dict(zip(FX.names, r, strict=True)) for r in shuffled], FX)


def _instant(draw: random.Random) -> int:
    """Any instant of the year, often the very millisecond of an edge on some clock."""
    if draw.random() < 0.3:
        return draw.randrange(START, END)
    if draw.random() < 0.3:
        return START + draw.randrange(20) * 10**9 - draw.randrange(2)
    day = date(2026, 1, 2) + timedelta(days=draw.randrange(363))
    if draw.random() < 0.3:
        day = draw.choice([date(2026, 3, 8), date(2026, 3, 29), date(2026, 10, 25)])
    clock = time.fromisoformat(draw.choice(CLOCKS))
    local = datetime.combine(day, clock, ZoneInfo(draw.choice(ZONES)))
    return int(local.timestamp()) * 1_000 - draw.randrange(2)


def call(draw: random.Random, customers: list[str], vendors: list[str]) -> Cdr:
    """A call to one of the codes, or beyond them."""
    called = "44" + "".join(draw.choices("012", k=draw.randint(0, 5)))
    calling = draw.choice(["", "anonymous", "+", "33123", "4"])
    if draw.random() < 0.7:
        calling = draw.choice(["", "+", "00"]) + "4" + "".join(draw.choices("049", k=4))
    lasted_ms = draw.choice([0, draw.randrange(300_000)])
    parties = (draw.choice(customers), draw.choice(vendors))
    return Cdr("1", "sw", "", *parties, calling, called, _instant(draw), lasted_ms, 200, None)
