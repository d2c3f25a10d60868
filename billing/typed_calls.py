"""A batch of a Parquet file as calls without looking at each record, where its columns allow it.

Only a batch without any flaw is taken; the same batch read record by record gives the same calls.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import CALLS, INSTANT, TEXTS, check
from kernels import parse_numbers
from kernels.layout import U8, U64

_ISO_MS: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?Z$"
_WHOLE: Final = r"^-?[0-9]{1,18}$"


def typed_calls(
    batch: pa.RecordBatch, customer: str, vendor: str
) -> tuple[pa.RecordBatch, U64, U8] | None:
    """The batch as CALLS of one customer and vendor, and `called` as parse_numbers gives it.

    None where a column is of a type, or has a value, that is better looked at record by record.
    """
    n = batch.num_rows
    given = {"customer": pa.repeat(customer, n), "vendor": pa.repeat(vendor, n)}
    columns = {name: batch.column(name) for name in batch.schema.names} | given
    try:
        found = {name: _text(columns.get(name), n) for name in TEXTS}
        found["answered_at"] = _instants(columns.get("answered_at"))
        for name in ("duration_ms", "sip_code", "pdd_ms"):
            found[name] = _whole(columns.get(name), n)
        if found["duration_ms"].null_count or found["answered_at"].null_count:
            return None
        found["sip_code"] = pc.fill_null(found["sip_code"], 0)
        calls = pa.RecordBatch.from_arrays([found[f.name] for f in CALLS], schema=CALLS)
    except (pa.ArrowException, _Otherwise):
        return None
    digits, count = parse_numbers(calls.column("called"))
    return None if check(calls, count).num_rows else (calls, digits, count)


class _Otherwise(Exception):
    """A column that is read record by record."""


def _text(column: pa.Array | None, n: int) -> pa.Array:
    if column is None:
        return pa.repeat("", n)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise _Otherwise
    return pc.fill_null(column.cast(pa.string()), "")


def _whole(column: pa.Array | None, n: int) -> pa.Array:
    if column is None:
        return pa.nulls(n, pa.int64())
    if not pa.types.is_integer(column.type):
        column = _text(column, n)
        if not _all_match(column, _WHOLE):
            raise _Otherwise
    return column.cast(pa.int64())


def _instants(column: pa.Array | None) -> pa.Array:
    """Milliseconds since 1970; without a zone in UTC; digits below the millisecond are dropped."""
    if column is None:
        raise _Otherwise
    if pa.types.is_timestamp(column.type):
        finer = column.type.unit in ("us", "ns")
        return column.cast(pa.timestamp("ms", column.type.tz), safe=not finer).cast(INSTANT)
    text = _text(column, len(column))
    if not _all_match(text, _ISO_MS):
        raise _Otherwise
    return text.cast(INSTANT)


def _all_match(texts: pa.Array, pattern: str) -> bool:
    matches: bool = pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py()
    return matches
