"""What routes earn and what leaks: sums that add up, prices that just pay, no formula in a cell."""

import csv
import io
import time
from decimal import Decimal
from fractions import Fraction

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.fx_csv import parse_fx
from clickhouse.client import connect
from clickhouse.reference import save_fx
from clickhouse.route_money import Money
from dashboards.leakage import (
    CAUSES,
    break_even,
    cause_sums,
    day_sums,
    losing,
    main_currency,
    ranking,
    routes,
)
from deploy.runtime.settings import Settings
from tests.dashboards.decks import store_decks
from tests.dashboards.one_process import asked
from tests.dashboards.traffic import Call, store_calls

pytestmark = pytest.mark.usefixtures("own_folder")
DAY_MS = 86_400_000
NANOS = st.integers(0, 10**15)
ROWS = st.builds(
    Money,
    *(st.just("customer"), st.just(""), st.sampled_from(["acme", "bolt"])),
    *(st.just(""), st.just("")),
    *(st.sampled_from(["EUR", "USD"]), st.sampled_from(["EUR", "USD"])),
    *(st.sampled_from(list(CAUSES)), st.integers(1, 9), st.integers(0, 10**9)),
    *(st.integers(0, 10**6), st.integers(0, 10**6), NANOS, NANOS, st.integers(0, 10**6)),
)


def nanos_of(text: str) -> int:
    """A decimal text in nanos, exact."""
    return int(Decimal(text).scaleb(9).to_integral_exact())


@given(st.lists(ROWS, max_size=20))
def test_nothing_is_lost_between_causes(rows: list[Money]) -> None:
    sums = cause_sums(rows, lambda bought, sold: None)
    for name, own in (("sold", "sell_nanos"), ("bought", "buy_nanos"), ("leak", "leak_nanos")):
        wanted = sum(getattr(row, own) for row in rows)
        assert sum(nanos_of(getattr(each, name)) for each in sums) == wanted
    assert sum(each.calls for each in sums) == sum(row.calls for row in rows)
    for each in sums:
        assert each.margin is None or each.sell_currency == each.buy_currency


@given(st.lists(ROWS, max_size=20))
def test_a_margin_is_of_one_currency_and_the_least_comes_first(rows: list[Money]) -> None:
    found = routes(rows)
    margins = [nanos_of(each.margin) for each in found]
    assert margins == sorted(margins)
    for each in found:
        assert nanos_of(each.sold) - nanos_of(each.bought) == nanos_of(each.margin)


@given(st.lists(ROWS, max_size=20))
def test_days_lose_nothing_between_causes(rows: list[Money]) -> None:
    own = [row._replace(by="day", day=f"2026-11-0{1 + i % 3}") for i, row in enumerate(rows)]
    found = day_sums(own)
    assert [each.day for each in found] == sorted((each.day for each in found), reverse=True)
    assert sum(each.calls for each in found) == sum(row.calls for row in rows)
    for name, nanos in (("sold", "sell_nanos"), ("bought", "buy_nanos"), ("leak", "leak_nanos")):
        assert sum(nanos_of(getattr(each, name)) for each in found) == sum(
            getattr(row, nanos) for row in rows
        )


@given(st.lists(ROWS, max_size=20))
def test_both_ends_of_an_order_are_the_least_and_the_most(rows: list[Money]) -> None:
    found = routes(rows)
    both = ranking(found)
    assert both.count == len(rows)
    assert both.least == found
    assert both.most == found[::-1]
    assert losing(found) == [each for each in found if nanos_of(each.margin) < 0]


def test_the_currency_of_most_calls_is_looked_at_first() -> None:
    row = Money("total", "", "", "", "", "EUR", "EUR", "any", 1, 0, 0, 0, 0, 0, 0)
    rows = [row, row._replace(sell_currency="USD", calls=2), row._replace(sell_currency="CHF")]
    assert main_currency(rows) == "USD"
    assert main_currency([rows[0], rows[2]]) == "CHF"
    assert main_currency([]) == ""


@given(NANOS, NANOS, st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_margin_of_two_currencies_is_converted_once(
    sell: int, buy: int, numerator: int, denominator: int
) -> None:
    row = Money(*("total", "", "", "", "", "EUR", "USD", "currencies"), *(1, 0, 0, 0, sell, buy, 0))

    def rate(bought: str, sold: str) -> tuple[int, int]:
        assert (bought, sold) == ("USD", "EUR")
        return numerator, denominator

    (found,) = cause_sums([row], rate)
    assert found.margin is not None
    cost = sell - nanos_of(found.margin)
    assert 0 <= Fraction(cost) - Fraction(buy * numerator, denominator) < 1


@given(NANOS, st.integers(1, 10**6))
def test_the_break_even_price_pays_and_a_millionth_less_does_not(nanos: int, seconds: int) -> None:
    row = Money(
        "total", "", "", "", "", "EUR", "EUR", "negative", 1, 0, seconds, seconds, 0, nanos, 0
    )
    said = break_even(row)
    assert said is not None
    price = nanos_of(said)
    assert price % 1_000 == 0
    assert price * seconds >= nanos * 60 > (price - 1_000) * seconds or nanos == 0


def test_a_margin_of_two_currencies_has_the_rate_beside_it(migrated: Settings) -> None:
    client = connect(migrated)
    store_decks(client)
    noon_ms = int(time.time() * 1_000) // DAY_MS * DAY_MS - DAY_MS // 2
    store_calls(client, [Call(1, noon_ms, buy_currency="USD", buy_nanos=10_000_000)])

    async def test(http: httpx.AsyncClient) -> None:
        (found,) = (await http.get("/v1/variance")).json()["causes"]
        assert (found["cause"], found["margin"], found["rate"]) == ("currencies", None, None)
        rates = b"from,to,rate,valid_from\nUSD,EUR,0.9,2020-01-01\n"
        save_fx(client, parse_fx(rates, "fx.csv", noon_ms))
        (found,) = (await http.get("/v1/variance")).json()["causes"]
        assert (found["cause"], found["margin"], found["rate"]) == ("currencies", "0.011", "0.9")
        assert "at 0.9 EUR for 1 USD" in (await http.get("/variance")).text
        assert (await http.get("/v1/profit")).json()["destinations"]["count"] == 0

    asked(migrated, test)


def test_a_day_and_a_week_over_http(migrated: Settings) -> None:
    client = connect(migrated)
    store_decks(client)
    noon_ms = int(time.time() * 1_000) // DAY_MS * DAY_MS - DAY_MS // 2
    evil = "=cmd|'/c calc'!A1"
    store_calls(client, [Call(i, noon_ms + i, customer=evil) for i in range(3)])
    store_calls(client, [Call(9, noon_ms, sell_nanos=10_000_000)])
    store_calls(client, [Call(10, noon_ms, reason="sell_rate_missing")])
    store_calls(client, [Call(11, noon_ms - 8 * DAY_MS)])

    async def test(http: httpx.AsyncClient) -> None:
        found = (await http.get("/v1/variance")).json()
        sums = {
            each["cause"]: (each["calls"], each["margin"], each["leak"]) for each in found["causes"]
        }
        assert sums == {
            "suspended": (1, None, "0"),
            "negative": (1, "-0.005", "0.005"),
            "none": (3, "0.015", "0"),
        }
        assert [line["cause"] for line in found["lines"]] == ["negative", "suspended"]
        days = (await http.get("/v1/variance-days")).json()["days"]
        assert [(d["day"], d["sell_currency"], d["calls"], d["waiting"]) for d in days] == [
            (found["day"], "EUR", 4, 0),
            (found["day"], "", 1, 1),
        ]
        assert (days[0]["sold"], days[0]["margin"], days[0]["leak"]) == ("0.07", "0.01", "0.005")
        profit = (await http.get("/v1/profit")).json()
        (place,) = profit["destinations"]["least"]
        assert profit["destinations"]["most"] == [place]
        assert (profit["currency"], profit["currencies"]) == ("EUR", ["EUR"])
        assert (place["name"], place["calls"], place["margin"]) == ("United Kingdom", 4, "0.01")
        assert [each["name"] for each in profit["customers"]["least"]] == ["acme", evil]
        assert profit["reprice"] == []
        text = (await http.get("/v1/variance.csv")).text
        assert len(list(csv.DictReader(io.StringIO(text)))) == 2
        both = (await http.get("/v1/profit?before=true")).json()
        assert both["destinations"]["least"][0]["margin_before"] == "0.005"
        assert place["margin_before"] is None
        pages = ("/variance", "/variance?days=7", "/profit", "/profit?days=31&before=true")
        for path in (*pages, "/variance?day=2020-01-01"):
            assert (await http.get(path)).status_code == 200
        for day in ("someday", "9999-12-31", "2100-01-01", "1999-12-31", "0001-01-01"):
            for path in ("/v1/variance", "/variance", "/v1/variance.csv"):
                assert (await http.get(path, params={"day": day})).status_code == 422
        for day in ("2000-01-01", "2099-12-31"):
            assert (await http.get("/variance", params={"day": day})).status_code == 200
        assert (await http.get("/v1/profit", params={"days": "32"})).status_code == 422

    asked(migrated, test)
