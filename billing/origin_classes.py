"""Origin classes of a deck: named groups of A-number prefixes; the longest prefix decides."""

from collections.abc import Mapping
from typing import Any, Final

from billing.cdr import normalise
from billing.time_classes import ANY, class_name
from kernels.layout import DIGITS_MAX

MISSING: Final = "missing"
"""the class of a call without a usable A-number"""
OTHER: Final = "other"
"""the class of an A-number that no prefix matches"""
CLASSES_MAX: Final = 200
PREFIXES_MAX: Final = 20_000

OriginClasses = tuple[tuple[str, str], ...]
"""(prefix, class), prefixes as digits, in order; text only, so that it is stored as it is"""


def names(origins: OriginClasses) -> tuple[str, ...]:
    """Every class a call may have."""
    return tuple(dict.fromkeys([*(name for _, name in origins), MISSING, OTHER]))


def parse_origin_classes(table: Any) -> OriginClasses:
    """Prefixes from the table [origin_classes] of deck options: class = [prefixes].

    Raises ValueError naming class and prefix.
    """
    if table is None:
        return ()
    if not isinstance(table, Mapping):
        raise ValueError(f"origin_classes={table!r}: expected a table")
    found: dict[str, str] = {}
    for name, prefixes in table.items():
        class_name(name, "origin_classes", (ANY, MISSING, OTHER))
        if not isinstance(prefixes, list) or not prefixes:
            raise ValueError(f"origin_classes.{name}={prefixes!r}: expected a list of prefixes")
        for prefix in prefixes:
            digits = normalise(prefix) if isinstance(prefix, str) else ""
            if not 1 <= len(digits) <= DIGITS_MAX or digits.startswith("00"):
                raise ValueError(
                    f"origin_classes.{name}={prefix!r}: a text of 1 to {DIGITS_MAX} digits, "
                    "'+' or '00' in front"
                )
            if digits in found:
                raise ValueError(f"origin_classes: {digits} is in {found[digits]} and in {name}")
            found[digits] = name
    if len(table) > CLASSES_MAX:
        raise ValueError(f"origin_classes: more than {CLASSES_MAX} classes")
    if len(found) > PREFIXES_MAX:
        raise ValueError(f"origin_classes: more than {PREFIXES_MAX} prefixes")
    return tuple(sorted(found.items()))
