"""Panels and their places: plain values in the words of Grafana's dashboard schema. Pure.

A dashboard is rows of panels; a row's panels stand side by side in its 24 columns and have one
height. Panels are numbered by their place.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from clickhouse.grafana import Named
from clickhouse.grafana import panel as query
from dashboards.definitions import DEFINITIONS, Figure

Panel = dict[str, Any]
Row = tuple[int, Sequence[tuple[int, Panel]]]
"""height; width and panel of each"""

WIDTH: Final = 24
CLICKHOUSE: Final = {"type": "grafana-clickhouse-datasource", "uid": "${clickhouse}"}
PROMETHEUS: Final = {"type": "prometheus", "uid": "${prometheus}"}
GREEN, AMBER, RED = "green", "orange", "red"


def meaning(figures: Sequence[tuple[str, Figure]], more: str = "") -> str:
    """A description: what each figure of the panel means, in the console's words."""
    lines = [f"**{label}**: {DEFINITIONS[figure]}." for label, figure in figures]
    return "\n\n".join([*lines, more] if more else lines)


def sql(name: str, named: Named | None = None, *, over_time: bool = False) -> Panel:
    """A query of ClickHouse; a table unless it is over time."""
    return {
        "datasource": CLICKHOUSE,
        "editorType": "sql",
        "format": 0 if over_time else 1,
        "queryType": "timeseries" if over_time else "table",
        "rawSql": query(name, named),
    }


def prom(expression: str, legend: str = "") -> Panel:
    """A query of Prometheus."""
    return {"datasource": PROMETHEUS, "expr": expression, "legendFormat": legend or "__auto"}


def steps(*edges: tuple[float, str], low: str = GREEN) -> Panel:
    """Thresholds: the colour below the first edge, then of each edge upwards."""
    found = [{"color": low, "value": None}]
    found += [{"color": color, "value": edge} for edge, color in edges]  # type: ignore[dict-item]
    return {"mode": "absolute", "steps": found}


def columns(**properties: Mapping[str, Any]) -> list[Panel]:
    """What differs for fields of a panel; `_` in a name stands for a space."""
    return fields({name.replace("_", " "): found for name, found in properties.items()})


def fields(properties: Mapping[str, Mapping[str, Any]]) -> list[Panel]:
    """What differs for fields of a panel, by name."""
    return [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": key, "value": value} for key, value in found.items()],
        }
        for name, found in properties.items()
    ]


def _panel(
    kind: str,
    title: str,
    targets: Sequence[Panel],
    description: str,
    options: Panel,
    defaults: Panel,
    overrides: Sequence[Panel],
) -> Panel:
    sources = {str(target["datasource"]["uid"]): target["datasource"] for target in targets}
    (datasource,) = sources.values()
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": datasource,
        "targets": [{"refId": chr(65 + at), **target} for at, target in enumerate(targets)],
        "options": options,
        "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
    }


def stat(
    title: str,
    targets: Sequence[Panel],
    description: str,
    *,
    unit: str = "short",
    thresholds: Panel | None = None,
    overrides: Sequence[Panel] = (),
    decimals: int | None = None,
) -> Panel:
    """Figures in large, one for each field of the answer."""
    options = {
        "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": "/.*/"},
        "orientation": "auto",
        "textMode": "value_and_name",
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
    }
    defaults: Panel = {"unit": unit, "noValue": "–", "thresholds": thresholds or steps()}
    if decimals is not None:
        defaults["decimals"] = decimals
    return _panel("stat", title, targets, description, options, defaults, overrides)


def lines(
    title: str,
    targets: Sequence[Panel],
    description: str,
    *,
    unit: str = "short",
    overrides: Sequence[Panel] = (),
    stacked: bool = False,
) -> Panel:
    """Figures over time; a gap where there is none."""
    options = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    custom = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 25 if stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
    }
    defaults = {"unit": unit, "custom": custom}
    return _panel("timeseries", title, targets, description, options, defaults, overrides)


def table(
    title: str,
    targets: Sequence[Panel],
    description: str,
    *,
    overrides: Sequence[Panel] = (),
) -> Panel:
    """Rows; numbers stand on the right by Grafana's own rule."""
    options = {"showHeader": True, "cellHeight": "sm"}
    defaults = {"noValue": "–", "custom": {"align": "auto", "filterable": True}}
    return _panel("table", title, targets, description, options, defaults, overrides)


def placed(rows: Sequence[Row]) -> list[Panel]:
    """The panels of all rows, with numbers and places."""
    found: list[Panel] = []
    y = 0
    for height, panels in rows:
        x = 0
        for width, each in panels:
            place = {"h": height, "w": width, "x": x, "y": y}
            found.append({"id": len(found) + 1, **each, "gridPos": place})
            x += width
        if x > WIDTH:
            raise ValueError(f"a row is {x} columns wide, at most {WIDTH}")
        y += height
    return found
