"""A dashboard: its panels, what can be chosen above them, and links to the others. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from clickhouse.grafana import panel as query
from dashboards.grafana.panel import CLICKHOUSE, PROMETHEUS, Row, placed

SCHEMA_VERSION: Final = 39
"""of Grafana 11.0; later ones read it"""
TAG: Final = "tollwire"
CLICKHOUSE_UID: Final = "tollwire-clickhouse"
PROMETHEUS_UID: Final = "tollwire-prometheus"

Variable = dict[str, Any]


def _source(name: str, label: str, kind: str, uid: str) -> Variable:
    return {
        "type": "datasource",
        "name": name,
        "label": label,
        "query": kind,
        "current": {"text": uid, "value": uid, "selected": True},
        "hide": 2,
        "refresh": 1,
        "multi": False,
        "includeAll": False,
    }


def _asked(name: str, label: str, text: str, *, many: bool) -> Variable:
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": CLICKHOUSE,
        "query": query(text),
        "refresh": 2,
        "sort": 0,
        "multi": many,
        "includeAll": many,
        **({"current": {"text": ["All"], "value": ["$__all"], "selected": True}} if many else {}),
    }


ROWS: Final = _source("clickhouse", "ClickHouse", str(CLICKHOUSE["type"]), CLICKHOUSE_UID)
METRICS: Final = _source("prometheus", "Prometheus", str(PROMETHEUS["type"]), PROMETHEUS_UID)
CURRENCY: Final = _asked("currency", "Currency", "currencies", many=False)
CUSTOMER: Final = _asked("customer", "Customer", "customers", many=True)
VENDOR: Final = _asked("vendor", "Vendor", "vendors", many=True)


def board(
    uid: str,
    title: str,
    description: str,
    rows: Sequence[Row],
    *,
    variables: Sequence[Variable] = (),
    since: str,
    refresh: str,
) -> dict[str, Any]:
    """A dashboard as Grafana stores it; times in UTC, as on the console."""
    return {
        "uid": f"tollwire-{uid}",
        "title": f"Tollwire: {title}",
        "description": description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "utc",
        "time": {"from": since, "to": "now"},
        "timepicker": {"refresh_intervals": ["10s", "30s", "1m", "5m", "15m"]},
        "refresh": refresh,
        "templating": {"list": [ROWS, *variables]},
        "annotations": {"list": []},
        "links": [
            {
                "type": "dashboards",
                "title": "Tollwire",
                "tags": [TAG],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
                "targetBlank": False,
                "icon": "external link",
                "tooltip": "",
                "url": "",
            }
        ],
        "panels": placed(rows),
    }
