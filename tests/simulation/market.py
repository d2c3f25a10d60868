"""Accounts and decks of the simulated carrier, and what a call costs by a second opinion.

The second opinion is written from docs/rating.md and shares nothing with the code it judges:
rates are found by trying every length of the number, money is exact fractions. A market is the
state of the decks before and after one more version is published while calls run.
"""

from fractions import Fraction
from functools import cache
from math import ceil
from random import Random
from typing import NamedTuple

import pyarrow as pa

from billing.deck import ALWAYS_MS, FOREVER_MS, RATES, DeckOptions, DeckVersion
from billing.parties import Account, parties_of
from billing.tariff import Compiler, Tariff

SWITCH_MS = 1_795_428_000_000
"""When new prices begin, published before the first call arrives."""
SPACE_RATE = 999_999_999_937
"""nanos a minute; a call of days at this rate is more nanos than a float counts exactly"""
CUSTOMERS = {"acme": ("retail", "USD"), "bolt": ("gold", "EUR"), "cara": ("retail", "USD")}
VENDORS = {"telco": ("a-z", "USD"), "volt": ("grey", "EUR")}
NO_DECK = "dora"
"""a customer whose deck was never published"""
PREFIXES = ("1", "44", "49", "4930", "881")
MARKETS = 6


class Price(NamedTuple):
    """Nanos a minute and for the connection; increments in seconds."""

    rate: int
    connect: int
    first_s: int
    next_s: int


class Version(NamedTuple):
    """A deck version, as the second opinion keeps it."""

    number: int
    deck: str
    side: str
    full: bool
    from_ms: int
    prices: dict[str, Price]


class Leg(NamedTuple):
    """What one side of a call comes to."""

    version: int
    billed_s: int
    nanos: int
    currency: str


class Charge(NamedTuple):
    """What a call comes to; reason "" = rated, else suspended and without money."""

    reason: str
    sell: Leg | None
    buy: Leg | None


class Market(NamedTuple):
    """Decks in force from the start, and those after the version published while calls run."""

    versions: tuple[Version, ...]
    late: Version
    tariffs: tuple[Tariff, Tariff]


def _prices(random: Random, prefixes: tuple[str, ...]) -> dict[str, Price]:
    increments = ((1, 1), (60, 60), (30, 6), (1, 1))
    return {
        prefix: Price(
            SPACE_RATE if prefix == "881" else random.randrange(1, 90_000_000),
            random.choice((0, 0, 5_000_001)),
            *random.choice(increments),
        )
        for prefix in prefixes
    }


def _compiled(version: Version) -> DeckVersion:
    rows = [
        (code, f"to {code}", p.rate, p.rate, p.connect, p.first_s, p.next_s)
        for code, p in version.prices.items()
    ]
    terms = (version.from_ms, FOREVER_MS, "any", "any", False)
    columns = [list(c) for c in zip(*((*row, *terms) for row in rows), strict=True)]
    decks = dict((CUSTOMERS | VENDORS).values())
    return DeckVersion(
        version.number,
        version.deck,
        version.side,
        "full" if version.full else "partial",
        version.from_ms,
        version.number,
        DeckOptions(currency=decks[version.deck]),
        pa.table(columns, schema=RATES),
    )


@cache
def market(number: int) -> Market:
    """One of MARKETS; its tariffs are compiled once and shared by every run."""
    random = Random(f"market {number}")
    without_uk = ("1", "49", "4930", "881")
    lines = [
        ("retail", "sell", True, ALWAYS_MS, ("1", "44", "49", "881")),
        ("gold", "sell", True, ALWAYS_MS, PREFIXES),
        ("a-z", "buy", True, ALWAYS_MS, PREFIXES),
        ("grey", "buy", True, ALWAYS_MS, ("1", "49", "881")),
        ("retail", "sell", True, SWITCH_MS, without_uk),
        ("a-z", "buy", False, SWITCH_MS, ("49", "1")),
    ]
    versions = tuple(
        Version(i, *line[:4], _prices(random, line[4])) for i, line in enumerate(lines, 1)
    )
    since_ms = random.choice((ALWAYS_MS, SWITCH_MS - 3_600_000, SWITCH_MS + 60_000))
    late = Version(7, "retail", "sell", False, since_ms, _prices(random, ("49", "44")))
    parties = parties_of(
        [Account(name, "customer", name, deck, cur) for name, (deck, cur) in CUSTOMERS.items()]
        + [Account(name, "vendor", name, deck, cur) for name, (deck, cur) in VENDORS.items()]
        + [Account(NO_DECK, "customer", NO_DECK, "none", "USD")]
    )
    compiler = Compiler()
    before = [_compiled(v) for v in versions]
    tariffs = (
        compiler.compile(before, parties),
        compiler.compile([*before, _compiled(late)], parties),
    )
    return Market(versions, late, tariffs)


def _found(versions: list[Version], deck: str, number: str, at_ms: int) -> tuple[int, Price] | None:
    line = [v for v in versions if v.deck == deck and v.from_ms <= at_ms]
    whole = [i for i, v in enumerate(line) if v.full]
    in_force = line[whole[-1] :] if whole else line
    for length in range(len(number), 0, -1):
        for version in reversed(in_force):
            price = version.prices.get(number[:length])
            if price is not None:
                return version.number, price
    return None


def _leg(found: tuple[int, Price], duration_ms: int, currency: str) -> Leg:
    number, price = found
    if not duration_ms:
        return Leg(number, 0, 0, currency)
    seconds = ceil(Fraction(duration_ms, 1_000))
    more = max(0, seconds - price.first_s)
    billed = price.first_s + ceil(Fraction(more, price.next_s)) * price.next_s
    exact = Fraction(price.rate * billed, 60) + price.connect
    return Leg(number, billed, int(exact + Fraction(1, 2)), currency)


def _unpriced(customer: str, vendor: str, duration_ms: int) -> str:
    """Why a call cannot be priced whatever the decks say, "" if it can."""
    if customer not in CUSTOMERS and customer != NO_DECK:
        return "customer_unknown"
    if vendor and vendor not in VENDORS:
        return "vendor_unknown"
    if not vendor and duration_ms:
        return "vendor_missing"
    return "sell_deck_missing" if customer == NO_DECK else ""


def charge(
    of: Market,
    late_too: bool,
    customer: str,
    vendor: str,
    called: str,
    at_ms: int,
    duration_ms: int,
) -> Charge:
    """What the call comes to; late_too: with the version that was published while calls ran."""
    versions = [*of.versions, *([of.late] if late_too else [])]
    number = called.removeprefix("+").removeprefix("00")
    if reason := _unpriced(customer, vendor, duration_ms):
        return Charge(reason, None, None)
    deck, currency = CUSTOMERS[customer]
    sell = _found(versions, deck, number, at_ms)
    if sell is None:
        return Charge("sell_rate_missing", None, None)
    if not vendor:
        return Charge("", _leg(sell, duration_ms, currency), None)
    buy_deck, buy_currency = VENDORS[vendor]
    buy = _found(versions, buy_deck, number, at_ms)
    if buy is None:
        return Charge("buy_rate_missing", None, None)
    return Charge("", _leg(sell, duration_ms, currency), _leg(buy, duration_ms, buy_currency))
