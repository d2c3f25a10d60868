"""The files as Grafana reads them: dashboards, their queries, alert rules. JSON and YAML only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

FOLDER: Final = Path(__file__).parents[2] / "dashboards" / "grafana"
PROVISIONING: Final = FOLDER / "provisioning"
BOARDS: Final = ("noc", "margin", "fraud", "pipeline")
ALERTS: Final = ("alerting/tollwire-calls.yaml", "without-alertmanager/tollwire-stream.yaml")


class Asked(NamedTuple):
    """One query: where it stands, its text, and whether the panel is a chart over time."""

    where: str
    text: str
    over_time: bool = False


def board(name: str) -> dict[str, Any]:
    """A dashboard."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def provisioned(name: str) -> dict[str, Any]:
    """A file of provisioning."""
    found: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text("utf-8"))
    return found


def rules(name: str) -> list[dict[str, Any]]:
    """The alert rules of a file."""
    return [rule for group in provisioned(name)["groups"] for rule in group["rules"]]


def panel_queries(name: str) -> Iterator[Asked]:
    """The SQL of a dashboard's panels."""
    for panel in board(name)["panels"]:
        for target in panel["targets"]:
            if "rawSql" in target:
                where = f"{name}: {panel['title']} {target['refId']}"
                yield Asked(where, target["rawSql"], panel["type"] == "timeseries")


def variable_queries(name: str) -> Iterator[Asked]:
    """The SQL of a dashboard's variables."""
    for variable in board(name)["templating"]["list"]:
        if variable["type"] == "query":
            yield Asked(f"{name}: ${variable['name']}", variable["query"])


def alert_queries() -> Iterator[Asked]:
    """The SQL of alert rules."""
    for rule in rules(ALERTS[0]):
        yield Asked(rule["title"], rule["data"][0]["model"]["rawSql"])


def every_query() -> list[Asked]:
    """All SQL."""
    panels = [asked for name in BOARDS for asked in panel_queries(name)]
    variables = [asked for name in BOARDS for asked in variable_queries(name)]
    return [*panels, *variables, *alert_queries()]


def expressions() -> Iterator[Asked]:
    """All PromQL of dashboards and alert rules."""
    for name in BOARDS:
        for panel in board(name)["panels"]:
            for target in panel["targets"]:
                if "expr" in target:
                    yield Asked(f"{name}: {panel['title']}", target["expr"])
    for rule in rules(ALERTS[1]):
        yield Asked(rule["title"], rule["data"][0]["model"]["expr"])
