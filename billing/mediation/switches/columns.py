"""Columns of text to numbers, in bulk and exactly; what a text does not say is a flaw of its row.

Nothing here raises for what a switch wrote: a flaw names the row, the switch's own name of the
field, the text and what is allowed. Several flaws of a row: the first one noted counts.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import FLAWS, flaws
from kernels.layout import I64
from kernels.plain_numbers import plain_numbers

Flags = npt.NDArray[np.bool_]
WHOLE_DIGITS_MAX: Final = 18
WHOLE: Final = r"^-?[0-9]{1,18}$"
DECIMAL: Final = r"^[0-9]{1,12}(\.[0-9]{0,12})?$"
DECIMAL_PLACES: Final = 12
UNITS_MAX: Final = 10**17
ZERO, PLUS = b"0+"


class Table(NamedTuple):
    """n records as columns of text by the switch's names; absent ones are columns of ""."""

    columns: Mapping[str, pa.Array]
    line: I64

    def text(self, name: str) -> pa.Array:
        """A column by name."""
        found = self.columns.get(name)
        return pa.repeat("", len(self.line)) if found is None else found

    def take(self, rows: I64) -> "Table":
        """Some rows."""
        at = pa.array(rows)
        return Table({n: c.take(at) for n, c in self.columns.items()}, self.line[rows])

    def first(self, *names: str) -> pa.Array:
        """Of each row the first of several columns that is not ""."""
        found = [self.columns[name] for name in names if name in self.columns]
        if not found:
            return pa.repeat("", len(self.line))
        result = found[0]
        for other in found[1:]:
            if not is_blank(result).any():
                break
            result = pc.if_else(pc.equal(pc.binary_length(result), 0), other, result)
        return result


class Flaws:
    """What is wrong with the rows of a table, noted step by step."""

    def __init__(self) -> None:
        self._found: list[pa.RecordBatch] = []

    def note(self, bad: Flags, reason: str, field: str, values: pa.Array, detail: str) -> None:
        """Rows where `bad` is set are wrong in this way, unless they were wrong before."""
        rows = np.flatnonzero(bad)
        if len(rows):
            texts = values.take(pa.array(rows)).cast(pa.string())
            self._found.append(flaws(rows, reason, field, texts, detail))

    def add(self, found: pa.RecordBatch) -> None:
        """Flaws found elsewhere."""
        if found.num_rows:
            self._found.append(found)

    def first(self) -> pa.RecordBatch:
        """FLAWS by row, one a row."""
        if not self._found:
            return pa.RecordBatch.from_pylist([], FLAWS)
        every = pa.concat_batches(self._found)
        _, first = np.unique(every.column("row").to_numpy(), return_index=True)
        return every.take(pa.array(first))


def flags(found: Any) -> Flags:
    """A boolean column as numpy; null is False."""
    array = pc.fill_null(found, False)
    return array.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def is_blank(texts: pa.Array) -> Flags:
    """Which texts are ""."""
    return flags(pc.equal(pc.binary_length(texts), 0))


def whole(texts: pa.Array, field: str, found: Flaws, blank: int | None = 0) -> I64:
    """Whole numbers; "" is `blank`, or a missing field where that is None; flawed ones are 0."""
    nothing = is_blank(texts)
    if blank is None:
        found.note(nothing, "missing", field, texts, "required")
    if nothing.any():
        texts = pc.if_else(pa.array(nothing), str(blank or 0), texts)
    if not _only_digits(texts) or _longest(texts) > WHOLE_DIGITS_MAX:
        texts = pc.utf8_trim_whitespace(texts)
        fits = flags(pc.match_substring_regex(texts, WHOLE))
        detail = f"not a whole number of at most {WHOLE_DIGITS_MAX} digits"
        found.note(~fits, "invalid", field, texts, detail)
        texts = pc.if_else(pa.array(fits), texts, "0")
    return pc.cast(texts, pa.int64()).to_numpy()  # type: ignore[no-any-return]


def _longest(texts: pa.Array) -> int:
    return pc.max(pc.binary_length(texts)).as_py() or 0


def scaled(texts: pa.Array, per_unit: int, field: str, found: Flaws) -> I64:
    """Decimal numbers times `per_unit`, digits beyond dropped; "" is 0, flawed ones are 0.

    per_unit: 1,000 for milliseconds of seconds; a power of ten.
    """
    nothing = is_blank(texts)
    if nothing.any():
        texts = pc.if_else(pa.array(nothing), "0", texts)
    pointed = flags(pc.match_substring(texts, "."))
    if not pointed.any():
        return _times(whole(texts, field, found), per_unit, texts, field, found)
    plainly = pc.if_else(pa.array(pointed), "0", texts)
    result = _times(whole(plainly, field, found), per_unit, plainly, field, found)
    texts = pc.utf8_trim_whitespace(texts)
    fits = flags(pc.match_substring_regex(texts, DECIMAL))
    found.note(pointed & ~fits, "invalid", field, texts, "not a number with a decimal point")
    rows = np.flatnonzero(pointed & fits)
    result[rows] = _decimals(texts.take(pa.array(rows)), per_unit)
    return result


def _decimals(texts: pa.Array, per_unit: int) -> I64:
    """Texts of DECIMAL with a point, times `per_unit`."""
    parts = pc.split_pattern(texts, ".", max_splits=1)
    units: I64 = pc.cast(pc.list_element(parts, 0), pa.int64()).to_numpy()
    digits = pc.list_element(parts, 1)
    digits = pc.utf8_slice_codeunits(pc.utf8_rpad(digits, DECIMAL_PLACES, "0"), 0, DECIMAL_PLACES)
    fraction: I64 = pc.cast(digits, pa.int64()).to_numpy()
    return units * per_unit + fraction // (10**DECIMAL_PLACES // per_unit)


def _times(units: I64, per_unit: int, texts: pa.Array, field: str, found: Flaws) -> I64:
    """Whole numbers times a factor; those that would not fit are flawed."""
    huge = np.abs(units) > UNITS_MAX // per_unit
    found.note(huge, "invalid", field, texts, "too large a number")
    return np.where(huge, 0, units) * per_unit


def plain(numbers: pa.Array) -> pa.Array:
    """Numbers without what SIP and people put around and between the digits."""
    return numbers if _only_digits(numbers, PLUS) else plain_numbers(numbers)


def _only_digits(texts: pa.Array, also: int = ZERO) -> bool:
    """Whether all bytes of all texts are digits, or the one of `also`."""
    _, offsets, data = texts.buffers()
    if not len(texts) or not data:
        return True
    bounds = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4)
    held = np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]
    return bool((((held - np.uint8(ZERO)) < 10) | (held == also)).all())
