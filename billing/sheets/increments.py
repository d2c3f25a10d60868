"""Billing increments: "60/60", "1+1", "30/6/6" (minimum, first, next), or single numbers.

A charge has two: the first block and those after it. A minimum that is longer than the first
block is that first block, where the blocks after it fall on the same seconds.
"""

import re
from typing import Final, NamedTuple

from billing.sheets.bad_cell import BadCell
from billing.sheets.cells import DATE, Cell
from billing.sheets.header_words import normalised
from kernels.layout import INCREMENT_S_MAX

_LIST: Final = re.compile(
    r"(\d{1,5})\s*(?:s|sec|secs|seconds?|sek)?\.?(?:\s*[/+\-:x,;]\s*(\d{1,5})\s*(?:s|sec|secs|seconds?|sek)?\.?)?"
    r"(?:\s*[/+\-:x,;]\s*(\d{1,5})\s*(?:s|sec|secs|seconds?|sek)?\.?)?",
    re.I,
)
_WORDS: Final = {
    "per second": (1, 1), "second": (1, 1), "sec": (1, 1), "per sec": (1, 1),
    "per minute": (60, 60), "minute": (60, 60), "min": (60, 60), "full minute": (60, 60),
}  # fmt: skip
_ADVICE: Final = "write first/next in whole seconds, such as 60/60"


class Increments(NamedTuple):
    """Seconds of the first block and of those after it; next 0: the call is one block."""

    first_s: int
    next_s: int


def checked(first_s: int, next_s: int) -> Increments:
    """Increments within the limits. Raises BadCell."""
    if not 1 <= first_s <= INCREMENT_S_MAX or not 0 <= next_s <= INCREMENT_S_MAX:
        raise BadCell(
            f"the first increment is 1 to {INCREMENT_S_MAX} s, the next 0 to {INCREMENT_S_MAX} s",
            _ADVICE,
        )
    return Increments(first_s, next_s)


def with_minimum(minimum_s: int, first_s: int, next_s: int) -> Increments:
    """Increments of a call that is charged for at least minimum_s. Raises BadCell."""
    if minimum_s <= first_s:
        return checked(first_s, next_s)
    if next_s == 0 or (minimum_s - first_s) % next_s:
        raise BadCell(
            f"a minimum of {minimum_s} s does not fall on blocks of {first_s} and {next_s} s",
            _ADVICE,
        )
    return checked(minimum_s, next_s)


def read_increments(cell: Cell) -> Increments | None:
    """The increments of a cell that has both; None where it is empty. Raises BadCell."""
    if not cell.text:
        return None
    if cell.kind == DATE:
        _, month, day = (int(part) for part in cell.text[:10].split("-"))
        if day != month:
            raise BadCell(
                f"the spreadsheet has made a date of it: {day}/{month} or {month}/{day}?",
                "format the column as text and write it again",
            )
        return checked(day, month)
    words = _WORDS.get(normalised(cell.text))
    if words:
        return Increments(*words)
    found = _LIST.fullmatch(cell.text)
    if not found:
        raise BadCell("not increments", _ADVICE)
    one, two, three = (int(part) if part else None for part in found.groups())
    assert one is not None
    if two is None:
        return checked(one, one)
    return checked(one, two) if three is None else with_minimum(one, two, three)


def read_seconds(cell: Cell) -> int | None:
    """Whole seconds of a cell; None where it is empty. Raises BadCell."""
    if not cell.text:
        return None
    found = re.fullmatch(r"(\d{1,5})(?:[.,]0+)?\s*(?:s|sec|secs|seconds?|sek)?\.?", cell.text, re.I)
    if not found or int(found.group(1)) > INCREMENT_S_MAX:
        raise BadCell(f"whole seconds, 0 to {INCREMENT_S_MAX}", "correct the cell")
    return int(found.group(1))


def increments_told(text: str) -> Increments | None:
    """Increments that a line above the table tells, such as "billing increment: 60/60"."""
    if not re.search(r"increment|billing|takt|tarificac|facturation|тарификац", text, re.I):
        return None
    found = re.findall(r"(?<![\d/.])(\d{1,4})\s?[/+]\s?(\d{1,4})(?![\d/.])", text)
    if len(found) != 1:
        return None
    try:
        return checked(int(found[0][0]), int(found[0][1]))
    except BadCell:
        return None
