"""Writes the dashboards and alert rules beside this file, with `make grafana`, after a change."""

import json
from pathlib import Path
from typing import Any, Final

import yaml

from dashboards.grafana import alerting
from dashboards.grafana.fraud import fraud
from dashboards.grafana.margin import margin
from dashboards.grafana.noc import noc
from dashboards.grafana.pipeline import pipeline

HERE: Final = Path(__file__).parent
RULES: Final = HERE.parents[1] / "deploy" / "prometheus" / "tollwire.rules.yml"
_MADE: Final = "# Written by `make grafana` from dashboards/grafana/alerting.py; change it there.\n"


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that queries can be read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _yaml(value: dict[str, Any]) -> str:
    return _MADE + yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def files() -> dict[str, str]:
    """Every generated file: its path from here, and its text."""
    boards = {"noc": noc(), "margin": margin(), "fraud": fraud(), "pipeline": pipeline()}
    told = {
        f"{name}.json": json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        for name, value in boards.items()
    }
    stream = alerting.stream(yaml.safe_load(RULES.read_text("utf-8")))
    return {
        **told,
        "provisioning/alerting/tollwire-calls.yaml": _yaml(alerting.calls()),
        "provisioning/without-alertmanager/tollwire-stream.yaml": _yaml(stream),
    }


def main() -> None:
    """Write them."""
    for name, text in files().items():
        (HERE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
