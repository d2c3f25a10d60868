"""The dial codes that one cell lists: "44 20-24", "1 (201,202)", "+44-20; +44-21".

What can be read in two ways is refused: a code too many or too few is money.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from billing.sheets.bad_cell import BadCell
from billing.sheets.limits import CODES_PER_CELL_MAX
from kernels.layout import DIGITS_MAX

_LOST: Final = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
_WHOLE: Final = re.compile(r"(\d+)[.,]0+")
_TO: Final = re.compile(r"\s*(?:\.{2,}|…|\bto\b|\bthru\b|\bthrough\b|\bbis\b|\buntil\b)\s*", re.I)
_AND: Final = re.compile(r"\s+(?:and|und|et|y|e|и)\s+", re.I)
_DASHES: Final = str.maketrans("‐‑‒–—−", "------")
_GROUP: Final = re.compile(r"([+\d \-]*)\(([^()]*)\)")
_SEPARATORS: Final = re.compile(r"[,;/|&\n]")
_ALLOWED: Final = re.compile(r"[\d \-~+]+")
_SPLIT_ADVICE: Final = "separate codes by a comma, or write the one code without spaces"
_DASH_ADVICE: Final = 'say in the layout what a dash means: dash = "range" or "joint"'


class _Token(NamedTuple):
    """One entry of a list: its digits in front of a blank, and a code or the ends of a range."""

    head: str
    low: str
    high: str
    """"" : one code"""
    sure: bool
    """not a dash that might join two parts of one code"""
    own: bool
    """has + or 00 in front: says its country itself"""


def _token(text: str) -> _Token:
    text = text.strip()
    own = text.startswith(("+", "00"))
    text = text.lstrip("+ ")
    if own and text.startswith("00"):
        text = text[2:]
    if not text or not _ALLOWED.fullmatch(text) or "+" in text:
        raise BadCell("not a dial code", "digits, '+' or '00' in front; lists with commas")
    mark = "~" if "~" in text else "-"
    front, *rest = text.split(mark)
    if len(rest) > 1 or (mark == "~" and "-" in text):
        raise BadCell(
            "more than one dash", "write a range as 4420-4424, or one code without dashes"
        )
    words = front.split()
    if rest and not (words and rest[0].strip()):
        raise BadCell("a dash without a code on both sides", "complete the range")
    high = "".join(rest[0].split()) if rest else ""
    if not rest and len(words) > 1 and all(len(w) > 3 for w in words):
        raise BadCell("one code or several?", _SPLIT_ADVICE)
    return _Token("".join(words[:-1]), words[-1], high, mark == "~", own)


def _may_be_range(token: _Token) -> bool:
    low, high = token.low, token.high
    return len(high) <= len(low) and low[len(low) - len(high) :] < high


def _is_range(token: _Token) -> bool:
    """Whether a dash can only be a range: behind a blank, or with most digits in common."""
    same = len(token.low) == len(token.high) > 3 and token.low[:2] == token.high[:2]
    return _may_be_range(token) and bool(token.sure or token.head or same)


def _codes(token: _Token, dash: str) -> list[str]:
    if not token.high:
        return [token.head + token.low]
    may = _may_be_range(token)
    if dash == "joint" and not token.sure and not token.head:
        return [token.low + token.high]
    if may and (dash == "range" or _is_range(token)):
        keep = len(token.low) - len(token.high)
        low, high = int(token.low[keep:]), int(token.high)
        if high - low >= CODES_PER_CELL_MAX:
            raise BadCell(
                f"a range of {high - low + 1:,} codes, more than {CODES_PER_CELL_MAX:,}",
                "write it with shorter codes",
            )
        front, width = token.head + token.low[:keep], len(token.high)
        return [f"{front}{number:0{width}d}" for number in range(low, high + 1)]
    if may:
        raise BadCell(f"is that a range, or the code {token.low}{token.high}?", _DASH_ADVICE)
    if dash == "range" or token.sure:
        raise BadCell("a range that ends before it begins", "write the lower code first")
    return [token.head + token.low + token.high]


def _listed(texts: list[str], front: str, dash: str) -> list[str]:
    """Codes of a list; entries behind one such as "44 20" may leave out its "44"."""
    codes: list[str] = []
    first: _Token | None = None
    for text in texts:
        if not text.strip():
            continue
        token = _token(text)
        if front:
            token = token._replace(head=front + token.head)
        elif first is None:
            first = token
        elif not token.own and not token.head:
            token = _inherited(token, first)
        codes += _codes(token, dash)
        if len(codes) > CODES_PER_CELL_MAX:
            raise BadCell(
                f"more than {CODES_PER_CELL_MAX:,} codes", "spread them over several rows"
            )
    return codes


def _inherited(token: _Token, first: _Token) -> _Token:
    if first.head and len(token.low) == len(first.low):
        if token.low.startswith(first.head):
            raise BadCell(
                f"is {token.low} a code, or is it {first.head}{token.low}?",
                "write every code of the list in full",
            )
        return token._replace(head=first.head)
    whole = first.head + first.low
    if token.low[0] != whole[0] and len(token.low) < len(whole):
        raise BadCell(
            f"is {token.low} a code of its own, or the end of one such as {whole}?",
            "write every code of the list in full",
        )
    return token


def _entries(text: str) -> list[tuple[str, list[str]]]:
    """(digits in front of the brackets, entries) of each part of a cell."""
    parts: list[tuple[str, list[str]]] = []
    at = 0
    for group in _GROUP.finditer(text):
        before = text[at : group.start()]
        parts.append(("", _SEPARATORS.split(before)))
        front = re.sub(r"[+ \-]", "", group.group(1)).removeprefix("00")
        parts.append((front, _SEPARATORS.split(group.group(2))))
        at = group.end()
    parts.append(("", _SEPARATORS.split(text[at:])))
    return parts


def codes_of(text: str, dash: str = "") -> tuple[str, ...]:
    """The codes a cell lists, digits only, in its order, each once. Raises BadCell."""
    if text.isascii() and text.isdecimal() and not text.startswith("00"):
        return (_checked(text),)
    if _LOST.fullmatch(text):
        raise BadCell(
            "the spreadsheet has cut digits off",
            "ask for the file with this column formatted as text",
        )
    whole = _WHOLE.fullmatch(text)
    if whole and len(whole.group(1)) <= DIGITS_MAX:
        return (_checked(whole.group(1)),)
    text = _AND.sub(",", _TO.sub("~", text.translate(_DASHES).replace("(0)", "")))
    codes = [code for front, entries in _entries(text) for code in _listed(entries, front, dash)]
    if not codes:
        raise BadCell("no code", "give the code")
    return tuple(_checked(code) for code in dict.fromkeys(codes))


def _checked(code: str) -> str:
    if not 1 <= len(code) <= DIGITS_MAX:
        raise BadCell(f"{len(code)} digits: 1 to {DIGITS_MAX}", _SPLIT_ADVICE)
    return code


def find_dash(texts: Iterable[str]) -> str:
    """What a dash means in a column: "range", "joint", or "" where its cells do not prove it."""
    proved: set[str] = set()
    for text in texts:
        if text.isdecimal() or "-" not in (plain := text.translate(_DASHES)):
            continue
        for entry in _SEPARATORS.split(re.sub(r"[()]", ",", plain)):
            try:
                token = _token(_TO.sub("~", entry))
            except BadCell:
                continue
            if token.high and not token.sure:
                if _is_range(token):
                    proved.add("range" if not token.head else "")
                elif not _may_be_range(token):
                    proved.add("joint")
    proved.discard("")
    return proved.pop() if len(proved) == 1 else ""
