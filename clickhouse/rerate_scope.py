"""Which stored calls a re-rating is about, as conditions in SQL.

Everything is spelt into the text of a query, because names and ids may be too many for the URL
parameters of ClickHouse; names are quoted by the driver.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.binding import format_str
from clickhouse_connect.driver.client import Client

from billing.instants import DAY_MS
from clickhouse.client import asking

QUERY_BYTES_MAX: Final = 64 << 20
ANSWER_S_MAX: Final = 600
_SETTINGS: Final = {
    "max_query_size": QUERY_BYTES_MAX,
    "do_not_merge_across_partitions_select_final": 1,
    "output_format_arrow_low_cardinality_as_dictionary": 1,
    "max_execution_time": ANSWER_S_MAX,
}


class Wanted(NamedTuple):
    """Calls answered in a period; an empty or absent part narrows nothing."""

    from_ms: int
    to_ms: int
    customers: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """what called begins with, after a "+" or "00" """
    calls: tuple[str, ...] = ()
    """cdr ids, 32 hexadecimal digits"""
    suspended: bool | None = None
    of_decks: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    """calls of one of these customers or of one of these vendors"""
    files: tuple[str, ...] = ()
    """ids of collected files: calls that stand in cdr as one of their messages brought them"""


class Span(NamedTuple):
    """A stretch of one day's calls in their order, from a (customer, answered_ms) on."""

    day: int
    """since 1970, UTC"""
    begin: tuple[str, int] = ("", 0)
    end: tuple[str, int] | None = None
    """the key after the last one; None: to the end of the day"""


def asked(client: Client, query: str, values: dict[str, Any] | None = None) -> list[Any]:
    """Rows of a query. Raises ClickHouseDown, ClickHouseRefused."""
    with asking():
        return list(client.query(query, parameters=values, settings=dict(_SETTINGS)).result_rows)


def asked_arrow(client: Client, query: str) -> pa.Table:
    """Columns of a query; low cardinality texts as dictionaries. Raises as `asked`."""
    with asking():
        return client.query_arrow(query, settings=dict(_SETTINGS), use_strings=True)


def instant(ms: int) -> str:
    """An instant in SQL."""
    return f"fromUnixTimestamp64Milli({int(ms)}, 'UTC')"


def legs_where(wanted: Wanted, span: Span | None = None) -> str:
    """The condition on rows of `charge`, or of another table with its key."""
    own = _suspended(wanted)
    if _on_calls(wanted):
        ids = f"SELECT cdr_id FROM cdr WHERE {_both(wanted, span)} AND {_on_calls(wanted)}"
        own.append(f"cdr_id IN ({ids})")
    return " AND ".join([_both(wanted, span), *own])


def calls_where(wanted: Wanted, span: Span | None = None) -> str:
    """The condition on rows of `cdr`."""
    parts = [_both(wanted, span), *filter(None, [_on_calls(wanted)])]
    if _suspended(wanted):
        where = " AND ".join([_both(wanted, span), *_suspended(wanted)])
        parts.append(f"cdr_id IN (SELECT cdr_id FROM charge FINAL WHERE {where})")
    return " AND ".join(parts)


def span_where(span: Span) -> str:
    """The condition that a row lies in a span."""
    (customer, ms), day_ms = span.begin, span.day * DAY_MS
    parts = [
        f"answered_at >= {instant(day_ms)} AND answered_at < {instant(day_ms + DAY_MS)}",
        # The tuple alone would not be held against the primary key.
        f"customer >= {format_str(customer)}",
        f"(customer, answered_at) >= ({format_str(customer)}, {instant(ms)})",
    ]
    if span.end is not None:
        name, until_ms = format_str(span.end[0]), instant(span.end[1])
        parts.append(f"customer <= {name} AND (customer, answered_at) < ({name}, {until_ms})")
    return " AND ".join(parts)


def _both(wanted: Wanted, span: Span | None) -> str:
    """What columns say that `cdr` and `charge` both have."""
    parts = [
        f"answered_at >= {instant(wanted.from_ms)} AND answered_at < {instant(wanted.to_ms)}",
        *(f"{column} IN ({_texts(own)})" for column, own in _named(wanted) if own),
    ]
    if wanted.calls:
        # One literal: ClickHouse takes apart a list of 100,000 expressions only with higher limits.
        every = f"arrayJoin(splitByChar(',', '{','.join(wanted.calls)}'))"
        parts.append(f"cdr_id IN (SELECT toFixedString(unhex({every}), 16))")
    if wanted.of_decks is not None:
        customers, vendors = wanted.of_decks
        own = [
            f"{column} IN ({_texts(names)})"
            for column, names in (("customer", customers), ("vendor", vendors))
            if names
        ]
        parts.append(f"({' OR '.join(own) or '0'})")
    if span is not None:
        parts.append(span_where(span))
    return " AND ".join(parts)


def _named(wanted: Wanted) -> Iterable[tuple[str, tuple[str, ...]]]:
    return (("customer", wanted.customers), ("vendor", wanted.vendors))


def _on_calls(wanted: Wanted) -> str:
    """What only `cdr` can tell."""
    parts = [f"switch IN ({_texts(wanted.switches)})"] if wanted.switches else []
    if wanted.codes:
        digits = "replaceRegexpOne(called, '^([+]|00)', '')"
        begins = (f"startsWith({digits}, {format_str(code)})" for code in wanted.codes)
        parts.append(f"({' OR '.join(begins)})")
    if wanted.files:
        places = "SELECT raw_log, raw_partition, raw_offset FROM collected_message"
        own = f"{places} WHERE file IN ({_texts(wanted.files)})"
        parts.append(f"(log, partition, offset) IN ({own})")
    return " AND ".join(parts)


def _suspended(wanted: Wanted) -> list[str]:
    """What only `charge` can tell. FINAL comes first: a condition never hides a newer row."""
    if wanted.suspended is None:
        return []
    return ["reason != ''" if wanted.suspended else "reason = ''"]


def _texts(names: Iterable[str]) -> str:
    return ",".join(format_str(name) for name in names)
