"""Rate sheets as carriers e-mail them, read into rates."""

from billing.sheets.layout import Layout, LayoutColumn
from billing.sheets.layout_toml import format_layout, parse_layout
from billing.sheets.read_sheet import read_sheet
from billing.sheets.sanity import RateWarning, check_against
from billing.sheets.sheet_rates import SheetProblem, SheetRates, SheetTerms

__all__ = [
    "Layout",
    "LayoutColumn",
    "RateWarning",
    "SheetProblem",
    "SheetRates",
    "SheetTerms",
    "check_against",
    "format_layout",
    "parse_layout",
    "read_sheet",
]
