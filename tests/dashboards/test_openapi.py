"""The OpenAPI document: every body and every name in an address has an example that fits."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dashboards.api.examples import BODIES
from dashboards.api.openapi import document
from tests.identity.requests import app_in

FORMS = {"Body_make_draft", "Body_load_file"}
"""hold a file; their fields have examples of their own"""


@pytest.fixture
def said(tmp_path: Path) -> dict[str, Any]:
    """The document."""
    return document(app_in(tmp_path))


def operations(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Every operation."""
    return [each for methods in said["paths"].values() for each in methods.values()]


def test_every_body_has_an_example_that_fits_its_schema(said: dict[str, Any]) -> None:
    names = {
        content["schema"]["$ref"].rsplit("/", 1)[1]
        for each in operations(said)
        for content in each.get("requestBody", {}).get("content", {}).values()
    }
    assert names - FORMS == set(BODIES)
    for name, example in BODIES.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": said["components"]}
        Draft202012Validator(schema).validate(example)


def test_every_name_in_an_address_has_an_example(said: dict[str, Any]) -> None:
    for each in operations(said):
        for parameter in each.get("parameters", ()):
            known = "enum" in parameter["schema"] or "example" in parameter
            assert parameter["in"] != "path" or known, (each["operationId"], parameter["name"])


def test_no_name_of_a_module_is_told(said: dict[str, Any]) -> None:
    assert [name for name in said["components"]["schemas"] if "__" in name] == []
