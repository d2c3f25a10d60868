"""The alerts and the operator's guide name metrics that exist, and label values that are set."""

import re
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import REGISTRY

import streams.waiting  # noqa: F401 - its metrics are registered with the others
from dashboards.api.metrics import Name
from deploy.runtime import metrics

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "tollwire.rules.yml"
NAMED = re.compile(r"\btollwire_[a-z0-9_]+\b")


def existing() -> set[str]:
    """Names as Prometheus stores them, of the raters and of the console."""
    of_raters = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in REGISTRY.collect()
        if family.name.startswith("tollwire_")
    }
    assert "tollwire_calls_total" in of_raters, metrics.__doc__
    return of_raters | set(get_args(Name))


@pytest.mark.parametrize("path", [RULES, ROOT / "docs" / "operate.md"], ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(path: Path) -> None:
    named = set(NAMED.findall(path.read_text()))
    assert len(named) > 5
    assert named - existing() == set()


def test_every_alert_has_a_condition_a_severity_and_a_summary() -> None:
    alerts = RULES.read_text().split("- alert: ")[1:]
    assert len(alerts) > 5
    for alert in alerts:
        name = alert.splitlines()[0]
        assert re.search(r"^        expr: .*tollwire_", alert, re.MULTILINE), name
        assert re.search(r"labels: \{severity: (critical|warning)\}", alert), name
        assert re.search(r"^          summary: \S", alert, re.MULTILINE), name
        assert f"`{name}`" in (ROOT / "docs" / "operate.md").read_text(), f"{name}: say what to do"
