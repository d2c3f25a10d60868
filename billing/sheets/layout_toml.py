"""A layout as TOML, so that it can be corrected by hand and saved per partner and side."""

import json
import tomllib
from typing import Any, Final

from billing.errors import OptionsRefused
from billing.sheets.layout import (
    CODE_PARTS,
    DASHES,
    DATE_ORDERS,
    DECIMALS,
    END_DATES,
    PRICE_IN,
    PRICE_PER,
    ROLES,
    SEVERAL,
    SHEET_COVERAGES,
    Layout,
    LayoutColumn,
)
from billing.sheets.limits import COLUMNS_MAX, ROWS_MAX
from billing.time_classes import ANY

TEXT_MAX: Final = 256
_WORDS: Final = {
    "decimal": DECIMALS,
    "dates": DATE_ORDERS,
    "dash": DASHES,
    "code_part": CODE_PARTS,
    "price_per": PRICE_PER,
    "price_in": PRICE_IN,
    "end_dates": END_DATES,
    "coverage": SHEET_COVERAGES,
}
_NUMBERS: Final = {"header_row": (-1, ROWS_MAX), "price_decimals": (-1, 9)}
_COLUMN_KEYS: Final = LayoutColumn._fields


def _field(key: str, value: Any) -> Any:
    """One checked field of the top level. Raises ValueError."""
    if key in _WORDS:
        if value not in _WORDS[key]:
            allowed = ", ".join(repr(word) for word in _WORDS[key])
            raise ValueError(f"{key}={value!r}: one of {allowed}")
    elif key in _NUMBERS:
        low, high = _NUMBERS[key]
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{key}={value!r}: a whole number, {low} to {high}")
    elif key == "fill_down":
        if type(value) is not bool:
            raise ValueError(f"{key}={value!r}: true or false")
    elif not isinstance(value, str) or len(value) > TEXT_MAX:
        raise ValueError(f"{key}={value!r}: a text of up to {TEXT_MAX} characters")
    if key == "code_prefix" and not (value == "" or (value.isascii() and value.isdecimal())):
        raise ValueError(f"{key}={value!r}: digits")
    if key == "delimiter" and len(value) > 1:
        raise ValueError(f"{key}={value!r}: one character")
    return value


def _column(table: Any) -> LayoutColumn:
    if not isinstance(table, dict):
        raise ValueError(f"columns={table!r}: expected a table")
    for key in table:
        if key not in _COLUMN_KEYS:
            raise ValueError(f"columns: unknown key {key}: one of {', '.join(_COLUMN_KEYS)}")
    number, role = table.get("column", 0), table.get("role")
    if type(number) is not int or not 1 <= number <= COLUMNS_MAX:
        raise ValueError(f"columns.column={number!r}: a whole number, 1 to {COLUMNS_MAX}")
    if role not in ROLES:
        raise ValueError(f"columns.role={role!r}: one of {', '.join(ROLES)}")
    texts = {
        key: table.get(key, default)
        for key, default in (("header", ""), ("time_class", ANY), ("origin_class", ANY))
    }
    for key, value in texts.items():
        if not isinstance(value, str) or len(value) > TEXT_MAX:
            raise ValueError(f"columns.{key}={value!r}: a text of up to {TEXT_MAX} characters")
    return LayoutColumn(number, role=role, **texts)


def _layout(table: dict[str, Any]) -> Layout:
    fields: dict[str, Any] = {}
    for key, value in table.items():
        if key not in Layout._fields:
            raise ValueError(f"unknown key {key}: one of {', '.join(Layout._fields)}")
        if key != "columns":
            fields[key] = _field(key, value)
    columns = table.get("columns", [])
    if not isinstance(columns, list) or len(columns) > COLUMNS_MAX:
        raise ValueError(f"columns: a list of up to {COLUMNS_MAX} tables")
    found = tuple(_column(column) for column in columns)
    numbers = [c.column for c in found]
    roles = [c.role for c in found if c.role not in SEVERAL]
    for what, values in (("column", [str(n) for n in numbers]), ("role", roles)):
        twice = sorted({v for v in values if values.count(v) > 1})
        if twice:
            raise ValueError(f"columns: {what} {twice[0]} stands twice")
    return Layout(columns=found, **fields)


def parse_layout(text: str, file: str) -> Layout:
    """The layout of a TOML text; fields left out are detected.

    Raises OptionsRefused naming file, key and value.
    """
    try:
        return _layout(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise OptionsRefused(f"{file}: {error}") from None


def _written(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def format_layout(layout: Layout) -> str:
    """TOML that parse_layout reads back as the same layout; what is to be detected is left out."""
    empty = Layout()
    lines = [
        f"{key} = {_written(value)}"
        for key, value in layout._asdict().items()
        if key != "columns" and value != getattr(empty, key)
    ]
    for column in layout.columns:
        lines += ["", "[[columns]]"]
        lines += [
            f"{key} = {_written(value)}"
            for key, value in column._asdict().items()
            if not (key.endswith("_class") and value == ANY)
        ]
    return "\n".join([*lines, ""])
