"""Which country a dial code belongs to, as far as closing the rest of a country needs it."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import phonenumbers

FULL_COUNTRIES_MIN: Final = 120
"""a sheet with rates for so many countries is a full A-Z where nothing else is said"""
_RUSSIAN: Final = frozenset(("73", "74", "78", "79"))
_SHARED: Final = ("1", "7")
"""country codes that several countries share"""


@lru_cache(maxsize=1)
def _calling_codes() -> frozenset[str]:
    return frozenset(str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def country_prefix(code: str) -> str:
    """The country code of a dial code; in zone 1 with the area code, in zone 7 with a digit more.

    "" for a code that several countries share, such as 1 itself.
    """
    if code[:1] in _SHARED:
        width = 4 if code[0] == "1" else 2
        return code[:width] if len(code) >= width else ""
    known = _calling_codes()
    return next((code[:n] for n in (2, 3) if code[:n] in known), code[:3])


def countries_of(codes: Iterable[str]) -> tuple[str, ...]:
    """The prefixes of the countries of dial codes, in order; all of Russia's where it has one."""
    found = {country_prefix(head) for head in {code[:4] for code in codes}} - {""}
    if found & _RUSSIAN:
        found |= _RUSSIAN
    return tuple(sorted(found))
