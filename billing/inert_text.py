"""Text on its way into somebody's spreadsheet: never a formula there."""

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula: where it would, behind an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text
