"""What an operator says of a scope, on the command line and in files."""

from pathlib import Path

import pytest

from deploy.rerate_ask import scope_of
from rerate.scope import ScopeRefused, parse

PERIOD = {"from": "2026-11-01", "to": "2026-11-02"}


def test_a_file_and_options_that_go_before_it(tmp_path: Path) -> None:
    file = tmp_path / "scope.toml"
    file.write_text(
        'from = "2026-10-01"\nto = "2026-11-02"\nside = "buy"\ncustomers = ["b", "a"]\n'
    )
    found = scope_of(file, {"from": "2026-11-01", "side": "", "vendors": None}, None)
    assert found == parse({**PERIOD, "side": "buy", "customers": ["a", "b"]})


def test_calls_from_a_file(tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("AB" * 16 + "\n\n" + "cd" * 16)
    assert scope_of(None, PERIOD, ids).calls == ("ab" * 16, "cd" * 16)


def test_nothing_is_not_everything(tmp_path: Path) -> None:
    empty, file = tmp_path / "ids.txt", tmp_path / "scope.toml"
    empty.write_text("\n")
    with pytest.raises(ScopeRefused, match=r"ids.txt: calls: empty"):
        scope_of(None, PERIOD, empty)
    file.write_text('from = "2026-11-01"\nto = "2026-11-02"\ncustomers = []\n')
    with pytest.raises(ScopeRefused, match=r"scope.toml: customers: empty"):
        scope_of(file, {}, None)
    file.write_text("from = \n")
    with pytest.raises(ScopeRefused, match="not TOML"):
        scope_of(file, {}, None)
