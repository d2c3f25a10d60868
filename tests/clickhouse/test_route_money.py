"""Sold against bought: the query's sums are those of a recount, call by call."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.deck import DeckOptions, DeckVersion, encode_options
from billing.deck_csv import parse_deck
from clickhouse import queries, reference
from clickhouse.client import connect
from clickhouse.route_money import By, Money, earned, every_leak, leaks
from clickhouse.tables import CHARGE
from deploy.runtime.settings import Settings
from tests.dashboards.decks import HEADER, store_decks
from tests.dashboards.traffic import Call, leg_row, store_calls, store_rates

DAY_MS = 86_400_000
T_MS = 20_700 * DAY_MS
SPAN = (T_MS, T_MS + 2 * DAY_MS)
FIELDS = st.fixed_dictionaries(
    {
        "sell_nanos": st.integers(0, 10**12),
        "buy_nanos": st.integers(0, 10**12),
        "duration_ms": st.integers(1, 4_000_000),
        "customer": st.sampled_from(["acme", "bolt"]),
        "vendor": st.sampled_from(["carrier-a", "carrier-b"]),
        "buy_currency": st.sampled_from(["EUR", "EUR", "USD"]),
        "reason": st.sampled_from(["", "", "", "sell_rate_missing"]),
        "rate_row": st.sampled_from([0, 7]),
    }
)


@pytest.fixture
def client(migrated: Settings) -> Client:
    """A database with two decks of one rate each."""
    opened = connect(migrated)
    store_decks(opened)
    return opened


def cause(call: Call) -> str:
    """Why a call leaks; increments and codes do not differ here but where told."""
    if call.reason:
        return "suspended"
    if call.currency != call.buy_currency:
        return "currencies"
    return "negative" if call.buy_nanos > call.sell_nanos else "none"


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(FIELDS, min_size=1, max_size=25))
def test_every_call_is_counted_once_with_its_money(
    client: Client, rows: list[dict[str, object]]
) -> None:
    client.command("TRUNCATE TABLE charge")
    calls = [
        Call(i, T_MS + 2 * DAY_MS - 1 - i, **row, age_ms=i % 2 * DAY_MS)  # type: ignore[arg-type]
        for i, row in enumerate(rows)
    ]
    store_calls(client, calls)
    inside = [c for c in calls if T_MS <= c.answered_ms < T_MS + 2 * DAY_MS]
    wanted: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for call in inside:
        rated = not call.reason
        place = (
            "" if call.reason else ("United Kingdom" if call.rate_row == 0 else "deck version 1")
        )
        found = wanted[call.customer, call.vendor, place, cause(call)]
        money = (call.sell_nanos * rated, call.buy_nanos * rated)
        leak = money[1] - money[0] if cause(call) == "negative" else 0
        for at, value in enumerate((1, call.duration_ms, *money, leak)):
            found[at] += value
    lines = leaks(client, *SPAN, ("line",), 1_000)
    assert list(every_leak(client, *SPAN)) == lines
    said: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for line in lines:
        own = said[line.customer, line.vendor, line.destination, line.cause]
        for at, value in enumerate(sums(line)):
            own[at] += value
    assert said == {key: value for key, value in wanted.items() if key[-1] != "none"}
    sides: tuple[By, ...] = ("total", "day", "customer", "vendor", "destination")
    groups = leaks(client, *SPAN, sides, 1_000)
    margins = earned(client, *SPAN, sides)
    for by in sides:
        assert added(g for g in groups if g.by == by) == added_up(wanted.values())
        priced = (value for key, value in wanted.items() if key[-1] in ("negative", "none"))
        assert added(g for g in margins if g.by == by) == added_up(priced)


def added(groups: Iterable[Money]) -> list[int]:
    """What the groups have together."""
    return added_up(map(sums, groups))


def added_up(rows: Iterable[Sequence[int]]) -> list[int]:
    """Column by column; [] without rows."""
    return [sum(column) for column in zip(*rows, strict=True)]


def test_a_sum_is_whole_however_many_groups_there_are(client: Client) -> None:
    """A destination that loses by some calls and earns more by others is one that earns."""
    count = 5_300
    store_rates(client, [f"place {n}" for n in range(count + 1)])
    t_ms = T_MS + DAY_MS
    kinds = (Call(0, t_ms, buy_nanos=21_000_000), Call(0, t_ms, sell_nanos=40_000_000))
    calls = [
        replace(kind, offset=2 * n + k, rate_row=n + 1)
        for n in range(count)
        for k, kind in enumerate(kinds)
    ]
    store_calls(client, calls, receipts=False)
    found = earned(client, *SPAN, ("destination", "total"))
    places = [each for each in found if each.by == "destination"]
    assert len({each.destination for each in places}) == len(places) == count
    assert {each.sell_nanos - each.buy_nanos for each in places} == {24_000_000}
    assert added(places) == added(each for each in found if each.by == "total")
    few = leaks(client, *SPAN, ("total", "line"), 10)
    assert [(each.by, each.cause, each.calls) for each in few if each.by == "total"] == [
        ("total", "negative", count),
        ("total", "none", count),
    ]
    assert [each.leak_nanos for each in few if each.by == "line"] == [1_000_000] * 10
    assert sum(1 for _ in every_leak(client, *SPAN)) == count


def sums(line: Money) -> tuple[int, ...]:
    """What is added up."""
    return (line.calls, line.duration_ms, line.sell_nanos, line.buy_nanos, line.leak_nanos)


def store_legs(client: Client, call: Call, **bought: int) -> None:
    """A call whose buy leg differs in what is named."""
    rows = [leg_row(call, "sell"), {**leg_row(call, "buy"), **bought}]
    client.insert_arrow("charge", pa.Table.from_pylist(rows, schema=CHARGE.schema))


def test_seconds_paid_for_and_not_billed_are_an_increment_mismatch(client: Client) -> None:
    call = Call(1, T_MS + DAY_MS, duration_ms=61_000, sell_nanos=100, buy_nanos=60)
    store_legs(client, call, billed_s=120)
    (found,) = leaks(client, *SPAN, ("total",), 10)
    assert (found.cause, found.sell_s, found.buy_s) == ("increments", 61, 120)
    assert found.leak_nanos == 60 * (120 - 61) // 120


def test_dial_codes_of_another_length_are_a_mismatch_of_codes(client: Client) -> None:
    options = DeckOptions(currency="EUR")
    rates = parse_deck(HEADER + b"4420,London,0.015,0,1,1\n", "new.csv", 0, options).rates
    version = DeckVersion(3, "new", "buy", "full", 0, 0, options, rates)
    reference.save_version(client, version, encode_options(options), "new.csv", "0" * 64)
    store_legs(client, Call(1, T_MS + DAY_MS), deck_version=3)
    (found,) = leaks(client, *SPAN, ("destination",), 10)
    assert (found.cause, found.destination) == ("codes", "United Kingdom")


def test_only_the_days_of_the_window_are_read(client: Client) -> None:
    store_calls(client, [Call(i, T_MS + DAY_MS * (i + 1)) for i in range(40)])
    found = client.query(
        queries.text("route_money"),
        parameters={
            "from_ms": T_MS + DAY_MS,
            "until_ms": T_MS + 2 * DAY_MS,
            "by": ["total"],
            "rows_max": 10,
            "with_causes": True,
        },
        settings=queries.SETTINGS,
    )
    assert found.result_rows
    assert int(found.summary["read_rows"]) < 40
