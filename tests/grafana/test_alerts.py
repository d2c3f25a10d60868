"""Alert rules: their shape, what makes them fire, and that Prometheus has the same words."""

import re
import time
from dataclasses import replace
from typing import Any, get_args

import pytest
import yaml
from clickhouse_connect.driver.client import Client
from prometheus_client import REGISTRY

from clickhouse.client import connect
from dashboards.api.metrics import Name
from dashboards.grafana.__main__ import RULES
from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from tests.dashboards.fraud import store_alert, store_fraud_action
from tests.dashboards.traffic import Call, store_calls, store_rates
from tests.grafana.files import ALERTS, expressions, rules

EVERY = [rule for name in ALERTS for rule in rules(name)]


@pytest.mark.parametrize("rule", EVERY, ids=[rule["title"] for rule in EVERY])
def test_a_rule_is_whole(rule: dict[str, Any]) -> None:
    asked, threshold = rule["data"]
    assert (asked["refId"], threshold["refId"], rule["condition"]) == ("A", "B", "B")
    assert threshold["datasourceUid"] == "__expr__"
    assert threshold["model"]["expression"] == "A"
    assert asked["datasourceUid"] == asked["model"]["datasource"]["uid"]
    assert asked["relativeTimeRange"]["from"] > 0
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", rule["uid"])
    assert re.fullmatch(r"\d+[smh]", rule["for"])
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"]["summary"]
    assert "$" not in asked["model"].get("rawSql", ""), "goes by the server's clock, no macros"


def test_no_alert_has_two_names_or_lives_in_two_places() -> None:
    for key in ("uid", "title"):
        assert len({rule[key] for rule in EVERY}) == len(EVERY)
    prometheus = {told["alert"] for told in told_to_prometheus()}
    assert not prometheus & {rule["title"] for rule in rules(ALERTS[0])}


def told_to_prometheus() -> list[dict[str, Any]]:
    """The rules of deploy/prometheus."""
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_without_alertmanager_the_rules_are_prometheus_s() -> None:
    ours = {rule["title"]: rule for rule in rules(ALERTS[1])}
    for told in told_to_prometheus():
        rule = ours.pop(told["alert"])
        assert rule["data"][0]["model"]["expr"] == told["expr"]
        assert rule["for"] == told.get("for", "0s")
        assert rule["labels"] == told["labels"]
    assert not ours


def test_every_metric_exists() -> None:
    ours = {name for family in REGISTRY.collect() for name in family_names(family)}
    assert metrics.CALLS
    used = [
        (asked.where, name)
        for asked in expressions()
        for name in re.findall(r"\b(?:tollwire|process)_\w+", asked.text)
    ]
    assert len(used) > 30
    assert [pair for pair in used if pair[1] not in ours | set(get_args(Name))] == []


def family_names(family: Any) -> list[str]:
    """Names under which a family is scraped, also while it has no sample."""
    endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return [family.name + ending for ending in endings.get(family.type, [""])]


@pytest.fixture
def client(migrated: Settings) -> Client:
    """A database of its own, empty."""
    return connect(migrated)


def ask(client: Client, title: str) -> list[dict[str, Any]]:
    """What a rule about rows returns now."""
    (rule,) = (rule for rule in rules(ALERTS[0]) if rule["title"] == title)
    return list(client.query(rule["data"][0]["model"]["rawSql"]).named_results())


def now_ms() -> int:
    """The clock that the rules go by."""
    return time.time_ns() // 1_000_000


def test_losses_fire_for_each_destination_and_account(client: Client) -> None:
    at_ms = now_ms() - 60_000
    store_rates(client, ["Latvia", "Spain"])
    earns = Call(1, at_ms, rate_row=0, sell_nanos=5 * 10**9, buy_nanos=10**9, customer="acme")
    loses = replace(earns, offset=2, rate_row=1, buy_nanos=7 * 10**9, customer="atlas")
    foreign = replace(loses, offset=3, rate_row=0, customer="other", buy_currency="USD")
    old = replace(loses, offset=4, received_ms=at_ms - 3_600_000, customer="old")
    store_calls(client, [earns, loses, foreign, old])
    assert ask(client, "TollwireMarginNegativeDestination") == [
        {"name": "Spain", "currency": "EUR", "loss": 2.0}
    ]
    assert ask(client, "TollwireMarginNegativeAccount") == [
        {"name": "atlas", "currency": "EUR", "loss": 2.0}
    ]


def test_no_calls_is_a_zero_not_an_empty_answer(client: Client) -> None:
    assert ask(client, "TollwireNoCalls") == [{"arrived": 0}]
    store_calls(client, [Call(1, now_ms() - 3_600_000)])
    assert ask(client, "TollwireNoCalls") == [{"arrived": 0}]
    store_calls(client, [Call(2, now_ms() - 1_000)])
    assert ask(client, "TollwireNoCalls") == [{"arrived": 1}]


def test_an_answered_incident_no_longer_fires(client: Client) -> None:
    at_ms = now_ms() - 60_000
    store_alert(client, "a", "critical", 10**9, at_ms)
    store_alert(client, "b", "critical", 10**9, at_ms + 1)
    store_alert(client, "c", "warning", 10**9, at_ms + 2)
    (found,) = ask(client, "TollwireFraudUnanswered")
    assert (found["family"], found["unanswered"]) == ("irsf", 2)
    store_fraud_action(client, "a", "confirm", at_ms + 3)
    (found,) = ask(client, "TollwireFraudUnanswered")
    assert found["unanswered"] == 1
