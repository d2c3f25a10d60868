"""What a sheet says outside its table: the letterhead, names; coverage, currency, increments."""

import re
from collections.abc import Sequence
from typing import Final

from billing.sheets.amounts import currency_named
from billing.sheets.header_words import normalised

_PARTIAL: Final = re.compile(
    r"\b(partial|updates?|amendments?|changes? only|delta|price change|rate change|teilweise|"
    r"anderungen|actualizacion|parcial|mise a jour|aggiornamento|изменени\w*)\b"
)
_COUNTRY: Final = re.compile(
    r"\bfull countr(y|ies)\b|\bby country\b|\bcountry (update|replace\w*)\b"
)
_FULL: Final = re.compile(
    r"\b(a z|az|a to z|full|complete|entire|komplett|vollstandig\w*|completa?|complet|полн\w*)\b"
)
_CURRENCY: Final = re.compile(
    r"currency|wahrung|devise|moneda|valuta|валюта|(rates|prices|preise|tarifs|precios|prezzi) "
    r"(are )?(in|en)\b"
)


def coverage_told(texts: Sequence[str]) -> str:
    """The coverage that names and letterhead tell; "" where they do not."""
    words = " . ".join(normalised(text) for text in texts)
    if _COUNTRY.search(words):
        return "country"
    if _PARTIAL.search(words):
        return "partial"
    return "full" if _FULL.search(words) else ""


def currency_told(texts: Sequence[str]) -> tuple[str, str]:
    """The currency that a line above the table tells, and the line; ("", "") for none."""
    for text in texts:
        if _CURRENCY.search(normalised(text)) and (named := currency_named(text)):
            return named, text
    return "", ""
