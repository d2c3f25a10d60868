"""Each family catches its shape, and not the honest traffic that looks most like it."""

from typing import Any

import pytest

from billing.fraud.facts import CDR, FACTS
from billing.fraud.incidents import Alert
from billing.fraud.rules import Limits, Rules, Wangiri
from billing.fraud.watch import Watch
from tests.fraud.made import Fact, call, in_order, small, small_alerts
from tests.fraud.scoring import false_alerts, told_by, verdicts
from tests.fraud.traffic.world import FIRST_MS, HOUR_MS

DAYS = 5
NOW = FIRST_MS + DAYS * 24 * HOUR_MS
PENNY = 10_000_000
HOME: dict[str, Any] = {
    "called": "442081234567",
    "destination": "United Kingdom",
    "nanos_per_min": PENNY,
}


def history(numbers: int = 0, days: int = DAYS, **same: Any) -> list[Fact]:
    """Days of a small account that calls home every hour."""
    facts = []
    for i in range(days * 24):
        at = FIRST_MS + i * HOUR_MS + 1_000
        called = str(442_081_000_000 + i * 7_919 % 900_000)
        facts += call(numbers + i + 1, at, 90_000, **{**HOME, "called": called, **same})
    return facts


def burst(n: int, every_ms: int, first: int = 10_000, **same: Any) -> list[Fact]:
    """Calls one after the other from NOW on, talk of ten minutes where `talk_ms` says nothing."""
    talk, ring = same.pop("talk_ms", 600_000), same.pop("ring_ms", 4_000)
    calls = [call(first + i, NOW + i * every_ms, talk, ring, **same) for i in range(n)]
    return [fact for facts in calls for fact in facts]


def alerts(facts: list[Fact], rules: Rules | None = None, starts: bool = True) -> list[Alert]:
    """What is told of facts, by the default rules if not by others."""
    watch = Watch(rules or Rules())
    told = watch.take(in_order([f for f in facts if starts or f.kind == CDR]))
    return told + watch.pass_time(max(f.at_ms for f in facts) + 2 * HOUR_MS)


@pytest.mark.parametrize("starts", [True, False], ids=["starts", "records"])
def test_a_burst_to_a_high_risk_range_is_irsf(starts: bool) -> None:
    told = alerts(history() + burst(40, 5_000, called="5352345678"), starts=starts)
    first = told[0]
    assert (first.family, first.subject, first.account) == ("irsf", "acme", "acme")
    assert {"burst", "high_risk_range"} <= set(first.reasons)
    assert [(b.kind, b.value) for b in first.block] == [("prefix", "535234")]
    assert first.evidence["risky_calls_10m"] >= 6
    delay_s = (first.raised_ms - NOW) / 1_000
    assert delay_s < (120 if starts else 700)
    assert {a.id for a in told} == {first.id}
    assert [a.revision for a in told] == list(range(1, len(told) + 1))
    assert told[-1].severity == "critical"
    assert told[-1].money_nanos > first.money_nanos


def test_the_same_burst_to_where_the_account_always_calls_is_none() -> None:
    familiar: dict[str, Any] = {"called": "5352345678", "destination": "Cuba"}
    facts = [
        fact
        for i in range(DAYS * 24 * 20)
        for fact in call(i + 1, FIRST_MS + i * HOUR_MS // 20, 120_000, **familiar)
    ]
    assert alerts(facts + burst(20, 60_000, first=10**6, talk_ms=120_000, **familiar)) == []


def test_a_campaign_at_home_is_none() -> None:
    facts = burst(600, 3_000, **HOME, talk_ms=70_000)
    spread = [f._replace(called=str(442_080_000_000 + f.call * 7_919)) for f in facts]
    assert alerts(history() + spread) == []


def test_a_few_calls_to_a_new_destination_are_none() -> None:
    assert alerts(history() + burst(5, 30_000, called="5352345678")) == []


def test_a_young_account_needs_more() -> None:
    facts = burst(20, 5_000, called="5352345678", talk_ms=60_000)
    assert alerts(history(days=0) + facts) == []
    assert alerts(history() + facts) != []


RUNG: dict[str, Any] = {**HOME, "calling": "25261234500", "talk_ms": 0, "ring_ms": 2_000}


def dialled(**same: Any) -> list[Fact]:
    """Two hundred unanswered calls to as many numbers."""
    facts = burst(200, 2_000, **{**RUNG, **same})
    return [f._replace(called=str(442_080_000_000 + f.call * 7_919)) for f in facts]


@pytest.mark.parametrize("starts", [True, False], ids=["starts", "records"])
def test_short_rings_to_many_numbers_are_wangiri(starts: bool) -> None:
    told = [a for a in alerts(history() + dialled(), starts=starts) if a.family == "wangiri"]
    assert told[0].raised_ms - NOW < 120_000
    assert told[0].evidence["distinct_b_1h"] >= 28
    assert told[0].at_risk_nanos_per_h > 0
    assert len(told[0].calls) == 10


def test_a_contact_centre_lets_it_ring() -> None:
    assert alerts(history() + dialled(ring_ms=22_000)) == []


def test_redialling_one_number_is_no_wangiri() -> None:
    assert alerts(history() + burst(200, 2_000, **RUNG)) == []


def test_numbers_next_to_the_called_one_are_spoofing() -> None:
    near = [f._replace(calling=f.called[:-4] + f"{f.call % 10_000:04}") for f in dialled(**HOME)]
    told = [a for a in alerts(history() + near) if a.family == "spoofing"]
    assert told[0].reasons == ("neighbour_a",)
    assert told[0].account == "acme"


def test_an_account_that_never_shows_its_number_is_none() -> None:
    facts = history(calling="anonymous") + dialled(calling="anonymous", ring_ms=22_000)
    assert [a for a in alerts(facts) if a.family == "spoofing"] == []


def test_calls_back_to_who_rang_are_a_scheme() -> None:
    facts = history()
    for i in range(40):
        one, other = f"25261234{i:03}", f"4477001234{i:02}"
        rung: dict[str, Any] = {**HOME, "calling": one, "called": other}
        back: dict[str, Any] = {"calling": other, "called": one, "destination": "Cuba"}
        facts += call(20_000 + i, NOW + i * 10_000, 0, 2_000, **rung)
        facts += call(30_000 + i, NOW + i * 10_000 + 600_000, 60_000, **back)
    told = [a for a in alerts(facts) if a.family == "callback"]
    assert told[0].subject == "acme/2526123"
    quiet = [f for f in facts if f.call < 20_000 or f.call >= 30_000]
    assert [a for a in alerts(quiet) if a.family == "callback"] == []


def test_caps_need_no_history_and_count_each_call_once() -> None:
    rules = Rules(account_limits={"acme": Limits(concurrent=9, calls_per_min=50)})
    facts = burst(10, 1_000, **HOME)
    told = alerts(facts, rules)
    assert (told[0].family, told[0].severity) == ("limits", "critical")
    assert told[0].evidence == {"concurrent": 10}
    assert alerts(facts[: 9 * 4], rules) == []
    stopped_twice = [f for f in facts for _ in range(1 + (f.kind != CDR))]
    assert alerts([*stopped_twice[: 9 * 7]], rules) == []


def test_a_cap_in_a_range_says_so() -> None:
    rules = Rules(account_limits={"acme": Limits(money_5m=10**9)})
    told = [a for a in alerts(burst(3, 1_000), rules) if a.family == "limits"]
    assert {"cap_money_5m", "high_risk_range"} <= set(told[0].reasons)


LINES = 4


def lines(hours: int, per_hour: int) -> list[Fact]:
    """A day of A-numbers that call a new national number every few minutes, for so many hours."""
    facts = []
    for i in range(LINES * hours * per_hour):
        line, nth = i % LINES, i // LINES
        at = NOW + nth * HOUR_MS // per_hour + line * 1_000
        numbers = {"calling": f"44771234500{line}", "called": str(447_700_000_000 + i * 9_973)}
        facts += call(50_000 + i, at, 60_000, **{**HOME, **numbers})
    return facts


def test_lines_that_call_round_the_clock_are_a_sim_box() -> None:
    told = [a for a in alerts(history() + lines(hours=20, per_hour=9)) if a.family == "simbox"]
    assert told[0].evidence["a_numbers"] == LINES
    assert told[0].raised_ms - NOW < 13 * HOUR_MS


def test_lines_of_a_shop_that_calls_in_its_hours_are_none() -> None:
    told = alerts(history() + lines(hours=10, per_hour=20))
    assert [a for a in told if a.family == "simbox"] == []


def route(vendor: str, talk_ms: int, ring_ms: int, numbers: int, first: int) -> list[Fact]:
    """Ninety answered calls over a vendor in three hours, the rings a little uneven."""
    facts = []
    for i in range(90):
        called = str(442_080_000_000 + i % numbers * 7_919)
        own = {"vendor": vendor, "called": called}
        ring = ring_ms + i % 5 * 40
        facts += call(first + i, NOW + i * 120_000, talk_ms, ring, **{**HOME, **own})
    return facts


@pytest.mark.parametrize("starts", [True, False], ids=["starts", "records"])
def test_a_route_that_answers_all_calls_for_seconds_is_fas(starts: bool) -> None:
    facts = history() + route("good", 90_000, 7_000, 90, 60_000)
    told = alerts(facts + route("bad", 4_000, 2_000, 90, 70_000), starts=starts)
    assert {a.family for a in told} == {"fas"}
    assert told[0].subject == "bad/United Kingdom"
    assert [(b.kind, b.value) for b in told[0].block] == [("vendor", "bad")]
    assert told[0].evidence["others_short_share_thousandths"] == 0


def test_a_televote_over_one_vendor_is_no_fas() -> None:
    facts = history() + route("good", 90_000, 7_000, 90, 60_000)
    assert alerts(facts + route("bad", 4_000, 2_000, 1, 70_000)) == []


def test_every_attack_of_the_small_market_is_found() -> None:
    """But a SIM box, whose days are cut short there, and FAS on a route too thin to judge: both
    have tests of their own."""
    for starts in (True, False):
        told = told_by(small(), small_alerts(starts))
        missed = {v.attack.family for v in verdicts(small(), told) if v.alert_s is None}
        assert missed <= {"simbox", "fas"}


def test_campaigns_are_never_critical() -> None:
    labels = set(small().calls.label.tolist())
    assert {-1, -2, -3} <= labels
    for starts in (True, False):
        found = small_alerts(starts)
        false = false_alerts(small(), found, told_by(small(), found))
        assert [t for t in false if t.severity == "critical"] == []


def test_years_of_silence_are_skipped() -> None:
    old = Fact(CDR, FIRST_MS - 20 * 365 * 24 * HOUR_MS, 1, duration_ms=60_000)
    facts = [*history(), *burst(40, 5_000, called="5352345678")]
    assert alerts([old, *facts])[0].family == "irsf"


def test_nothing_and_nobody_are_taken() -> None:
    watch = Watch(Rules(wangiri=Wangiri(calls_10m=0)))
    assert watch.take(FACTS.empty_table()) == []
    nobody = [f._replace(customer="", vendor="", calling="", called="") for f in history()]
    assert watch.take(in_order(nobody)) == []
