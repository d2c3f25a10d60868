"""What people take away of a difference and of a deck: workbook, JSON, terminal, states."""

import json
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from billing.deck_diff.report import Diff, diff
from billing.errors import FileRefused
from billing.inert_text import safe
from clickhouse.reference import VersionRow
from deploy.decks import diff_export, diff_report
from deploy.decks.rate_rows import write_file
from deploy.decks.reading import is_own
from deploy.decks.version_report import standing
from tests.billing.deck_diff.test_diff import traffic
from tests.billing.deck_diff.worlds import NOW, deck


def found() -> Diff:
    old = deck(1, "44,=HYPERLINK(),0.6,0,1,1", "33,France,0.4,0,1,1", "49,Germany,0.1,0,1,1")
    new = deck(2, "44,=HYPERLINK(),0.9,0,1,1", "33,France,0.4,0,60,60", valid_from_ms=NOW)
    return diff([old], new, traffic(("44", 2, 120)))


def test_the_workbook_has_the_sums_the_destinations_and_the_changes(tmp_path: Path) -> None:
    path = tmp_path / "diff.xlsx"
    diff_export.write(path, found())
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == ["summary", "destinations", "changes"]
    summary = {row[0]: row for row in book.get_sheet_by_name("summary").to_python()}
    assert summary["increased"][1:] == [1, 2, 2, 1.2, 1.8, 0.6, "0.6"]
    names = [row[0] for row in book.get_sheet_by_name("destinations").to_python()]
    assert names[1] == "'=HYPERLINK()"
    changes = book.get_sheet_by_name("changes").to_python()
    assert [row[:3] for row in changes[1:]] == [
        ["33", "France", "increments"],
        ["44", "'=HYPERLINK()", "increased"],
        ["49", "Germany", "closed"],
    ]
    assert changes[1][6:10] == ["0.4", "0.4", "1/1", "60/60"]
    assert [p.name for p in tmp_path.iterdir()] == ["diff.xlsx"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    assert safe(f"a{text}") == f"a{text}"


def test_other_names_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match=r"written as \.xlsx"):
        diff_export.write(tmp_path / "diff.csv", found())
    with pytest.raises(FileRefused, match=r"written as \.csv or \.xlsx"):
        write_file(tmp_path / "deck.ods", deck(1, "44,UK,0.6,0,1,1").rates)
    with pytest.raises(FileRefused, match="No such file"):
        write_file(tmp_path / "missing" / "deck.csv", deck(1, "44,UK,0.6,0,1,1").rates)


def test_json_has_every_change_and_exact_money() -> None:
    said = json.loads(diff_report.as_json(found()))
    assert said["kinds"]["increased"] == {
        "codes": 1,
        "calls": 2,
        "duration_ms": 120_000,
        "old": "1.2",
        "new": "1.8",
        "delta": "0.6",
    }
    assert [c["code"] for c in said["changes"]] == ["33", "44", "49"]
    assert said["changes"][2]["new_next_rate"] is None


def test_the_terminal_shows_the_most_money_first(capsys: pytest.CaptureFixture[str]) -> None:
    diff_report.show(found())
    said = capsys.readouterr().out
    assert said.index("=HYPERLINK()") < said.index("France")
    assert "0.4 60/60" in said


def test_our_own_format_is_known_by_its_header() -> None:
    header = "prefix,destination,rate_per_min,connect_fee,first_increment,next_increment"
    assert is_own(f"\ufeff{header.upper()},extra\n1".encode())
    assert not is_own(b"Code;Price\n44;0.1")
    assert not is_own(b"PK\x03\x04")


def test_what_a_version_is_now() -> None:
    def row(number: int, coverage: str, from_ms: int) -> VersionRow:
        return VersionRow(number, "gold", "sell", "USD", coverage, from_ms, 0, "{}", "f", "", 1)

    rows = [row(1, "full", 1), row(2, "partial", 2), row(3, "full", 10), row(4, "partial", 20)]
    begins_ms = {1: 1, 2: 2, 3: 15, 4: 20}
    words = {1: "in force", 2: "in force", 3: "in force", 4: "scheduled"}
    assert standing(rows, begins_ms, 12) == words
    assert standing(rows, begins_ms, 15) == {**words, 1: "superseded", 2: "superseded"}
