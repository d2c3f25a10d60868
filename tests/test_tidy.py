"""House style as a test: each rule names what to do instead."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("billing", "clickhouse", "dashboards", "deploy", "kernels", "rerate", "streams")
LINES_MAX = 300
FUNCTION_LINES_MAX = 50
WRITTEN_BY_ALEMBIC = "deploy/runtime/migrations/versions/"
GATHERING_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
LONGER_FOR_A_REASON: dict[str, str] = {}
"""file -> why it is longer than LINES_MAX"""

TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.split()
SOURCES = [f for f in TRACKED if f.endswith(".py") and f.split("/")[0] in (*PACKAGES, "tests")]


def test_there_is_something_to_hold_to_the_rules() -> None:
    assert len(SOURCES) > 40


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_has_one_subject(name: str) -> None:
    text = (ROOT / name).read_text()
    lines = text.count("\n")
    if name not in LONGER_FOR_A_REASON:
        assert lines <= LINES_MAX, f"{name} has {lines} lines: split it by subject"
    assert Path(name).stem not in GATHERING_NAMES, f"{name}: name it after its one subject"


@pytest.mark.parametrize("name", SOURCES)
def test_modules_and_functions_say_what_they_are(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text())
    if Path(name).name != "__init__.py" or tree.body:
        assert ast.get_docstring(tree), f"{name}: say what the module owns and what stays true"
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        lines = (node.end_lineno or 0) - node.lineno + 1
        if not isinstance(node, ast.ClassDef) and not name.startswith(WRITTEN_BY_ALEMBIC):
            assert lines <= FUNCTION_LINES_MAX, f"{name}:{node.lineno} {node.name}: {lines} lines"
        if name.startswith("tests/") or node.name.startswith("_"):
            continue
        if node in tree.body:
            assert ast.get_docstring(node), f"{name}:{node.lineno} {node.name}: no docstring"


def test_every_folder_says_what_it_owns() -> None:
    for folder in (*PACKAGES, "docs", "tests", "requirements"):
        assert (ROOT / folder / "README.md").is_file(), f"{folder}/README.md is missing"


def test_nothing_names_a_machine_or_a_registry() -> None:
    forbidden = ("--index" + "-url", "--find" + "-links", "files.python" + "hosted.org")
    for name in TRACKED:
        path = ROOT / name
        if "/vendor/" in name or not path.is_file() or path.suffix in (".png", ".woff2"):
            continue
        text = path.read_text(errors="replace")
        for word in forbidden:
            assert word not in text, f"{name} contains {word}"


def test_only_clickhouse_speaks_sql() -> None:
    for name in SOURCES:
        if name.startswith(("clickhouse/", "tests/")):
            continue
        for node in ast.walk(ast.parse((ROOT / name).read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = node.value.lstrip().split()
                sql = words[:1] in (["SELECT"], ["INSERT"], ["ALTER"], ["CREATE"])
                assert not sql, f"{name}:{node.lineno} speaks SQL: move it to clickhouse/"


def test_the_environment_is_read_in_one_place() -> None:
    for name in SOURCES:
        if name.startswith("tests/") or name == "deploy/runtime/settings.py":
            continue
        text = (ROOT / name).read_text()
        assert "getenv" not in text, f"{name}: settings come from deploy/runtime/settings.py"
        assert text.count("os.environ") <= (name == "deploy/local.py"), f"{name}: reads os.environ"
