"""The dashboards' figures are the console's: on the same rows, over the same minutes.

Where the console has a figure, its own queries and arithmetic are asked. NER, PDD and short calls
it does not show yet: they are counted here from the calls themselves.
"""

from decimal import Decimal
from typing import Any

import pytest

from billing.money import format_nanos
from clickhouse import fraud_alerts, queries
from clickhouse.queries import Destination, Earning
from dashboards import alerts, conserve, kpi, ledger
from dashboards.kpi import RATIO_MS, STEP_MS
from dashboards.schemas import Tiles
from tests.dashboards.traffic import Call
from tests.grafana.files import panel_queries
from tests.grafana.macros import View
from tests.grafana.seeded import Seeded
from tests.grafana.test_queries import ask

TENTH = Decimal("0.05")
"""the console rounds to one decimal"""


def row(seeded: Seeded, board: str, panel: str, view: View | None = None) -> dict[str, Any]:
    """The fields of a panel that shows one row, of all its queries."""
    found: dict[str, Any] = {}
    for asked in panel_queries(board):
        if asked.where.startswith(f"{board}: {panel}"):
            (values,) = ask(seeded, asked.text, view).named_results()
            found |= values
    return found


def table(seeded: Seeded, board: str, panel: str, view: View | None = None) -> list[dict[str, Any]]:
    """The rows of a panel."""
    (text,) = (a.text for a in panel_queries(board) if a.where.startswith(f"{board}: {panel}"))
    return list(ask(seeded, text, view).named_results())


def earned(seeded: Seeded) -> list[Earning]:
    """What the console reads, of the five minutes."""
    since_ms = seeded.end_ms - RATIO_MS
    found = queries.earnings(seeded.client, since_ms, STEP_MS)
    return [step for step in found if step.start_ms < seeded.end_ms]


def tiles(seeded: Seeded, currency: str) -> Tiles:
    """The console's tiles."""
    since_ms = seeded.end_ms - RATIO_MS
    intake = queries.intake(seeded.client, since_ms, STEP_MS)
    return kpi.tiles(intake, earned(seeded), currency, seeded.now_ms)


def destinations(seeded: Seeded) -> list[Destination]:
    """What the console reads of destinations since the range began."""
    return queries.destinations(seeded.client, seeded.end_ms - RATIO_MS)


def test_quality_is_that_of_the_tiles(seeded: Seeded) -> None:
    found, said = row(seeded, "noc", "Quality"), tiles(seeded, "EUR")
    assert said.asr.value is not None
    assert said.acd_s.value is not None
    assert Decimal(found["ASR"]) == pytest.approx(Decimal(said.asr.value), abs=TENTH)
    assert Decimal(found["ACD"]) == pytest.approx(Decimal(said.acd_s.value), abs=TENTH)
    assert found["Attempts"] == sum(step.attempts for step in earned(seeded))


def nearest(values: list[int], part: float) -> int:
    """The value at a quantile of the sorted ones, as ClickHouse's quantileExact takes it."""
    return sorted(values)[min(int(part * len(values)), len(values) - 1)]


def test_what_the_signalling_says_is_what_the_calls_say(seeded: Seeded) -> None:
    found, calls = row(seeded, "noc", "Quality"), seeded.inside

    def network_answered(call: Call) -> bool:
        return bool(call.duration_ms) or call.sip_code in (200, 480, 486, 600, 603)

    assert found["NER"] == pytest.approx(100 * sum(map(network_answered, calls)) / len(calls))
    pdd = [call.pdd_ms for call in calls if call.pdd_ms is not None]
    assert (found["PDD p50"], found["PDD p95"]) == (nearest(pdd, 0.5), nearest(pdd, 0.95))
    answered = [call for call in calls if call.duration_ms]
    short = sum(call.duration_ms < 6_000 for call in answered)
    assert found["Short calls"] == pytest.approx(100 * short / len(answered))


def test_without_an_unanswered_attempt_there_is_no_asr(seeded: Seeded) -> None:
    call = next(c for c in seeded.inside if c.duration_ms)
    view = View(call.received_ms, call.received_ms, 60, seeded.view().chosen)
    found = row(seeded, "noc", "Quality", view)
    assert found["Attempts"] >= 1
    assert found["ASR"] is None


@pytest.mark.parametrize("currency", ["EUR", "USD"])
@pytest.mark.parametrize("board", ["noc", "margin"])
def test_money_is_that_of_the_console_and_of_one_currency(
    seeded: Seeded, board: str, currency: str
) -> None:
    found = row(seeded, board, "Money, ${currency}", seeded.view(currency))
    sell_nanos, buy_nanos = ledger.per_currency(earned(seeded))[currency]
    assert found["Revenue"] == sell_nanos / 1e9
    assert found["Cost"] == buy_nanos / 1e9
    assert found["Margin"] == (sell_nanos - buy_nanos) / 1e9
    said = tiles(seeded, currency).margin_percent.value
    assert said is not None
    assert Decimal(found["Margin %"]) == pytest.approx(Decimal(said), abs=TENTH)


def test_without_revenue_there_is_no_margin_in_percent(seeded: Seeded) -> None:
    assert row(seeded, "margin", "Money, ${currency}", seeded.view("CHF"))["Margin %"] is None


def test_exact_sums_are_the_console_s_to_the_last_digit(seeded: Seeded) -> None:
    found = table(seeded, "margin", "Exact sums")
    lines = ledger.currency_sums(ledger.per_currency(earned(seeded)))
    assert len(lines) == 2
    for got, said in zip(found, lines, strict=True):
        assert got["Currency"] == said.currency
        exact = [Decimal(got[name]) for name in ("Revenue", "Cost", "Margin")]
        assert exact == [Decimal(said.sell), Decimal(said.buy), Decimal(said.margin)]
        assert got["Revenue"].rstrip("0").rstrip(".") == said.sell


def test_traffic_is_that_of_the_tiles(seeded: Seeded) -> None:
    found = row(seeded, "noc", "Traffic")
    intake = queries.intake(seeded.client, seeded.end_ms - RATIO_MS, STEP_MS)
    received = sum(step.received for step in intake)
    assert found["Received"] == received
    assert found["CPS"] == pytest.approx(received * 1_000 / (RATIO_MS - 1))
    said = tiles(seeded, "EUR").unrated_percent.value
    assert said is not None
    assert Decimal(found["Not rated"]) == pytest.approx(Decimal(said), abs=TENTH)


@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_destinations_are_the_console_s(seeded: Seeded, currency: str) -> None:
    found = table(seeded, "margin", "Destinations, ${currency}", seeded.view(currency))
    said = [each for each in destinations(seeded) if each.currency == currency]
    assert len(said) > 2
    for got, each in zip(found, said, strict=True):
        assert (got["Name"], got["Calls"], got["Minutes"]) == (
            each.name,
            each.calls,
            pytest.approx(each.billed_s / 60),
        )
        assert format_nanos(round(got["Revenue"] * 1e9)) == format_nanos(each.sell_nanos)
        assert format_nanos(round(got["Cost"] * 1e9)) == format_nanos(each.buy_nanos)
        assert (got["Margin"] is None) == bool(each.foreign_calls)
        assert got["Foreign calls"] == each.foreign_calls
    lost = row(seeded, "noc", "Losing destinations", seeded.view(currency))
    assert lost["Losing destinations"] == ledger.split_destinations(said, currency)[2]


@pytest.mark.parametrize("panel", ["Customers, ${currency}", "Vendors, ${currency}"])
def test_accounts_add_up_to_all_destinations(seeded: Seeded, panel: str) -> None:
    found = table(seeded, "margin", panel)
    said = [each for each in destinations(seeded) if each.currency == "EUR"]
    for name in ("Calls", "Minutes", "Revenue", "Cost", "Foreign calls"):
        whole = table(seeded, "margin", "Destinations, ${currency}")
        assert sum(r[name] for r in found) == pytest.approx(sum(r[name] for r in whole))
    assert sum(r["Calls"] for r in found) == sum(each.calls for each in said)


def test_a_chosen_customer_is_the_only_one_that_counts(seeded: Seeded) -> None:
    mine = [call for call in seeded.inside if call.customer == "o'neill"]
    found = row(seeded, "noc", "Quality", seeded.view(customer="o'neill"))
    assert found["Attempts"] == len(mine) < len(seeded.inside)


def test_conservation_is_the_console_s(seeded: Seeded) -> None:
    found = row(seeded, "pipeline", "Received = rated")
    balances = queries.conservation(seeded.client, seeded.end_ms - RATIO_MS, seeded.end_ms)
    for part in ("received", "rated", "suspended", "dead", "duplicate"):
        said = sum(each.calls for each in balances if each.part == part)
        assert found[part.capitalize()] == said > 0
    gap = conserve.gap(balances)
    assert (gap.calls, gap.duration_ms) == (0, 0)
    assert (found["Difference, calls"], found["Difference, s"]) == (0, 0)


def test_a_lost_call_shows_in_the_difference(seeded: Seeded) -> None:
    ((text),) = (a.text for a in panel_queries("pipeline") if "Received = rated" in a.where)
    lossy = text.replace("WHERE leg = 'sell' AND", "WHERE leg = 'sell' AND reason = '' AND")
    (found,) = ask(seeded, lossy).named_results()
    assert found["Difference, calls"] == sum(bool(call.reason) for call in seeded.inside) > 0


def test_reasons_are_the_console_s(seeded: Seeded) -> None:
    since_ms = seeded.end_ms - RATIO_MS
    for panel, said in (
        ("Suspense by reason", queries.suspense_by_reason(seeded.client, since_ms)),
        ("Dead letters by reason", queries.dead_by_reason(seeded.client, since_ms)),
    ):
        found = [(r["Reason"], r["Calls"]) for r in table(seeded, "pipeline", panel)]
        assert found == [(each.reason, each.calls) for each in said]


def test_incidents_are_the_console_s(seeded: Seeded) -> None:
    told = fraud_alerts.alerts(seeded.client, seeded.end_ms - RATIO_MS)
    found = row(seeded, "fraud", "Incidents A")
    assert found["Incidents"] == len(told) == 3
    assert found["Critical, unanswered, fresh"] == alerts.critical(told, {}, seeded.now_ms) == 1
    shown = [r["Alert"] for r in table(seeded, "fraud", "Alerts")]
    assert shown == [each.id for each in alerts.rows(told, {}, seeded.now_ms)]
