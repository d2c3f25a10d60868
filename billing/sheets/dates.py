"""Dates as people write them. Whether 03/04 is in March or April is decided from the whole column.

Where its cells allow both, nothing is guessed: a month too early is money.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from billing.deck import FOREVER_MS
from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN, parse_instant_ms
from billing.sheets.bad_cell import BadCell, Read, read_each
from billing.sheets.cells import DATE, NUMBER, Cell
from billing.sheets.header_words import normalised

_NUMERIC: Final = re.compile(r"(\d{1,2})\s*([/.\-])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})")
_COMPACT: Final = re.compile(r"(20\d\d)(\d\d)(\d\d)")
_DAY_NAME: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.)?[\s\-/.]*([^\W\d_]{3,12})\.?[\s\-/.,]*(\d{4}|\d{2})"
)
_NAME_DAY: Final = re.compile(
    r"([^\W\d_]{3,12})\.?[\s\-/.]*(\d{1,2})(?:st|nd|rd|th)?[\s\-/.,]+(\d{4}|\d{2})"
)
_CLOCK: Final = re.compile(
    r"[\sT]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,6})?)?\s*(am|pm)?\s*(utc|gmt|z|[a-z]{3,4})?$", re.I
)
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?")
_NOW: Final = re.compile(
    r"immediate|asap|^now$|at once|sofort|ab sofort|inmediat|immediat|imediat|subito|natychmiast|"
    r"hemen|немедленно|сразу|立即|^effective$|^current$|in force"
)
_MONTHS: Final = (
    "jan ene gen sty oca янв", "feb fev fév lut şub sub фев", "mar mär mrz maa мар",
    "apr abr avr kwi nis апр", "may mai mei mag maj мая май", "jun jui_n giu cze haz июн",
    "jul jui_l lug lip tem июл", "aug aou aoû ago sie ağu авг", "sep set wrz eyl сен",
    "oct okt out ott paź paz eki окт", "nov lis kas ноя", "dec dez dic déc gru ara дек",
)  # fmt: skip
_MONTH: Final = {word: i + 1 for i, words in enumerate(_MONTHS) for word in words.split()}
_EPOCH: Final = date(1899, 12, 30)
_SERIALS: Final = range(36_526, 73_051)
"""day numbers of the years 2000 to 2099 in a workbook"""
_ADVICE: Final = 'write it as 2026-12-31, or say in the layout dates = "dmy", "mdy" or "ymd"'


_SHORT_YEARS: Final = range(2015, 2060)
"""that two digits may mean"""


class Moment(NamedTuple):
    """A local day and second; or, with an offset of its own, milliseconds."""

    day: date
    second: int
    dated: bool
    """it has no time of day"""
    ms: int = 0
    """if not 0, what it is exactly"""


def says_now(text: str) -> bool:
    """Whether words mean "as soon as the sheet holds"."""
    return bool(_NOW.search(normalised(text)))


def find_order(cells: Iterable[Cell]) -> str:
    """ "dmy", "mdy", or "" where no cell proves one; "ymd" where none needs it.

    Raises BadCell where some prove one and others the other, or where real dates stand beside
    texts, some of which a spreadsheet may have turned around.
    """
    proved: dict[str, str] = {}
    open_ = dated = ""
    for cell in cells:
        if cell.kind == DATE:
            dated = cell.text
            continue
        found = _NUMERIC.match(cell.text)
        if not found:
            continue
        one, mark, two = int(found.group(1)), found.group(2), int(found.group(3))
        if one > 12 or mark == ".":
            proved.setdefault("dmy", cell.text)
        elif two > 12:
            proved.setdefault("mdy", cell.text)
        elif one != two:
            open_ = cell.text
    if len(proved) > 1:
        raise BadCell(
            f"both day first ({proved['dmy']}) and month first ({proved['mdy']}) in one column",
            _ADVICE,
        )
    if dated and (proved or open_):
        raise BadCell(
            f"real dates ({dated}) beside texts ({next(iter(proved.values()), open_)}): the "
            "spreadsheet may have taken days for months in the real ones",
            'compare with the partner, then say in the layout dates = "dmy" or "mdy"',
        )
    return next(iter(proved)) if proved else "" if open_ else "ymd"


def _year(text: str) -> int:
    year = int(text) if len(text) == 4 else 2000 + int(text)
    if len(text) == 2 and year not in _SHORT_YEARS:
        raise BadCell(f"is '{text} the year?", _ADVICE)
    return year


def _month(word: str) -> int:
    word = word.lower()
    if word.startswith(("juin", "juil")):
        return 6 if word.startswith("juin") else 7
    found = _MONTH.get(word[:3])
    if found is None:
        raise BadCell("not a date", _ADVICE)
    return found


def _parts(text: str, order: str) -> tuple[int, int, int]:
    """Year, month, day. Raises BadCell."""
    if found := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
        return int(found.group(1)), int(found.group(2)), int(found.group(3))
    if found := _NUMERIC.fullmatch(text):
        one, two = int(found.group(1)), int(found.group(3))
        if order not in ("dmy", "mdy") and one != two:
            raise BadCell("is that the day or the month first?", _ADVICE)
        return (
            (_year(found.group(4)), two, one)
            if order == "dmy"
            else (_year(found.group(4)), one, two)
        )
    if found := _DAY_NAME.fullmatch(text):
        return _year(found.group(3)), _month(found.group(2)), int(found.group(1))
    if found := _NAME_DAY.fullmatch(text):
        return _year(found.group(3)), _month(found.group(1)), int(found.group(2))
    raise BadCell("not a date", _ADVICE)


def _clock(text: str, zone: ZoneInfo) -> tuple[str, int, bool]:
    """A text without its time of day, the second of the day, whether it had one."""
    found = _CLOCK.search(text)
    if not found:
        return text, 0, False
    hour, minute, second = int(found.group(1)), int(found.group(2)), int(found.group(3) or 0)
    half, named = (found.group(4) or "").lower(), (found.group(5) or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 24 or minute > 59 or second > 59:
        raise BadCell("not a time of day", _ADVICE)
    if named and not (named in ("utc", "gmt", "z") and zone.key in ("UTC", "Etc/UTC", "GMT")):
        raise BadCell(
            f"names a time zone ({named.upper()}) other than --zone {zone.key}",
            "read the sheet with that zone, or take it out of the cells",
        )
    return text[: found.start()].strip(), hour * 3_600 + minute * 60 + second, True


def read_moment(cell: Cell, order: str, zone: ZoneInfo) -> Moment | None:
    """The moment of a cell; None where it is empty or says "immediately". Raises BadCell."""
    text = " ".join(cell.text.split())
    if not text or text in ("-", "–", "—") or says_now(text):
        return None
    if _ISO.fullmatch(text) and "T" in text:
        try:
            return Moment(date(1970, 1, 1), 0, False, parse_instant_ms(text, zone))
        except ValueError as error:
            raise BadCell(str(error), _ADVICE) from None
    if cell.kind == NUMBER and text.isdecimal() and int(text) in _SERIALS:
        return Moment(_EPOCH + timedelta(days=int(text)), 0, True)
    text, second, clocked = _clock(text, zone)
    try:
        day = date(*_parts(text, order))
    except ValueError:
        raise BadCell("no such day", _ADVICE) from None
    return Moment(day, second, not clocked or (cell.kind == DATE and second == 0))


def moment_ms(moment: Moment, zone: ZoneInfo, days_later: int = 0) -> int:
    """Milliseconds of a moment in a zone. Raises BadCell outside the years 2000 to 2099."""
    if moment.ms:
        return moment.ms
    local = datetime.combine(moment.day, datetime.min.time(), zone)
    local += timedelta(days=days_later, seconds=moment.second)
    ms = int(local.timestamp()) * 1_000
    if not INSTANT_MS_MIN <= ms < INSTANT_MS_MAX:
        raise BadCell("outside the years 2000 to 2099", "correct the date")
    return ms


def end_ms(moment: Moment, zone: ZoneInfo, last_day: bool) -> int:
    """When a rate with this end is over; FOREVER_MS for an end such as 31/12/9999."""
    if not moment.ms and moment.day.year >= 2099:
        return FOREVER_MS
    return moment_ms(moment, zone, int(last_day and moment.dated))


def read_moments(cells: Sequence[Cell], order: str, zone: ZoneInfo) -> Read:
    """The moments of distinct cells."""
    return read_each(cells, lambda cell: read_moment(cell, order, zone))
