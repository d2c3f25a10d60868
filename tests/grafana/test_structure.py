"""The JSON and YAML as files: written by the generator, whole, without contradiction.

Grafana itself does not run here. Its own schema does, in the vendor's library: a field that it does
not know is lost on the way through.
"""

import json
import re
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from dashboards.definitions import DEFINITIONS
from dashboards.grafana.__main__ import files
from dashboards.grafana.panel import placed, stat
from dashboards.grafana.panel import sql as sql_target
from tests.grafana.files import BOARDS, FOLDER, PROVISIONING, board, provisioned

SOURCES = {
    "grafana-clickhouse-datasource": "${clickhouse}",
    "prometheus": "${prometheus}",
}


def lost(told: Any, kept: Any, where: str = "") -> Iterator[str]:
    """What of `told` is not in `kept`."""
    if isinstance(told, dict):
        for key, value in told.items():
            if value is not None and key not in kept:
                yield f"{where}.{key}"
            elif value is not None:
                yield from lost(value, kept[key], f"{where}.{key}")
    elif isinstance(told, list):
        for at, (value, other) in enumerate(zip(told, kept, strict=True)):
            yield from lost(value, other, f"{where}[{at}]")
    elif told != kept:
        yield where


def through_the_schema(told: dict[str, Any]) -> Any:
    """A dashboard as the vendor's types keep it; these are of the schema that files still have."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
        from grafana_foundation_sdk.cog.encoder import JSONEncoder
        from grafana_foundation_sdk.cog.plugins import register_default_plugins
        from grafana_foundation_sdk.models.dashboard import Dashboard
    register_default_plugins()
    return json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(told)))


def test_what_is_stored_is_what_the_generator_writes() -> None:
    for name, text in files().items():
        assert (FOLDER / name).read_text("utf-8") == text, f"{name}: run `make grafana`"


@pytest.mark.parametrize("name", BOARDS)
def test_grafana_s_schema_knows_every_field(name: str) -> None:
    told = board(name)
    assert list(lost(told, through_the_schema(told))) == []
    told["panels"][0]["fieldConfig"]["defaults"]["unitt"] = "s"
    assert list(lost(told, through_the_schema(told))) == [".panels[0].fieldConfig.defaults.unitt"]


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_says_what_it_is(name: str) -> None:
    told = board(name)
    assert told["uid"] == f"tollwire-{name}"
    assert told["tags"] == ["tollwire"]
    assert told["timezone"] == "utc"
    assert told["description"].endswith(".")
    assert told["refresh"] in told["timepicker"]["refresh_intervals"]
    uids = [board(other)["uid"] for other in BOARDS]
    assert len(set(uids)) == len(BOARDS)


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_numbers_words_and_queries(name: str) -> None:
    panels = board(name)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["description"].strip(), panel["title"]
        assert panel["targets"], panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)
        for target in panel["targets"]:
            assert target.get("rawSql") or target.get("expr")
            assert target["datasource"] == panel["datasource"]
            assert SOURCES[target["datasource"]["type"]] == target["datasource"]["uid"]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_neither_overlap_nor_leave_the_page(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board(name)["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


def test_a_row_that_is_too_wide_is_refused() -> None:
    panel = stat("x", [sql_target("dead")], "x")
    with pytest.raises(ValueError, match="26 columns"):
        placed([(4, [(13, panel), (13, panel)])])


@pytest.mark.parametrize("name", BOARDS)
def test_every_variable_that_is_used_can_be_chosen(name: str) -> None:
    told = board(name)
    there = {variable["name"] for variable in told["templating"]["list"]}
    text = json.dumps(told["panels"])
    used = set(re.findall(r"\$\{(\w+)", text)) | set(re.findall(r"\$([a-z]\w*)", text))
    assert used <= there, used - there
    assert there <= used, there - used


def test_colours_change_at_rising_edges() -> None:
    for name in BOARDS:
        for text in re.findall(r'"steps": (\[.*?\])', json.dumps(board(name))):
            edges = [step["value"] for step in json.loads(text)]
            assert edges[0] is None
            assert all(low < high for low, high in pairwise(edges[1:]))


def test_key_figures_are_explained_in_the_console_s_words() -> None:
    told = {name: json.dumps(board(name), ensure_ascii=False) for name in BOARDS}
    words = {str(figure): json.dumps(text)[1:-1] for figure, text in DEFINITIONS.items()}
    where: dict[str, set[str]] = {
        "noc": set(words)
        - {"conservation", "in_progress"},  # no panel: a table of now, not of time
        "margin": {"sell", "buy", "margin", "margin_percent", "losing"},
        "pipeline": {"conservation"},
    }
    for name, figures in where.items():
        for figure in figures:
            assert words[figure] in told[name], f"{name}: {figure}"


def test_sources_have_the_names_that_dashboards_and_rules_use() -> None:
    sources = {s["uid"]: s for s in provisioned("datasources/tollwire.yaml")["datasources"]}
    for name in BOARDS:
        for variable in board(name)["templating"]["list"]:
            if variable["type"] == "datasource":
                assert sources[variable["current"]["value"]]["type"] == variable["query"]
    text = (PROVISIONING / "datasources/tollwire.yaml").read_text("utf-8")
    assert not re.search(r"password: (?!\$\{)", text), "a password belongs into the environment"


def test_the_provider_reads_the_folder_of_the_dashboards() -> None:
    (provider,) = provisioned("dashboards/tollwire.yaml")["providers"]
    assert provider["options"]["path"] == "${GRAFANA_DASHBOARDS}"
    assert {path.stem for path in FOLDER.glob("*.json")} == set(BOARDS)
