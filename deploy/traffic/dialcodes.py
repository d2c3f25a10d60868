"""Dial codes of the world with the names the trade uses, from the metadata of `phonenumbers`.

Every country code is present. The rest of the 12,000 are dealt out in turns, one mobile (carrier)
and one city prefix per country code a turn, short prefixes first, so that no country takes all
the room. The same version of the metadata gives the same codes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module

import phonenumbers

CODES = 12_000
PREFIX_DIGITS_MAX = 7
NUMBER_DIGITS_MAX = 15
SUBSCRIBER_DIGITS_MIN = 3
NAME_LETTERS_MAX = 48
NO_REGION = "001"
# Imported when first used: they are large, and to import this package must stay cheap.
CARRIERS = "phonenumbers.carrierdata"
CITIES = "phonenumbers.geodata"
COUNTRIES = "phonenumbers.geodata.locale"

# What the metadata does not name in English.
NAMES = {"AC": "Ascension Island", "TA": "Tristan da Cunha", "XK": "Kosovo"}
SERVICES = {
    "800": "International Freephone",
    "808": "International Shared Cost",
    "870": "Inmarsat",
    "878": "Universal Personal Numbers",
    "881": "Global Mobile Satellite",
    "882": "International Networks 882",
    "883": "International Networks 883",
    "888": "Disaster Relief Networks",
    "979": "International Premium Rate",
}


class Kind(StrEnum):
    """What a code leads to."""

    FIXED = "fixed"
    CITY = "city"
    MOBILE = "mobile"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class DialCode:
    """A prefix of E.164 digits; `digits` is how long a whole number under it is."""

    prefix: str
    destination: str
    region: str
    kind: Kind
    digits: int


def seed_codes() -> list[tuple[str, str]]:
    """(prefix, destination) of every demo dial code, sorted by prefix."""
    return [(code.prefix, code.destination) for code in dial_codes()]


@cache
def dial_codes() -> tuple[DialCode, ...]:
    """Every demo dial code, sorted by prefix; made once a process."""
    bases = _bases()
    mobile = {p: n for p, n in _english(CARRIERS, "CARRIER_DATA") if p not in bases}
    places = _english(CITIES, "GEOCODE_DATA")
    city = {p: n for p, n in places if p not in bases and p not in mobile}
    turns = [*_turns(mobile, Kind.MOBILE), *_turns(city, Kind.CITY)]
    room = CODES - len(bases)
    codes = [_code(prefix, "", region, Kind.FIXED) for prefix, region in bases.items()]
    for _, prefix, kind in sorted(turns)[:room]:
        name = mobile[prefix] if kind is Kind.MOBILE else city[prefix]
        codes.append(_code(prefix, name, _region(prefix, bases), kind))
    return tuple(sorted(codes, key=lambda code: code.prefix))


def calling_code(prefix: str) -> str:
    """The country code at the start of a prefix ("49" of "4930"). KeyError where there is none."""
    for digits in (1, 2, 3):
        if int(prefix[:digits]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return prefix[:digits]
    raise KeyError(prefix)


def _bases() -> dict[str, str]:
    """prefix -> region: each country code, and the start of each country that shares one."""
    bases: dict[str, str] = {}
    for number, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        bases[str(number)] = regions[0]
        for region in regions[1:]:
            metadata = _metadata(region, number)
            lead = metadata.leading_digits or ""
            if not lead.isdecimal():
                lead = _example(metadata.fixed_line)[: 3 if number == 1 else 5]
            bases.setdefault(f"{number}{lead}", region)
    return bases


def _english(module: str, table: str) -> Iterator[tuple[str, str]]:
    """(prefix, English name) of a table: prefix -> language -> name."""
    names: dict[str, dict[str, str]] = getattr(import_module(module), table)
    for prefix, by_language in names.items():
        name = " ".join(re.split("[/,]", by_language.get("en", ""))[0].split())
        if name and len(prefix) <= PREFIX_DIGITS_MAX:
            yield prefix, name[:NAME_LETTERS_MAX].rstrip()


def _turns(prefixes: Iterable[str], kind: Kind) -> Iterator[tuple[int, str, Kind]]:
    """Number the prefixes of each country code: its shortest gets turn 0. North America's one
    code is dealt in eight, by the first digit behind it."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for prefix in prefixes:
        country = calling_code(prefix)
        groups[prefix[:2] if country == "1" else country].append(prefix)
    for group in groups.values():
        ranked = sorted(group, key=lambda prefix: (len(prefix), prefix))
        for turn, prefix in enumerate(ranked[:CODES]):
            yield turn, prefix, kind


def _region(prefix: str, bases: dict[str, str]) -> str:
    """The country of a prefix: by the longest base code, else by what a number under it is."""
    country = calling_code(prefix)
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(country)]
    for digits in range(len(prefix), len(country), -1):
        if prefix[:digits] in bases:
            return bases[prefix[:digits]]
    if len(regions) > 1:
        for pad in "025":
            national = int(prefix[len(country) :].ljust(10, pad))
            number = phonenumbers.PhoneNumber(int(country), national)
            if found := phonenumbers.region_code_for_number(number):
                return str(found)
    return str(regions[0])


def _code(prefix: str, name: str, region: str, kind: Kind) -> DialCode:
    country = calling_code(prefix)
    national_digits = _national_digits(region, int(country), kind)
    if region == NO_REGION:
        kind = Kind.SERVICE
        place = SERVICES.get(country, f"International Service {country}")
    else:
        place = NAMES.get(region) or _country(region)
    if name in ("", place):
        destination = place
        kind = kind if kind is Kind.SERVICE else Kind.FIXED
    else:
        destination = f"{place} - {'Mobile ' if kind is Kind.MOBILE else ''}{name}"
    digits = max(len(prefix) + SUBSCRIBER_DIGITS_MIN, len(country) + national_digits)
    return DialCode(prefix, destination, region, kind, min(NUMBER_DIGITS_MAX, digits))


def _country(region: str) -> str:
    """The English name; "*xx" in the metadata means: as in language xx."""
    names: dict[str, str] = import_module(COUNTRIES).LOCALE_DATA[region]
    name = names["en"]
    return names[name[1:]] if name.startswith("*") else name


@cache
def _national_digits(region: str, country: int, kind: Kind) -> int:
    """How long numbers are after the country code: as long as the country's own example."""
    metadata = _metadata(region, country)
    lines = metadata.mobile if kind is Kind.MOBILE else metadata.fixed_line
    if example := _example(lines) or _example(metadata.fixed_line):
        return len(example)
    general = metadata.general_desc
    return int(general.possible_length[-1]) if general else NUMBER_DIGITS_MAX


def _metadata(region: str, country: int) -> phonenumbers.PhoneMetadata:
    if region == NO_REGION:
        found = phonenumbers.PhoneMetadata.metadata_for_nongeo_region(country)
    else:
        found = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if found is None:
        raise LookupError(f"phonenumbers has no metadata of {region} +{country}")
    return found


def _example(lines: phonenumbers.PhoneNumberDesc | None) -> str:
    return (lines.example_number if lines else None) or ""
