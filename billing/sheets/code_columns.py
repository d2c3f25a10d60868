"""The dial codes of every row, out of one column or of several: country, area, exchange."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.sheets.bad_cell import BadCell, Read, read_each
from billing.sheets.code_text import codes_of, find_dash
from kernels.layout import DIGITS_MAX, I64

_NPA_NXX: Final = re.compile(r"[2-9]\d\d[2-9]\d\d\d?")
_NPA: Final = re.compile(r"[2-9]\d\d")
_MOST: Final = 0.9
_FEW: Final = 0.5


class CodeFormat(NamedTuple):
    """How codes are written: the layout's fields of these names."""

    dash: str
    code_part: str
    code_prefix: str


def _country(text: str) -> str:
    codes = codes_of(text)
    if len(codes) != 1:
        raise BadCell("several country codes in one cell", "one country code a row")
    return codes[0]


def find_code_part(pairs: Sequence[tuple[str, str]]) -> str:
    """Whether codes have the country code beside them in front: "whole", "area", "" undecided."""
    both = [
        (country.lstrip("+0"), code.lstrip("+ ").removeprefix("00"))
        for country, code in pairs
        if country and code
    ]
    if not both:
        return "area"
    share = sum(code.startswith(country) for country, code in both) / len(both)
    return "whole" if share >= _MOST else "area" if share <= _FEW else ""


def find_code_prefix(codes: Sequence[str], american: bool) -> str:
    """ "1" where all codes are American area codes without it."""
    if not american:
        return ""
    plain = [re.sub(r"[\s\-]", "", code) for code in codes if code]
    fitting = sum(bool(_NPA_NXX.fullmatch(code) or _NPA.fullmatch(code)) for code in plain)
    return "1" if plain and fitting == len(plain) else ""


def find_format(
    countries: Sequence[str], codes: Sequence[str], american: bool, told: CodeFormat
) -> CodeFormat:
    """The format of codes, as told or found out; countries is empty where no column has them."""
    return CodeFormat(
        told.dash or find_dash(codes),
        told.code_part
        or (find_code_part(list(zip(countries, codes, strict=True))) if countries else "whole"),
        told.code_prefix or ("" if countries else find_code_prefix(codes, american)),
    )


def read_codes(cells: Sequence[tuple[str, str, str]], written: CodeFormat) -> Read:
    """The codes, tuples of digits, of distinct (country code, code or area, exchange) texts."""

    def read(parts: tuple[str, str, str]) -> tuple[str, ...]:
        country, code, exchange = parts
        if not code and not country:
            raise BadCell("no code", "give the code, or delete the row")
        front = written.code_prefix
        if country:
            own = _country(country)
            if not code:
                return _whole((own,), front)
            listed = codes_of(code, written.dash)
            if written.code_part == "area":
                return _whole(listed, front + own)
            return _beside(listed, own, front, written.code_part)
        listed = codes_of(code, written.dash)
        if exchange:
            ends = codes_of(exchange, written.dash or "range")
            listed = tuple(one + end for one in listed for end in ends)
        return _whole(listed, front)

    return read_each(cells, read)


def _beside(listed: tuple[str, ...], own: str, front: str, part: str) -> tuple[str, ...]:
    lost = [code for code in listed if not code.startswith(own)]
    if lost:
        raise BadCell(
            f"{lost[0]} does not begin with the country code {own} beside it: is it lost?",
            'complete the code, or say in the layout code_part = "area" or "whole"',
        )
    if part == "":
        raise BadCell(
            f"is {listed[0]} the whole code, or does {own} belong in front?",
            'say in the layout code_part = "whole" or "area"',
        )
    return _whole(listed, front)


def _whole(codes: tuple[str, ...], front: str) -> tuple[str, ...]:
    found = tuple(front + code for code in codes) if front else codes
    for code in found:
        if code[0] == "0":
            raise BadCell(
                "a code that begins with 0", "write it with its country code, without trunk zeros"
            )
        if len(code) > DIGITS_MAX:
            raise BadCell(f"{len(code)} digits: up to {DIGITS_MAX}", "correct the code")
    return found


def laid_out(read: Read, rows: I64) -> tuple[I64, pa.Array]:
    """For each code of every row (an index into read.values each): the row, and the code."""
    counts = np.array([len(v) if v else 0 for v in read.values], np.int64)
    flat = [code for value in read.values if value for code in value]
    starts = np.cumsum(counts) - counts
    of_row = counts[rows]
    row = np.repeat(np.arange(len(rows)), of_row)
    within = np.arange(len(row)) - np.repeat(np.cumsum(of_row) - of_row, of_row)
    place = starts[rows][row] + within
    return row, pa.array(flat, pa.string()).take(pa.array(place))
