"""Each query on a real ClickHouse: rows in by hand, sums checked by hand."""

import re
from collections.abc import Iterator
from dataclasses import fields, replace

import pytest
from clickhouse_connect.driver.client import Client

from clickhouse import queries
from clickhouse.client import ClickHouseDown, ClickHouseRefused, connect
from clickhouse.queries import (
    DeadLetter,
    Destination,
    Earning,
    Intake,
    Newest,
    Reason,
    Signals,
    Spans,
    Tried,
)
from dashboards import conserve
from deploy.runtime.settings import Settings
from tests.dashboards.traffic import (
    Call,
    Dead,
    store_calls,
    store_dead,
    store_duplicates,
    store_rates,
)

T_MS = 1_763_900_000_000
STEP_MS = 2_000
CENT = 10_000_000
OLD = 20_000


@pytest.fixture
def client(migrated: Settings) -> Iterator[Client]:
    """A client of an empty, migrated database."""
    opened = connect(migrated)
    yield opened
    opened.close()


def test_every_query_answers_on_an_empty_database(client: Client) -> None:
    assert queries.intake(client, 0, STEP_MS) == []
    assert queries.earnings(client, 0, STEP_MS) == []
    assert queries.destinations(client, 0) == []
    assert queries.suspense_by_reason(client, 0) == []
    assert queries.dead_by_reason(client, 0) == []
    assert queries.dead_last(client, 0, 5) == []
    assert conserve.gap(queries.conservation(client, 0, T_MS)) == conserve.Gap(0, 0)
    assert queries.newest_call(client, 0) == Newest(None, 0)


def test_arrivals_by_step_and_outcome(client: Client) -> None:
    calls = [Call(1, T_MS), Call(2, T_MS + 1_999), Call(3, T_MS + 2_000, reason="no_rate")]
    store_calls(client, calls)
    store_duplicates(client, calls[:1], 100)
    store_dead(client, [Dead(4, T_MS + 2_000)])
    store_calls(client, [Call(5, T_MS - 1)])
    assert queries.intake(client, T_MS, STEP_MS) == [
        Intake(T_MS, received=3, rated=2, suspended=0, dead=0, duplicate=1),
        Intake(T_MS + 2_000, received=2, rated=0, suspended=1, dead=1, duplicate=0),
    ]


def test_windows_go_by_arrival_not_by_the_calls_own_time(client: Client) -> None:
    late = Call(1, T_MS, age_ms=3 * 86_400_000)
    store_calls(client, [late])
    assert queries.newest_call(client, T_MS) == Newest(T_MS, 1)
    assert [step.attempts for step in queries.earnings(client, T_MS, STEP_MS)] == [1]
    assert queries.newest_call(client, T_MS + 1) == Newest(None, 1)


def test_earnings_count_money_of_rated_legs_only(client: Client) -> None:
    calls = [
        Call(1, T_MS, duration_ms=60_000, sell_nanos=3 * CENT, buy_nanos=CENT),
        Call(2, T_MS, duration_ms=0, sell_nanos=0, buy_nanos=0),
        Call(3, T_MS, currency="USD", buy_currency="USD", duration_ms=1_500),
        Call(4, T_MS, reason="no_rate", duration_ms=9_000),
    ]
    store_calls(client, calls)
    assert queries.earnings(client, T_MS, STEP_MS) == [
        Earning(T_MS, "", 1, 1, 0, 0, 0, 0),
        Earning(T_MS, "EUR", 2, 1, 1, 60, 3 * CENT, CENT),
        Earning(T_MS, "USD", 1, 1, 1, 2, 20_000_000, 15_000_000),
    ]


def test_a_window_that_has_an_end_leaves_out_what_came_later(client: Client) -> None:
    store_calls(client, [Call(1, T_MS), Call(2, T_MS + 5_000)])
    assert [step.received for step in queries.intake(client, T_MS, STEP_MS, T_MS + 5_000)] == [1]
    found = queries.earnings(client, T_MS, STEP_MS, T_MS + 5_000)
    assert [step.attempts for step in found] == [1]


def test_signals_of_steps_and_of_both_spans(client: Client) -> None:
    calls = [
        Call(1, T_MS, pdd_ms=100),
        Call(2, T_MS + 60_000, duration_ms=0, sip_code=486, pdd_ms=None),
        Call(3, T_MS + 60_001, duration_ms=0, sip_code=503, pdd_ms=900),
        Call(4, T_MS + 60_002, duration_ms=0, sip_code=404, pdd_ms=300),
        Call(5, T_MS + 120_000, pdd_ms=5_000),
    ]
    store_calls(client, calls)
    store_calls(client, calls[:1])
    spans = Spans(T_MS, T_MS + 60_000, T_MS, T_MS + 120_000, 60_000)
    start_ms = T_MS // 60_000 * 60_000
    second_ms = (T_MS + 60_000) // 60_000 * 60_000
    assert sorted(queries.signals(client, spans), key=lambda s: (s.span, s.start_ms)) == [
        Signals("last", T_MS + 60_000, 3, 3, 3, 1, 2, 900),
        Signals("step", start_ms, 1, 0, 0, 1, 1, 100),
        Signals("step", second_ms, 3, 3, 3, 1, 2, 900),
        Signals("whole", T_MS, 4, 3, 3, 2, 3, 900),
    ]


def test_movers_need_enough_attempts_on_both_sides(client: Client) -> None:
    store_rates(client, ["Spain", "Latvia"])
    then = [Call(n, T_MS + n, duration_ms=60_000 * (n % 2)) for n in range(4)]
    now = [Call(10 + n, T_MS + 1_000 + n) for n in range(4)]
    one_sided = [Call(30 + n, T_MS + 1_000 + n, rate_row=1) for n in range(4)]
    other = [Call(50 + n, T_MS + 900 + n * 100, customer="bolt") for n in range(2)]
    suspended = [Call(70, T_MS + 1, reason="no_rate")]
    store_calls(client, [*then, *now, *one_sided, *other, *suspended])
    (found,) = queries.movers(client, T_MS, T_MS + 1_000, T_MS + 2_000, 4)
    assert found == Tried("acme", "Spain", 4, 2, 120, 4, 4, 240)
    assert len(queries.movers(client, T_MS, T_MS + 1_000, T_MS + 2_000, 1)) == 2


def test_a_row_written_again_counts_once(client: Client) -> None:
    suspended = Call(1, T_MS, reason="no_rate")
    store_calls(client, [suspended])
    store_calls(client, [suspended])
    assert [r.calls for r in queries.suspense_by_reason(client, T_MS)] == [1]
    store_calls(client, [replace(suspended, reason="", version=2)])
    assert queries.suspense_by_reason(client, T_MS) == []
    (step,) = queries.earnings(client, T_MS, STEP_MS)
    assert (step.currency, step.attempts, step.sell_nanos) == ("EUR", 1, 20_000_000)


def test_sums_do_not_wrap_at_64_bits(client: Client) -> None:
    large = 2**62
    store_calls(client, [Call(n, T_MS, sell_nanos=large, buy_nanos=large) for n in range(4)])
    assert queries.earnings(client, T_MS, STEP_MS)[0].sell_nanos == 4 * large
    assert queries.destinations(client, T_MS)[0].buy_nanos == 4 * large


def test_a_destination_is_named_by_its_sell_leg(client: Client) -> None:
    store_rates(client, ["Latvia - Premium", "Spain - Mobile"])
    store_rates(client, ["Latvia - Premium", "Spain - Mobile"])
    calls = [
        Call(1, T_MS, rate_row=1, sell_nanos=50, buy_nanos=20),
        Call(2, T_MS, rate_row=1, sell_nanos=50, buy_nanos=20),
        Call(3, T_MS, rate_row=0, sell_nanos=10, buy_nanos=15, duration_ms=1_500),
        Call(4, T_MS, rate_row=0, sell_nanos=10, buy_nanos=99, buy_currency="USD"),
        Call(5, T_MS, rate_row=9, sell_nanos=1, buy_nanos=1),
        Call(6, T_MS, rate_row=1, reason="no_rate"),
        Call(7, T_MS - 1, rate_row=1),
    ]
    store_calls(client, calls)
    assert queries.destinations(client, T_MS) == [
        Destination("Spain - Mobile", "EUR", 2, 120, 100, 40, 0),
        Destination("Latvia - Premium", "EUR", 2, 62, 20, 15, 1),
        Destination("deck version 1", "EUR", 1, 60, 1, 1, 0),
    ]


def test_reasons_most_frequent_first(client: Client) -> None:
    calls = [Call(n, T_MS + n, reason="no_rate", duration_ms=1_000) for n in range(1, 4)]
    store_calls(client, [*calls, Call(9, T_MS, reason="unknown_account", duration_ms=500)])
    assert queries.suspense_by_reason(client, T_MS) == [
        Reason("no_rate", 3, 3_000, T_MS + 3),
        Reason("unknown_account", 1, 500, T_MS),
    ]


def test_dead_letters_newest_first_and_cut(client: Client) -> None:
    long = "x" * 500
    letters = [Dead(n, T_MS + n, duration_ms=10) for n in range(3)]
    store_dead(client, [*letters, Dead(7, T_MS + 7, "bad_json", "", long, "ends early")])
    assert queries.dead_by_reason(client, T_MS) == [
        Reason("bad_field", 3, 30, T_MS + 2),
        Reason("bad_json", 1, 0, T_MS + 7),
    ]
    first, second = queries.dead_last(client, T_MS, 2)
    assert first == DeadLetter(T_MS + 7, "bad_json", "", "x" * 60, "ends early")
    assert second.received_ms == T_MS + 2


def test_the_line_closes_and_shows_what_is_missing(client: Client) -> None:
    calls = [Call(n, T_MS + n, duration_ms=1_000 + n) for n in range(10)]
    store_calls(client, [*calls[:7], *(replace(c, reason="no_rate") for c in calls[7:])])
    store_duplicates(client, calls[:2], 100)
    store_dead(client, [Dead(50, T_MS, duration_ms=77)])
    found = queries.conservation(client, T_MS, T_MS + 5)
    assert conserve.gap(found) == conserve.Gap(0, 0)
    assert conserve.gap(b for b in found if b.settled) == conserve.Gap(0, 0)
    parts = conserve.line(found, [], 0, 0).calls
    assert (parts.received, parts.rated, parts.suspended) == ("13", "7", "3")
    assert (parts.dead, parts.duplicate) == ("1", "2")
    client.command(
        "DELETE FROM charge WHERE answered_at <= fromUnixTimestamp64Milli(1763899999000)"
    )
    found = queries.conservation(client, T_MS, T_MS + 5)
    assert conserve.gap(found) == conserve.Gap(10, sum(c.duration_ms for c in calls))
    assert conserve.gap(b for b in found if b.settled).calls == 5


def test_calls_without_a_receipt_are_on_the_other_side(client: Client) -> None:
    store_calls(client, [Call(1, T_MS)], receipts=False)
    assert conserve.gap(queries.conservation(client, T_MS, T_MS)) == conserve.Gap(-1, -60_000)


def test_every_file_is_used_and_has_only_bound_parameters() -> None:
    folder = queries._FOLDER
    text = "".join(path.read_text() for path in folder.parent.glob("*.py"))
    for path in folder.glob("*.sql"):
        assert f'"{path.stem}"' in text or path.name in text, f"{path.name} is not used"
        if path.stem != "find_calls":
            bare = re.sub(r"\{\w+:[\w()]+\}", "", path.read_text())
            assert "{" not in bare, f"{path.name}: a hole that is not a bound parameter"


def test_money_columns_are_integers() -> None:
    for row in (Earning, Destination):
        kinds = {f.name: f.type for f in fields(row) if f.name.endswith("_nanos")}
        assert set(kinds.values()) <= {int, "int"}


def test_no_tables_and_no_server_are_told_apart(settings: Settings) -> None:
    other = connect(settings, "system")
    with pytest.raises(ClickHouseRefused, match="tollwire migrate"):
        queries.newest_call(other, 0)
    other.close()
    with pytest.raises(ClickHouseDown):
        connect(settings.model_copy(update={"clickhouse": "http://127.0.0.1:9"}))


DAYS = ["earnings", "suspense_by_reason", "conservation", "destinations", "signals", "movers"]


@pytest.mark.parametrize("name", DAYS)
def test_the_last_minutes_do_not_cost_all_days(client: Client, name: str) -> None:
    day_ms = 86_400_000
    names = ("acme", "middle", "zeta")
    old = [Call(i, T_MS - 5 * day_ms + i, customer=names[i % 3]) for i in range(OLD)]
    store_calls(client, old, receipts=False)
    new = [Call(OLD + i, T_MS + i, customer=names[i % 3]) for i in range(9)]
    store_calls(client, new, receipts=False)
    times = {"last_ms": T_MS, "whole_ms": T_MS, "middle_ms": T_MS + 4, "before_ms": T_MS + 9}
    limits = {"step_ms": STEP_MS, "rows_max": 10, "attempts_min": 1}
    bound = {"since_ms": T_MS, "until_ms": T_MS, **times, **limits}
    asked = queries.text(name)
    found = client.query(asked, parameters=bound, settings=queries.SETTINGS)
    assert int(found.summary["read_rows"]) < OLD
    assert found.result_rows if name != "suspense_by_reason" else not found.result_rows
