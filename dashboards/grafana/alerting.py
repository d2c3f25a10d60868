"""Alert rules in Grafana's words. Pure.

Rules about rows are asked of ClickHouse and live in Grafana only. Rules about the stream live in
deploy/prometheus; for those who run no Alertmanager they are told here again, in the same words.
A rule fires for every row that its query returns, or where a figure passes an edge.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from clickhouse.grafana import Named
from clickhouse.grafana import alert as query
from dashboards.grafana.board import CLICKHOUSE_UID, PROMETHEUS_UID
from dashboards.grafana.panel import CLICKHOUSE

FOLDER: Final = "Tollwire"
LOSS_MIN: Final = 30
"""a rule about losses looks at so many minutes"""
SILENT_MIN: Final = 10
FRESH_MIN: Final = 60
"""as on the console: an incident not told for longer is no news"""

Rule = dict[str, Any]


def _rule(
    uid: str,
    title: str,
    asked: Mapping[str, Any],
    edge: tuple[str, float],
    *,
    lasts: str,
    severity: str,
    summary: str,
    empty: str = "OK",
) -> Rule:
    """A rule: query A, and B, which fires where A passes the edge."""
    kind, value = edge
    expression = {"type": "__expr__", "uid": "__expr__"}
    condition = {"evaluator": {"type": kind, "params": [value]}}
    threshold = {
        "refId": "B",
        "type": "threshold",
        "expression": "A",
        "datasource": expression,
        "conditions": [condition],
    }
    return {
        "uid": uid,
        "title": title,
        "condition": "B",
        "for": lasts,
        "noDataState": empty,
        "execErrState": "Error",
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
        "data": [
            {**asked, "refId": "A"},
            {
                "refId": "B",
                "datasourceUid": "__expr__",
                "relativeTimeRange": {"from": 0, "to": 0},
                "model": threshold,
            },
        ],
    }


def _sql(name: str, minutes: int, named: Named | None = None) -> dict[str, Any]:
    return {
        "datasourceUid": CLICKHOUSE_UID,
        "relativeTimeRange": {"from": minutes * 60, "to": 0},
        "model": {
            "refId": "A",
            "datasource": {"type": CLICKHOUSE["type"], "uid": CLICKHOUSE_UID},
            "editorType": "sql",
            "queryType": "table",
            "format": 1,
            "rawSql": query(name, minutes, named),
        },
    }


def _losing(uid: str, what: str, named: Named) -> Rule:
    return _rule(
        uid,
        f"TollwireMarginNegative{what}",
        _sql("alert_losing", LOSS_MIN, named),
        ("gt", 0),
        lasts="10m",
        severity="warning",
        summary="{{ $labels.name }} has lost {{ $values.A.Value }} {{ $labels.currency }} "
        f"in {LOSS_MIN} minutes",
    )


def _calls() -> list[Rule]:
    return [
        _losing("tollwire-losing-destination", "Destination", "by_destination"),
        _losing("tollwire-losing-account", "Account", "by_customer"),
        _rule(
            "tollwire-no-calls",
            "TollwireNoCalls",
            _sql("alert_no_calls", SILENT_MIN),
            ("lt", 1),
            lasts="1m",
            severity="critical",
            summary=f"No call has been stored for {SILENT_MIN} minutes",
            empty="Alerting",
        ),
        _rule(
            "tollwire-fraud-unanswered",
            "TollwireFraudUnanswered",
            _sql("alert_fraud_unanswered", FRESH_MIN),
            ("gt", 0),
            lasts="10m",
            severity="critical",
            summary="{{ $values.A.Value }} critical {{ $labels.family }} alerts about "
            "{{ $labels.account }}, and nobody has answered for 10 minutes",
        ),
    ]


def _group(name: str, rules: Sequence[Rule]) -> dict[str, Any]:
    group = {"orgId": 1, "name": name, "folder": FOLDER, "interval": "1m", "rules": list(rules)}
    return {"apiVersion": 1, "groups": [group]}


def calls() -> dict[str, Any]:
    """The rules about rows."""
    return _group("tollwire-calls", _calls())


def _twin(told: Mapping[str, Any]) -> Rule:
    """A rule of Prometheus: its query returns nothing while all is well, and never less than 0."""
    asked = {
        "datasourceUid": PROMETHEUS_UID,
        "relativeTimeRange": {"from": 600, "to": 0},
        "model": {
            "refId": "A",
            "datasource": {"type": "prometheus", "uid": PROMETHEUS_UID},
            "expr": told["expr"],
            "instant": True,
            "range": False,
        },
    }
    # Grafana's $value is a text with labels in it, where that of Prometheus is the figure.
    summary = str(told["annotations"]["summary"]).replace("{{ $value", "{{ $values.A.Value")
    return _rule(
        f"prom-{told['alert']}",
        told["alert"],
        asked,
        ("gt", -1),
        lasts=told.get("for", "0s"),
        severity=told["labels"]["severity"],
        summary=summary,
    )


def stream(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of a Prometheus file, one group, as Grafana's own."""
    (group,) = rules["groups"]
    return _group("tollwire-stream", [_twin(told) for told in group["rules"]])
