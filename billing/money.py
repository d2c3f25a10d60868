"""Money as integers: nano-units (10^-9) of a currency. Text in, text out, never a float."""

import re

NANOS = 10**9
_DECIMAL = re.compile(r"([+-]?)(\d{1,12})(?:\.(\d{0,40}))?$", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}$")


def parse_nanos(text: str) -> int:
    """Nanos of a plain decimal such as "0.0105". Raises ValueError with what is wrong.

    Digits beyond the ninth decimal must be zeros: nothing is rounded at the door.
    """
    found = _DECIMAL.match(text.strip())
    if not found:
        raise ValueError("not a decimal number (a point, no thousands separators)")
    sign, units, decimals = found.group(1), found.group(2), found.group(3) or ""
    if decimals[9:].strip("0"):
        raise ValueError("more than 9 decimals")
    nanos = int(units) * NANOS + int(decimals[:9].ljust(9, "0"))
    return -nanos if sign == "-" else nanos


def format_nanos(nanos: int) -> str:
    """The shortest exact decimal: 10500000 -> "0.0105"."""
    units, rest = divmod(abs(nanos), NANOS)
    text = f"{units}.{rest:09d}".rstrip("0").rstrip(".")
    return f"-{text}" if nanos < 0 else text


def parse_currency(text: str) -> str:
    """A three-letter currency code. Raises ValueError."""
    if not _CURRENCY.fullmatch(text):
        raise ValueError("not a three-letter currency code in capitals")
    return text
