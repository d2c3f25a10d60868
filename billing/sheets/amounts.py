"""Prices as integer nanos: decimal comma or point, thousands separators, currency signs and units.

Whether a comma is a decimal comma is decided from the whole column; where its cells allow both,
nothing is guessed.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from billing.money import NANOS, format_nanos
from billing.sheets.bad_cell import BadCell, Read, read_each
from billing.sheets.cells import NUMBER, Cell
from billing.sheets.change_words import closed_price
from billing.sheets.header_words import normalised

CLOSED_NANOS: Final = -1
"""what a price cell reads as that says in words that there is none"""
DECIMALS_MAX: Final = 9
_SIGNS: Final = {
    "$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₽": "RUB", "₹": "INR",
    "₺": "TRY", "zł": "PLN", "Fr.": "CHF", "EURO": "EUR", "EUROS": "EUR", "DOLLAR": "USD",
}  # fmt: skip
_CURRENCIES: Final = (
    "USD|EUR|GBP|CHF|JPY|CNY|INR|RUB|TRY|PLN|SEK|NOK|DKK|CZK|HUF|RON|BGN|UAH|AED|SAR|ILS|ZAR|NGN|"
    "KES|EGP|BRL|MXN|ARS|CLP|COP|PEN|CAD|AUD|NZD|SGD|HKD|MYR|THB|IDR|PHP|KRW|PKR|BDT|XDR"
)
_CODE: Final = re.compile(rf"(?<![A-Za-z])({_CURRENCIES})(?![A-Za-z])", re.I)
_SIGN: Final = re.compile(r"US\$|[$€£¥₽₹₺]|zł|(?<![A-Za-z])(?:euros?|Fr\.)(?![A-Za-z])", re.I)
_UNIT: Final = re.compile(
    r"\s*(?:/|per|pro|par|por|a)\s*(?:min(?:ute|uto)?s?|sec(?:ond)?s?)\.?$", re.I
)
_SECONDS: Final = re.compile(
    r"(per|pro|par|por|a) (sec|second|sekunde|seconde|segundo)\b|(usd|eur|gbp) sec(ond)?\b"
)
_NOT_SECONDS: Final = re.compile(r"\bmin(ute[ns]?|uto)?\b|bill|charg|increment|round|takt")
_WHOLE: Final = re.compile(r"\d{0,12}", re.ASCII)
_GROUPED: Final = re.compile(r"[1-9]\d{0,2}(?:([ '’.,])\d{3})(?:\1\d{3}){0,2}", re.ASCII)
_DECIMALS: Final = re.compile(r"\d{0,40}", re.ASCII)
_POINTS_ONLY: Final = re.compile(r"\d{1,3}(\.\d{3}){2,}")
_ONE_POINT: Final = re.compile(r"[1-9]\d{0,2}\.\d{3}")
"""one, or a thousand: taken for a decimal point only where nothing proves a comma"""
_GROUPED_COMMA: Final = re.compile(r"[1-9]\d{0,2}(,\d{3})+")


class PriceFormat(NamedTuple):
    """How prices are written: the layout's fields of these names."""

    decimal: str
    price_per: str
    price_in: str
    price_decimals: int


def bare(text: str) -> str:
    """A price without currency and unit."""
    text = _UNIT.sub("", text.strip())
    return _SIGN.sub("", _CODE.sub("", text)).strip()


def currency_named(text: str) -> str:
    """The currency that a header, a price or a line of text names; "" for none."""
    code = _CODE.search(text)
    if code:
        return code.group(1).upper()
    sign = _SIGN.search(text)
    if not sign:
        return ""
    found = sign.group()
    return _SIGNS.get(found) or _SIGNS.get(found.upper(), "")


def find_decimal(cells: Iterable[Cell]) -> str:
    """The decimal sign of a column's texts; "" where they do not prove one.

    Raises BadCell where some prove a point and others a comma.
    """
    proved: dict[str, str] = {}
    open_ = False
    for cell in cells:
        text = bare(cell.text)
        if cell.kind == NUMBER or not re.fullmatch(r"[+-]?[\d.,' ’]+", text):
            continue
        comma, point = text.rfind(","), text.rfind(".")
        if comma >= 0 and point >= 0:
            proved.setdefault("," if comma > point else ".", cell.text)
        elif comma >= 0:
            if _GROUPED_COMMA.fullmatch(text):
                open_ = True
                if text.count(",") > 1:
                    proved.setdefault(".", cell.text)
            else:
                proved.setdefault(",", cell.text)
        elif point >= 0 and not _ONE_POINT.fullmatch(text):
            proved.setdefault("," if _POINTS_ONLY.fullmatch(text) else ".", cell.text)
    if len(proved) > 1:
        raise BadCell(
            f"decimal points ({proved['.']}) and decimal commas ({proved[',']}) in one column",
            'correct the cells, or say in the layout decimal = "." or ","',
        )
    return next(iter(proved)) if proved else "" if open_ else "."


def price_per(texts: Iterable[str]) -> str:
    """ "second" where a header says so, and does not speak of minutes or of billing."""
    for text in texts:
        words = normalised(text)
        if _SECONDS.search(words) and not _NOT_SECONDS.search(words):
            return "second"
    return "minute"


def price_in(texts: Iterable[str]) -> str:
    """ "hundredths" where a header says cents."""
    found = " ".join(texts)
    return "hundredths" if re.search(r"\b(cents?|ct|usc|eurocents?)\b|¢", found, re.I) else "units"


def _digits(text: str, decimal: str) -> tuple[str, str, str]:
    """Sign, whole digits, decimals. Raises BadCell."""
    if decimal == "" and "," in text:
        raise BadCell(
            "is the comma a decimal comma or a thousands separator?",
            'say in the layout decimal = "," or "."',
        )
    sign = "-" if text.startswith("-") else ""
    whole, *decimals = text.lstrip("+-").strip().split(decimal or ".")
    if len(decimals) > 1:
        raise BadCell("two decimal signs", "correct the cell")
    if not _DECIMALS.fullmatch(end := decimals[0] if decimals else "") or not (whole or end):
        raise BadCell("not a price", "a number such as 0.0105, or a word such as blocked")
    if _GROUPED.fullmatch(whole):
        return sign, re.sub(r"\D", "", whole), end
    if not _WHOLE.fullmatch(whole) and any(c.isdigit() for c in whole):
        raise BadCell(
            f"not a price whose decimal sign is {decimal or '.'!r}",
            "correct the cell, or say in the layout what the decimal sign is",
        )
    if not _WHOLE.fullmatch(whole):
        raise BadCell("not a price", "a number such as 0.0105, or a word such as blocked")
    return sign, whole or "0", end


def _nanos(text: str, written: PriceFormat, decimal: str, high: int) -> int:
    nanos: int
    sign, whole, decimals = _digits(text, decimal)
    numerator = int(whole + decimals) * NANOS * (60 if written.price_per == "second" else 1)
    denominator: int = 10 ** len(decimals) * (100 if written.price_in == "hundredths" else 1)
    if written.price_decimals >= 0:
        step = 10 ** (DECIMALS_MAX - written.price_decimals)
        nanos, rest = (2 * numerator + denominator * step) // (2 * denominator * step) * step, 0
    else:
        nanos, rest = divmod(numerator, denominator)
    if rest:
        raise BadCell(
            "more than 9 decimals",
            "round it in the sheet, or say in the layout price_decimals = 6 or so",
        )
    if sign == "-" and nanos:
        raise BadCell("negative", "correct the price")
    if nanos > high:
        raise BadCell(
            f"more than {format_nanos(high)}", "is it in the right unit and decimal sign?"
        )
    return nanos


def read_prices(cells: Sequence[Cell], written: PriceFormat, high: int) -> Read:
    """Nanos a minute (or a call) of distinct cells; None where empty, CLOSED_NANOS for words."""

    def read(cell: Cell) -> int | None:
        if not cell.text or cell.text in ("-", "–", "—"):
            return None
        decimal = "." if cell.kind == NUMBER else written.decimal
        text = bare(cell.text)
        if not any(c.isdigit() for c in text) and closed_price(text):
            return CLOSED_NANOS
        return _nanos(text, written, decimal, high)

    return read_each(cells, read)
