"""A layout: how a partner writes its sheets. Detected, shown, corrected by a person, saved.

A column is found again by its header, and by its place where it has none. A format that is empty
is decided from the sheet's own cells each time.
"""

from typing import Final, NamedTuple

from billing.time_classes import ANY

ROLES: Final = (
    "code",
    "country_code",
    "area_code",
    "exchange",
    "code_end",
    "destination",
    "country",
    "price",
    "first_price",
    "old_price",
    "connect_fee",
    "increments",
    "minimum",
    "first_increment",
    "next_increment",
    "effective",
    "end",
    "change",
    "currency",
    "time_class",
    "origin_class",
    "ignore",
)
"""What a column can hold; docs/decks.md says what each means."""
SEVERAL: Final = ("price", "change", "ignore", "old_price")
"""roles that more than one column may have"""
DECIMALS: Final = ("", ".", ",")
DATE_ORDERS: Final = ("", "dmy", "mdy", "ymd")
DASHES: Final = ("", "range", "joint")
"""44-50: the codes 44 to 50, or the code 4450"""
CODE_PARTS: Final = ("", "whole", "area")
"""whether codes beside a country code have it in front already"""
PRICE_PER: Final = ("", "minute", "second")
PRICE_IN: Final = ("", "units", "hundredths")
END_DATES: Final = ("", "last_day", "first_day_after")
SHEET_COVERAGES: Final = ("", "full", "country", "partial")


class LayoutColumn(NamedTuple):
    """One column: where it is, and what it holds. A price may be of one class of calls only."""

    column: int
    """from 1"""
    header: str
    role: str
    time_class: str = ANY
    origin_class: str = ANY


class Layout(NamedTuple):
    """A sheet's shape and formats; an empty text: to be detected."""

    columns: tuple[LayoutColumn, ...] = ()
    sheet: str = ""
    header_row: int = -1
    """from 1; 0: there is none; -1: to be detected"""
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    dates: str = ""
    dash: str = ""
    code_part: str = ""
    code_prefix: str = ""
    """digits that every code of the sheet lacks in front"""
    price_per: str = ""
    price_in: str = ""
    price_decimals: int = -1
    """prices are rounded half up to so many decimals; -1: not rounded, refused beyond 9"""
    increments: str = ""
    """of rows that say none, such as "60/60" """
    end_dates: str = ""
    coverage: str = ""
    fill_down: bool = False
    """an empty destination, country, country code or price means that of the row above"""


def column_letter(column: int) -> str:
    """The letters of a column, from 1: A, B, ... Z, AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
