"""Which row of a sheet is its header, and what each column holds: by words, then by cells."""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from billing.deck import DeckOptions
from billing.sheets.cells import DATE, NUMBER, Column, Grid
from billing.sheets.change_words import CLOSED, ORDINARY, REMOVED, change_of
from billing.sheets.class_words import price_class_of
from billing.sheets.header_words import normalised, role_of
from billing.sheets.layout import SEVERAL, LayoutColumn, column_letter
from billing.sheets.limits import HEADER_ROWS_MAX
from billing.time_classes import ANY

HEADER_KEPT_CHARS: Final = 200
_LOOKED_AT: Final = 2_000
"""distinct cells of a column that are looked at"""
_ENOUGH: Final = 0.8
_CODES: Final = ("code", "area_code", "exchange")
_NEW: Final = re.compile(r"\b(new|neue?r?|nouveau|nuev[oa]|nuov[oa]|nov[oa]|нов\w*|future)\b")
_CURRENT: Final = re.compile(r"\b(current|actual|aktuell\w*|actuel|attuale|текущ\w*|today)\b")
_VAGUE: Final = re.compile(r"date|datum|fecha|data|дата|valid|validity|name|zone|region")
"""headers that another column of the role may say more exactly"""
_CODE_LIKE: Final = re.compile(r"\+?[\d ()]{1,20}([-,;/][\d -]{1,20})*")
_PRICE_LIKE: Final = re.compile(r"[^\d]{0,5}\d{0,4}[.,]\d{1,12}[^\d]{0,8}")
_STEP_LIKE: Final = re.compile(r"\d{1,4} ?[/+] ?\d{1,4}( ?[/+] ?\d{1,4})?")


class Doubt(NamedTuple):
    """What could not be decided about a sheet as a whole."""

    column: str
    value: str
    problem: str
    advice: str
    fatal: bool = False
    """without knowing it no row can be read"""


def columns_of(headers: Sequence[str], options: DeckOptions) -> list[LayoutColumn]:
    """The columns that the words of a header row name; role "" where they name none."""
    found = []
    for at, header in enumerate(headers):
        role, classes = role_of(header), price_class_of(header, options)
        if role in ("", "price") and header and classes != (ANY, ANY):
            role = "price"
        if role != "price":
            classes = classes._replace(time_class=ANY, origin_class=ANY)
        found.append(LayoutColumn(at + 1, header[:HEADER_KEPT_CHARS], role, *classes))
    return found


def headers_of(grid: Grid, row: int) -> list[str]:
    """The texts of a header row, from 1; where two are the same, with what stands above them.

    A cell above reaches to the next filled one, as merged cells do.
    """
    texts = grid.row(row - 1)
    above = grid.row(row - 2) if row > 1 else []
    if len([text for text in above if text]) < 2 or len(set(texts)) == len(texts):
        return texts
    reaching, found = "", []
    for text, over in zip(texts, above, strict=True):
        reaching = over or reaching
        twice = text != "" and texts.count(text) > 1
        found.append(f"{reaching} {text}".strip() if twice else text)
    return found


def find_header(grid: Grid, options: DeckOptions) -> int:
    """The row (from 1) that names a code, a price and most other roles; 0 for none."""
    best, score = 0, 0
    for at in range(min(grid.rows, HEADER_ROWS_MAX)):
        roles = [
            c.role
            for c in columns_of(headers_of(grid, at + 1), options)
            if c.role not in ("", "ignore")
        ]
        if "price" not in roles or not set(roles) & set(_CODES):
            continue
        if len(set(roles)) > score:
            best, score = at + 1, len(set(roles))
    return best


def _shares(column: Column, first: int) -> dict[str, float]:
    """How many of a column's filled distinct cells look like what."""
    places = np.unique(column.places[first:])[:_LOOKED_AT]
    cells = [cell for cell in (column.distinct[i] for i in places) if cell.text]
    if not cells:
        return {}
    fits: dict[str, list[object]] = {
        "code": [_CODE_LIKE.fullmatch(c.text) and "." not in c.text for c in cells],
        "price": [
            _PRICE_LIKE.fullmatch(c.text) or (c.kind == NUMBER and "." in c.text) for c in cells
        ],
        "increments": [_STEP_LIKE.fullmatch(c.text) for c in cells],
        "effective": [c.kind == DATE for c in cells],
        "destination": [sum(x.isalpha() for x in c.text) > 1 for c in cells],
        "change": [change_of(c.text) in (CLOSED, REMOVED, ORDINARY) for c in cells],
    }
    shares = {role: sum(1 for hit in hits if hit) / len(cells) for role, hits in fits.items()}
    return shares | {"distinct": len(cells)}


def by_cells(grid: Grid, first: int, columns: list[LayoutColumn]) -> list[LayoutColumn]:
    """The columns with roles that nobody names yet given to those whose cells look like them."""
    named = {c.role for c in columns}
    shares = [_shares(grid.columns[c.column - 1], first) for c in columns]
    wanted = [
        role
        for role in ("price", "code", "increments", "effective", "destination")
        if role not in named
        and not (role == "code" and named & set(_CODES))
        and not (role == "increments" and "first_increment" in named)
    ]
    if "price" not in wanted and "code" not in wanted:
        return columns
    found = list(columns)
    for role in wanted:
        fitting = [
            (share.get("distinct", 0), -i)
            for i, (column, share) in enumerate(zip(found, shares, strict=True))
            if column.role == "" and share.get(role, 0) >= _ENOUGH
        ]
        if fitting:
            i = -max(fitting)[1]
            found[i] = found[i]._replace(role=role)
    return found


def _one_price(same: list[LayoutColumn], currency: str) -> list[LayoutColumn]:
    """Those of several price columns of one class that may be meant."""
    tests: tuple[Callable[[LayoutColumn], bool], ...] = (
        lambda c: bool(_NEW.search(normalised(c.header))),
        lambda c: currency.lower() in normalised(c.header).split(),
        lambda c: not _CURRENT.search(normalised(c.header)),
    )
    for fits in tests:
        same = [c for c in same if fits(c)] or same
    return same


def _one_of(
    same: list[LayoutColumn], role: str, grid: Grid, first: int
) -> tuple[LayoutColumn, list[LayoutColumn]]:
    """The column of a role that looks most like it, and others that look no less like it."""
    like = "code" if role in (*_CODES, "country_code") else role
    share = {c: _shares(grid.columns[c.column - 1], first).get(like, 0) for c in same}
    best = max(
        same, key=lambda c: (not _VAGUE.fullmatch(normalised(c.header)), share[c], -c.column)
    )
    rivals = [c for c in same if c != best and role == "code" and share[c] >= _ENOUGH]
    return best, rivals


def _either(columns: list[LayoutColumn], what: str) -> Doubt:
    names = ", ".join(shown(c) for c in columns)
    advice = "say in the layout which one is; the others have role ignore"
    return Doubt(names, "", f"each could be the {what}", advice, True)


def single_roles(
    columns: list[LayoutColumn], currency: str, grid: Grid, first: int
) -> tuple[list[LayoutColumn], list[Doubt]]:
    """The columns with each role once, prices once a class; what that left undecided."""
    doubts: list[Doubt] = []
    found = list(columns)

    def drop(losers: list[LayoutColumn], role: str = "ignore") -> None:
        for loser in losers:
            found[loser.column - 1] = LayoutColumn(loser.column, loser.header, role)

    for role in sorted({c.role for c in found} - {*SEVERAL, ""}):
        same = [c for c in found if c.role == role]
        best, rivals = _one_of(same, role, grid, first)
        doubts += [_either([best, *rivals], "dial code")] if rivals else []
        drop([c for c in same if c != best])
    for classes in sorted({c[3:] for c in found if c.role == "price"}):
        same = [c for c in found if c.role == "price" and c[3:] == classes]
        kept = _one_price(same, currency)
        drop([c for c in same if c not in kept], "old_price")
        doubts += [_either(kept, "price")] if len(kept) > 1 else []
        drop(kept[1:])
    drop([c for c in found if c.role == ""])
    return found, doubts


def shown(column: LayoutColumn) -> str:
    """A column as a person knows it: its letter and header."""
    return f"{column_letter(column.column)} {column.header}".strip()
