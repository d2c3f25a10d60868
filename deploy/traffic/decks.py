"""Rate decks for the demo: what four vendors ask, and three price lists made from that.

Rates are whole micro-units of USD per minute until they become text, so the text is exact. What
holds: each sell rate is above the median buy rate of its destination; except for the named few
destinations that one vendor has made dearer than every wholesale price list (LOSS_*).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from deploy.traffic.dialcodes import NO_REGION, DialCode, Kind, calling_code, dial_codes
from deploy.traffic.parties import CURRENCY, VENDORS

Micros = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MICRO = 1_000_000
# Regions in order of how much the world calls them; fixed lines there are cheap.
BIG_TEXT = (
    "US IN GB DE MX CN FR CA IT ES BR PH PK TR PL NL AU JP KR RU NG BD SA AE EG ZA ID VN TH MY "
    "CO AR UA RO BE SE CH AT PT GR IL SG HK CL PE VE CZ HU DK NO FI IE NZ"
)
BIG = tuple(BIG_TEXT.split())
DEAR_TEXT = (
    "AC SH TA FK KI NR NU TK TV VU WF SB TO FM MH PW PG CK NF IO GL MV SC ST KM MG CU SO KP GW "
    "DJ ER LR WS AQ EH TL CF TD PM NC PF"
)
DEAR = frozenset(DEAR_TEXT.split())
MINUTE_BILLED = frozenset({"MX", "GM", "SR", "TO", "WS", "VU"})  # 60/60
SIX_SECONDS_BILLED = frozenset({"US"})  # 6/6
# USD per minute, lowest and highest.
FIXED_BIG = (0.002, 0.02)
FIXED_OTHER = (0.02, 0.15)
MOBILE_BIG = (0.01, 0.06)
MOBILE_OTHER = (0.04, 0.30)
REMOTE = (0.2, 1.5)

MARGINS = {"gold": 1.28, "silver": 1.20, "retail": 1.60}
SELL_STEP = 10  # sell rates have five decimals
VENDOR_SPREAD = 0.03
CITY_MISSING_SHARE = 0.08
COUNTRY_MISSING_SHARE = 0.15  # of the country codes outside BIG, each missed by one vendor
LOSS_VENDOR = 1
LOSS_DESTINATIONS = 12
LOSS_REGIONS, LOSS_CODES_MIN = 15, 5  # where they are: in how many of BIG, at how many codes
LOSS_FACTOR = 1.5
REMOTE_CONNECT = 10_000  # micro-units a call to a satellite or service network
RETAIL_CONNECT = 5_000


@dataclass(frozen=True, slots=True)
class SeedDeck:
    """One deck as a spreadsheet would bring it; `rows` hold text in the columns of COLUMNS."""

    name: str
    side: Literal["sell", "buy"]
    currency: str
    rows: list[dict[str, str]]


def seed_decks(seed: int = 1) -> list[SeedDeck]:
    """Four buy decks, one a vendor, then the three sell decks. USD; increments in seconds."""
    codes = dial_codes()
    rng = np.random.default_rng([seed, 1])
    firsts = {code.destination: code for code in reversed(codes)}
    destinations = [firsts[name] for name in sorted(firsts)]
    size = Counter(code.destination for code in codes)
    losses = [i for i, d in enumerate(destinations) if _much_called(d, size[d.destination])]
    buys = _buy_rates(rng, destinations, rng.choice(losses, LOSS_DESTINATIONS, replace=False))
    typical = np.median(np.stack(buys), axis=0)
    covered = _coverage(rng, codes)
    decks = []
    for vendor, rates, covers in zip(VENDORS, buys, covered, strict=True):
        kept = [code for code, has in zip(codes, covers, strict=True) if has]
        decks.append(_deck(vendor.account, "buy", kept, destinations, rates))
    for name, margin in MARGINS.items():
        rates = np.ceil(typical * margin / SELL_STEP).astype(np.int64) * SELL_STEP
        decks.append(_deck(name, "sell", codes, destinations, rates))
    return decks


def _much_called(destination: DialCode, codes: int) -> bool:
    return destination.region in BIG[:LOSS_REGIONS] and codes >= LOSS_CODES_MIN


def _buy_rates(
    rng: np.random.Generator, destinations: list[DialCode], losses: Micros
) -> list[Micros]:
    """Per vendor the rate of each destination: the market's, near the vendor's level."""
    base = _base_costs(rng, destinations)
    rates = []
    for i, vendor in enumerate(VENDORS):
        own = 1 + VENDOR_SPREAD * rng.standard_normal(len(base)).clip(-2, 2)
        factor = vendor.level * own
        if i == LOSS_VENDOR:
            factor[losses] = LOSS_FACTOR * vendor.level
        rates.append(np.rint(base * factor * MICRO).astype(np.int64))
    return rates


def _base_costs(rng: np.random.Generator, destinations: list[DialCode]) -> Floats:
    """Market cost, USD per minute: one fixed-line level a country, cities near it, mobiles own."""
    regions = sorted({d.region for d in destinations})
    fixed = {region: _between(rng, *_fixed_range(region)) for region in regions}
    costs = np.empty(len(destinations))
    for i, destination in enumerate(destinations):
        region = destination.region
        if destination.kind is Kind.MOBILE:
            low, high = _mobile_range(region)
            costs[i] = _between(rng, min(max(low, fixed[region]), high), high)
        elif destination.kind is Kind.CITY:
            low, high = _fixed_range(region)
            costs[i] = min(high, max(low, fixed[region] * rng.uniform(0.9, 1.1)))
        elif destination.kind is Kind.SERVICE:
            costs[i] = _between(rng, *REMOTE)
        else:
            costs[i] = fixed[region]
    return costs


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _fixed_range(region: str) -> tuple[float, float]:
    if region in DEAR or region == NO_REGION:
        return REMOTE
    return FIXED_BIG if region in BIG else FIXED_OTHER


def _mobile_range(region: str) -> tuple[float, float]:
    if region in DEAR:
        return REMOTE
    return MOBILE_BIG if region in BIG else MOBILE_OTHER


def _coverage(rng: np.random.Generator, codes: tuple[DialCode, ...]) -> npt.NDArray[np.bool_]:
    """[vendor, code]: some cities are missing (the country rate applies), some whole countries."""
    covered = np.ones((len(VENDORS), len(codes)), dtype=bool)
    city = np.array([code.kind is Kind.CITY for code in codes])
    covered[city & (rng.random(covered.shape) < CITY_MISSING_SHARE)] = False
    big = {calling_code(code.prefix) for code in codes if code.region in BIG}
    small = sorted({calling_code(code.prefix) for code in codes} - big)
    missed_by = rng.integers(len(VENDORS), size=len(small))
    missed_by[rng.random(len(small)) >= COUNTRY_MISSING_SHARE] = -1
    vendor_of = dict(zip(small, missed_by.tolist(), strict=True))
    country = np.array([vendor_of.get(calling_code(code.prefix), -1) for code in codes])
    for vendor in range(len(VENDORS)):
        covered[vendor, country == vendor] = False
    return covered


def _deck(
    name: str,
    side: Literal["sell", "buy"],
    codes: list[DialCode] | tuple[DialCode, ...],
    destinations: list[DialCode],
    rates: Micros,
) -> SeedDeck:
    position = {d.destination: i for i, d in enumerate(destinations)}
    retail = name == "retail"
    rows = []
    for code in codes:
        first, following = (60, 60) if retail else _increments(code.region)
        connect = RETAIL_CONNECT if retail else 0
        if code.kind is Kind.SERVICE:
            connect = REMOTE_CONNECT
        rows.append(
            {
                "prefix": code.prefix,
                "destination": code.destination,
                "rate_per_min": _decimal(int(rates[position[code.destination]])),
                "connect_fee": _decimal(connect),
                "first_increment": str(first),
                "next_increment": str(following),
            }
        )
    return SeedDeck(name, side, CURRENCY, rows)


def _increments(region: str) -> tuple[int, int]:
    if region in MINUTE_BILLED:
        return 60, 60
    return (6, 6) if region in SIX_SECONDS_BILLED else (1, 1)


def _decimal(micros: int) -> str:
    """Whole micro-units as exact decimal text: 12500 -> "0.012500"."""
    return f"{micros // MICRO}.{micros % MICRO:06d}"
