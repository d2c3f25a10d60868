"""The committed documents are those of the code, and are what their own standards ask for."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from typer.testing import CliRunner

from deploy.cli import app
from deploy.contract import asyncapi
from deploy.contract.catalogue import ELSEWHERE, INTERNAL, PUBLIC
from deploy.contract.documents import documents, objections, write
from deploy.contract.message import ContractError
from deploy.runtime.settings import Settings
from streams import topics
from tests.contract.schemas import JSON_MESSAGES
from tests.test_tidy import ROOT

FOLDER = ROOT / "docs" / "contract"
OFFICIAL = Path(__file__).parent / "asyncapi" / "3.0.0.json"


def document() -> Any:
    return json.loads((FOLDER / asyncapi.FILE).read_text())


@pytest.mark.parametrize("name", sorted(documents()))
def test_what_is_committed_is_what_the_code_says(name: str) -> None:
    path = FOLDER / name
    assert path.is_file(), f"{path} is missing: run `make contract`"
    assert path.read_text() == documents()[name], f"{path} differs: run `make contract`"


def test_nothing_speaks_against_the_schemas_of_versions_that_others_rely_on() -> None:
    assert objections(FOLDER) == []


def test_no_file_is_left_of_what_the_code_no_longer_says() -> None:
    versions = {
        asyncapi.schema_file(message._replace(version=version))
        for message in PUBLIC
        for version in range(1, message.version + 1)
    }
    found = {str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*") if p.is_file()}
    assert found == versions | set(documents())


def test_every_topic_is_public_or_says_why_not() -> None:
    made = {topic.name for topic in topics.all_topics(Settings.model_validate({}))}
    assert made == {m.topic for m in PUBLIC} | set(ELSEWHERE) | set(INTERNAL)


def test_the_document_is_what_asyncapi_asks_for() -> None:
    Draft7Validator(json.loads(OFFICIAL.read_text())).validate(document())


def test_the_official_schema_would_notice() -> None:
    broken = document()
    del broken["operations"]["sendRatedCalls"]["action"]
    assert not Draft7Validator(json.loads(OFFICIAL.read_text())).is_valid(broken)


def refs(node: Any) -> list[str]:
    """Every $ref of a document."""
    if isinstance(node, list):
        return [ref for part in node for ref in refs(part)]
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for part in node.values() for ref in refs(part)]
    return []


def test_every_reference_leads_somewhere() -> None:
    found = refs(document())
    assert len(found) > 3 * len(PUBLIC)
    for ref in found:
        file, _, pointer = ref.partition("#")
        target = json.loads((FOLDER / file).read_text()) if file else document()
        for part in filter(None, pointer.split("/")):
            target = target[part]
        assert target


@pytest.mark.parametrize("message", JSON_MESSAGES, ids=lambda m: m.topic)
def test_each_json_schema_is_one_and_its_examples_fit_it(message: Any) -> None:
    schema = json.loads((FOLDER / asyncapi.schema_file(message)).read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)


def test_one_command_writes_it_all_and_changes_nothing_the_second_time(tmp_path: Path) -> None:
    first = CliRunner().invoke(app, ["contract", str(tmp_path)])
    assert first.exit_code == 0, first.output
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*")) == sorted(
        documents()
    )
    assert write(tmp_path) == []


def test_a_shape_that_others_rely_on_is_not_written_over(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "schemas" / "credit.decisions.v1.json"
    kept = path.read_text().replace('"granted_s"', '"given_s"')
    path.write_text(kept)
    with pytest.raises(ContractError, match="given_s: removed or renamed"):
        write(tmp_path)
    assert path.read_text() == kept
    path.write_text(path.read_text().replace("given_s", "granted_s").replace("why not", "whyever"))
    assert write(tmp_path) == ["schemas/credit.decisions.v1.json"]
