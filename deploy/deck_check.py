"""A rate sheet read and shown as a person checks it: columns, formats, counts, what is wrong."""

import json
import time
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from billing.deck import SIDES
from billing.errors import FileRefused, TollwireError
from billing.instants import format_instant_ms, parse_instant_ms
from billing.money import format_nanos
from billing.sheets import (
    Layout,
    LayoutColumn,
    RateWarning,
    SheetRates,
    SheetTerms,
    check_against,
    format_layout,
    parse_layout,
    read_sheet,
)
from billing.sheets.layout import column_letter
from billing.time_classes import ANY
from deploy.files import read_file, read_options

SHOWN_MAX: Final = 20
WIDTH_MIN: Final = 120
_DAY_MS: Final = 86_400_000


class Asked(NamedTuple):
    """The command's options, as they were typed."""

    side: str
    currency: str | None
    zone: str
    valid_from: str
    deck_options: Path | None
    layout: Path | None
    against: Path | None


class Checked(NamedTuple):
    """A sheet that was read, and what is odd about it."""

    file: Path
    terms: SheetTerms
    sheet: SheetRates
    warnings: list[RateWarning]


def terms_of(asked: Asked, now_ms: int) -> SheetTerms:
    """The terms that a command's options say. Raises TollwireError naming the option."""
    if asked.side not in SIDES:
        raise TollwireError(f"--side {asked.side}: one of {', '.join(SIDES)}")
    try:
        zone = ZoneInfo(asked.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TollwireError(f"--zone {asked.zone!r}: not a zone such as Europe/Berlin") from None
    try:
        begin_ms = parse_instant_ms(asked.valid_from, zone) if asked.valid_from else now_ms
    except ValueError as error:
        raise TollwireError(f"--valid-from {asked.valid_from!r}: {error}") from None
    options = read_options(asked.deck_options, asked.currency)
    today_ms = now_ms // _DAY_MS * _DAY_MS
    return SheetTerms(asked.side, options.currency, zone, begin_ms, today_ms, options)


def _read_layout(path: Path) -> Layout:
    try:
        return parse_layout(read_file(path).decode(), str(path))
    except UnicodeDecodeError:
        raise FileRefused(f"{path}: not UTF-8 text: is it TOML?") from None


def check(file: Path, asked: Asked, notice_days: int) -> Checked:
    """Read a sheet. Raises TollwireError where it, or what goes with it, cannot be read."""
    terms = terms_of(asked, int(time.time() * 1_000))
    layout = _read_layout(asked.layout) if asked.layout else None
    sheet = read_sheet(read_file(file), str(file), terms, layout)
    before = None
    if asked.against is not None:
        before = read_sheet(read_file(asked.against), str(asked.against), terms).rates
    found = check_against(sheet.rates, before, notice_days, terms.today_ms, sheet.coverage)
    return Checked(file, terms, sheet, found)


def save_layout(layout: Layout, path: Path) -> None:
    """Write a layout. Raises FileRefused."""
    try:
        path.write_text(format_layout(layout), encoding="utf-8")
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror or error}") from None


def role_shown(column: LayoutColumn) -> str:
    """A column's role and classes, in words."""
    classes = [name for name in (column.time_class, column.origin_class) if name != ANY]
    return " ".join([column.role.replace("_", " "), *(f"({name})" for name in classes)])


def _formats(layout: Layout) -> list[str]:
    words = {
        "encoding": f"encoding {layout.encoding}",
        "delimiter": f"cells separated by {layout.delimiter!r}",
        "decimal": f"decimal sign {layout.decimal!r}",
        "price_per": f"prices a {layout.price_per} in {layout.price_in}",
        "dates": f"dates {layout.dates}",
        "end_dates": f"an end date is the {layout.end_dates.replace('_', ' ')}",
        "dash": f"a dash means {layout.dash}",
        "code_part": f"codes are {layout.code_part}",
        "code_prefix": f"codes lack {layout.code_prefix} in front",
        "increments": f"increments {layout.increments} where a row says none",
    }
    return [text for key, text in words.items() if getattr(layout, key)]


def _columns(sheet: SheetRates) -> Table:
    table = Table("column", "header", "is", "cells")
    samples = sheet.samples or ((),) * len(sheet.layout.columns)
    for column, cells in zip(sheet.layout.columns, samples, strict=True):
        shown = "  ".join(cell if len(cell) <= 24 else cell[:23] + "…" for cell in cells)
        known = column.role not in ("ignore", "old_price")
        table.add_row(
            column_letter(column.column),
            escape(column.header),
            role_shown(column) if known else f"not used ({column.role.replace('_', ' ')})",
            escape(shown),
            style=None if known else "dim",
        )
    return table


def show(found: Checked) -> None:
    """Print how a sheet was understood, and what is wrong or odd."""
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH_MIN)
    sheet, layout = found.sheet, found.sheet.layout
    where = f"sheet {layout.sheet!r}, " if layout.sheet else ""
    header = f"header in row {layout.header_row}" if layout.header_row > 0 else "no header"
    console.print(
        escape(f"{found.file.name}: {where}{header}, {sheet.counts['rows']:,} rows below")
    )
    console.print(_columns(sheet))
    console.print(escape("; ".join(_formats(layout))))
    console.print(
        escape(
            f"{found.terms.side} rates in {found.terms.currency}; dates in {found.terms.zone.key}; "
            f"rows without a date begin {format_instant_ms(found.terms.valid_from_ms)}; coverage: "
            f"{sheet.coverage}"
        )
    )
    said = ", ".join(f"{number:,} {name}" for name, number in sheet.counts.items() if number)
    console.print(escape(said.replace("_", " ")))
    for note in sheet.notes:
        console.print(escape(f"note: {note}"))
    for problem in sheet.problems[:SHOWN_MAX]:
        console.print(escape(f"problem: {problem}"), soft_wrap=True)
    if sheet.counts["problems"] > SHOWN_MAX:
        console.print(f"... {sheet.counts['problems']:,} problems in all")
    _warnings(console, found.warnings)
    console.print(
        "problems: rows with problems are not among the rates"
        if sheet.problems
        else f"no problems: {sheet.rates.num_rows:,} rates could be loaded"
    )


def _warnings(console: Console, warnings: list[RateWarning]) -> None:
    for rule in dict.fromkeys(warning.rule for warning in warnings):
        same = [warning for warning in warnings if warning.rule == rule]
        for one in same[: SHOWN_MAX // 4]:
            of = " ".join(text for text in (one.prefix, one.destination) if text)
            text = f"odd ({rule.replace('_', ' ')}): {of}: {one.text}"
            console.print(escape(text), soft_wrap=True)
        if len(same) > SHOWN_MAX // 4:
            console.print(f"... {len(same):,} of this kind; --json has more")


def as_json(found: Checked) -> str:
    """Everything as one JSON object; money as decimal strings."""
    sheet = found.sheet
    columns: list[dict[str, Any]] = [
        {**column._asdict(), "cells": list(cells)}
        for column, cells in zip(sheet.layout.columns, sheet.samples, strict=True)
    ]
    warnings = [
        warning._asdict()
        | {
            "before_nanos": None, "now_nanos": None,
            "before": format_nanos(warning.before_nanos) if warning.before_nanos >= 0 else None,
            "now": format_nanos(warning.now_nanos) if warning.now_nanos >= 0 else None,
        }
        for warning in found.warnings
    ]  # fmt: skip
    for warning in warnings:
        del warning["before_nanos"], warning["now_nanos"]
    return json.dumps(
        {
            "file": str(found.file),
            "currency": found.terms.currency,
            "coverage": sheet.coverage,
            "country_prefixes": sheet.country_prefixes,
            "layout": {**sheet.layout._asdict(), "columns": columns},
            "counts": sheet.counts,
            "notes": sheet.notes,
            "problems": [problem._asdict() for problem in sheet.problems],
            "warnings": warnings,
        },
        ensure_ascii=False,
    )
