"""Balances against a naive fold, row by row, with what a crash and a zombie worker may do."""

from itertools import pairwise
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.balances import NANOS_MAX, PARTITION, Balance, Key, post

SCHEMA = pa.schema(
    [
        ("customer", pa.string()),
        ("vendor", pa.string()),
        ("log", pa.string()),
        ("partition", pa.uint16()),
        ("offset", pa.uint64()),
        ("row", pa.uint32()),
        ("reason", pa.string()),
        ("has_buy", pa.bool_()),
        ("sell_currency", pa.string()),
        ("sell_nanos", pa.int64()),
        ("buy_currency", pa.string()),
        ("buy_nanos", pa.int64()),
    ]
)
"""the columns of streams.wire.RATED that balances read"""


class Row(NamedTuple):
    """A row of cdr.rated, without its log and partition."""

    offset: int
    row: int
    customer: str = "acme"
    vendor: str = "vend"
    reason: str = ""
    has_buy: bool = True
    sell_currency: str = "USD"
    sell_nanos: int = 20
    buy_currency: str = "USD"
    buy_nanos: int = 10


def table(*rows: Row, log: str = "log-1", partition: int = 0) -> pa.Table:
    """Rows of one log and partition."""
    fixed = {"log": log, "partition": partition}
    return pa.Table.from_pylist([row._asdict() | fixed for row in rows], schema=SCHEMA)


def fold(*tables: pa.Table) -> dict[Key, Balance]:
    """The balances after these tables, one after the other."""
    balances: dict[Key, Balance] = {}
    for rated in tables:
        balances |= post(balances, rated)
    return balances


def naive(rows: list[Row], log: str = "log-1") -> dict[Key, Balance]:
    """Of each call the first row; nothing of how the positions are kept."""
    seen: set[tuple[int, int]] = set()
    balances: dict[Key, Balance] = {}

    def add(key: Key, row: Row, nanos: int) -> None:
        old = balances.get(key, Balance(log, 0, 0, 0, 0))
        balances[key] = Balance(log, row.offset, row.row, old.nanos + nanos, old.calls + 1)

    for row in rows:
        if row[:2] in seen:
            continue
        seen.add(row[:2])
        if not row.reason:
            add(Key("customer", row.customer, row.sell_currency), row, row.sell_nanos)
        if not row.reason and row.has_buy:
            add(Key("vendor", row.vendor, row.buy_currency), row, row.buy_nanos)
        add(PARTITION, row, 0)
    return balances


NANOS = st.integers(-(10**15), 10**15)
MONEY: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "customer": st.sampled_from(["acme", "bolt", "vend"]),
        "vendor": st.sampled_from(["vend", "acme"]),
        "reason": st.sampled_from(["", "", "", "sell_rate_missing"]),
        "has_buy": st.booleans(),
        "sell_currency": st.sampled_from(["USD", "EUR"]),
        "sell_nanos": NANOS,
        "buy_currency": st.sampled_from(["USD", "EUR"]),
        "buy_nanos": NANOS,
    }
)
PLACES = st.lists(
    st.tuples(st.integers(0, 2**48), st.integers(0, 2**32 - 1)), unique=True, max_size=30
).map(sorted)


@st.composite
def streams(draw: st.DrawFn) -> list[list[Row]]:
    """Messages of cdr.rated: calls in raw order; workers go back and rate anew, even otherwise."""
    places = draw(PLACES)
    rows: list[Row] = []
    reached = 0
    while reached < len(places):
        start = draw(st.integers(0, reached))
        reached = max(reached, draw(st.integers(start, len(places))), start + 1)
        rows += [Row(*place, **draw(MONEY)) for place in places[start:reached]]
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=8)))
    edges = [0, *cuts, len(rows)]
    return [rows[a:b] for a, b in pairwise(edges) if a < b]


@settings(deadline=None)
@given(streams())
def test_the_first_rating_of_each_call_is_posted_however_it_is_batched(
    messages: list[list[Row]],
) -> None:
    expected = naive([row for message in messages for row in message])
    assert fold(*(table(*message) for message in messages)) == expected
    whole = pa.concat_tables([SCHEMA.empty_table(), *(table(*m) for m in messages)])
    assert fold(whole) == expected, "also as one batch, in several chunks"


@settings(deadline=None)
@given(streams(), st.data())
def test_a_crash_between_any_two_writes_and_reading_again_change_nothing(
    messages: list[list[Row]], data: st.DataObject
) -> None:
    expected = naive([row for message in messages for row in message])
    state: dict[Key, Balance] = {}
    committed = at = 0
    for _ in range(4):
        while at < len(messages):
            changed = list(post(state, table(*messages[at])).items())
            cut = data.draw(st.integers(0, len(changed) + 2), "writes before the crash")
            state |= dict(changed[:cut])
            if cut < len(changed):
                break
            at += 1
            committed = data.draw(st.integers(committed, at), "committed")
        at = committed
    for message in messages[at:]:
        state |= post(state, table(*message))
    assert state == expected


def test_a_call_suspended_first_stays_suspended_when_it_is_priced_in_a_second_rating() -> None:
    first = [Row(7, 0), Row(7, 1, reason="sell_rate_missing"), Row(8, 0)]
    again = [Row(7, 0), Row(7, 1), Row(8, 0, sell_currency="EUR")]
    once = fold(table(*first))
    assert once[PARTITION] == Balance("log-1", 8, 0, 0, 3)
    assert once[Key("customer", "acme", "USD")] == Balance("log-1", 8, 0, 40, 2)
    assert fold(table(*first), table(*again)) == once
    assert post(once, table(*again)) == {}


def test_suspended_calls_touch_no_account() -> None:
    only = table(Row(7, 0, customer="stranger", sell_currency="", reason="customer_unknown"))
    assert fold(only) == {PARTITION: Balance("log-1", 7, 0, 0, 1)}


def test_the_partitions_position_is_the_last_to_be_written() -> None:
    assert list(post({}, table(Row(7, 0), Row(8, 0, customer="bolt"))))[-1] == PARTITION


def test_another_log_begins_anew() -> None:
    old = fold(table(Row(900, 0)))
    new = post(old, table(Row(0, 0), log="log-2"))
    assert new[Key("customer", "acme", "USD")] == Balance("log-2", 0, 0, 20, 1)
    assert new[PARTITION] == Balance("log-2", 0, 0, 0, 1)


def test_sums_are_exact_to_the_last_nano_and_never_wrap() -> None:
    largest = Key("customer", "acme", "USD")
    rows = [Row(1, 0, sell_nanos=NANOS_MAX), Row(2, 0, sell_nanos=-1)]
    assert fold(table(*rows))[largest].nanos == NANOS_MAX - 1
    negative = [Row(1, 0, sell_nanos=-NANOS_MAX), Row(2, 0, sell_nanos=1)]
    assert fold(table(*negative))[largest].nanos == -NANOS_MAX + 1
    with pytest.raises(OverflowError, match="acme"):
        fold(table(*rows, Row(3, 0, sell_nanos=2)))
    with pytest.raises(OverflowError, match="acme"):
        fold(table(*rows), table(Row(3, 0, sell_nanos=2)))


def test_rows_of_two_partitions_or_logs_at_once_are_refused() -> None:
    other = table(Row(8, 0), partition=1)
    with pytest.raises(ValueError, match="partition"):
        post({}, pa.concat_tables([table(Row(7, 0)), other]))
    with pytest.raises(ValueError, match="log"):
        post({}, pa.concat_tables([table(Row(7, 0)), table(Row(8, 0), log="log-2")]))


def test_no_rows_change_nothing() -> None:
    assert post({}, SCHEMA.empty_table()) == {}
