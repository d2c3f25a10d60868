"""`tollwire whatif`, the real command on files: what another deck would make of their calls."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from deploy.whatif import COLUMNS
from tests.deploy.offline import read_rows, tollwire, write_calls, write_decks

NEW = """prefix,destination,rate_per_min,connect_fee,first_increment,next_increment
44,United Kingdom,0.6,0.01,1,1
447,"United Kingdom, mobile",1.3,0,60,60
880,Bangladesh,0.4,0,1,1
"""
CHANGED = [
    ("mobile", "00447700900123", "31000", "United Kingdom, mobile", "0.72", "1.3", "0.58"),
    ("loss", "12025550100", "7000", "USA", "0.012", "", "-0.012"),
    ("nowhere", "8801", "60000", "Bangladesh", "", "0.4", "0.4"),
]
"""call id, called, duration, destination, old and new money, delta"""


def decks(folder: Path) -> tuple[str, ...]:
    sell, _ = write_decks(folder)
    (folder / "new.csv").write_text(NEW)
    return ("--old", str(sell), "--new", str(folder / "new.csv"))


@pytest.mark.parametrize(
    ("calls", "out"), [("csv", "parquet"), ("jsonl", "csv"), ("parquet", "jsonl")]
)
def test_every_changed_call_and_its_sums(calls: str, out: str, tmp_path: Path) -> None:
    file, changed = write_calls(tmp_path / f"calls.{calls}"), tmp_path / f"out.{out}"
    given = (*decks(tmp_path), "--out", str(changed), "--json")
    ended = tollwire("whatif", file, *given, folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    rows = read_rows(changed, COLUMNS)
    assert [(r[0], *r[2:5], r[6], r[9], r[11]) for r in rows] == CHANGED
    found = json.loads(ended.stdout)
    assert found["calls"] == 6
    assert found["dead"] == 2
    assert (found["changed"], found["newly_rated"], found["no_longer_rated"]) == (3, 1, 1)
    assert Decimal(found["delta"]) == sum(Decimal(row[6]) for row in CHANGED)
    assert Decimal(found["new"]) - Decimal(found["old"]) == Decimal(found["delta"])
    for name in ("by_day", "by_destination"):
        assert sum(Decimal(line["delta"]) for line in found[name]) == Decimal(found["delta"])
    assert [change["call_id"] for change in found["largest"]] == ["mobile", "nowhere", "loss"]
    assert "44x" in ended.stderr


def test_the_tables_name_currency_and_every_amount(tmp_path: Path) -> None:
    file = write_calls(tmp_path / "calls.csv")
    ended = tollwire("whatif", file, *decks(tmp_path), folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    for text in ("By destination, USD", "By day, USD", "Bangladesh", "0.58", "-0.012"):
        assert text in ended.stdout
    assert "6 calls = changed 3 (of them newly rated 1, no longer rated 1)" in ended.stdout
    assert "2 records are no calls" in ended.stdout


def test_the_same_deck_changes_nothing(tmp_path: Path) -> None:
    sell, _ = write_decks(tmp_path)
    file, out = write_calls(tmp_path / "calls.csv"), tmp_path / "out.csv"
    given = ("--old", str(sell), "--new", str(sell), "--out", str(out), "--json")
    found = json.loads(tollwire("whatif", file, *given, folder=tmp_path).stdout)
    assert (found["changed"], found["delta"], found["largest"]) == (0, "0", [])
    assert read_rows(out, COLUMNS) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--new-options", "eur.toml"), "the old deck charges USD, the new one EUR"),
        (("--out", "new.csv"), "is read by this run"),
        (("--out", "out.xyz"), "expected .csv, .jsonl or .parquet"),
        (("--out", "nowhere/out.csv"), "nowhere/out.csv: No such file or directory"),
        (("--out", "/dev/full"), "/dev/full: No space left on device"),
        (("--fx", "fx.csv"), "go together"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_written(
    more: tuple[str, str], said: str, tmp_path: Path
) -> None:
    file, given = write_calls(tmp_path / "calls.csv"), decks(tmp_path)
    (tmp_path / "eur.toml").write_text('currency = "EUR"\n')
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    ended = tollwire("whatif", file, *given, *more, folder=tmp_path)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
