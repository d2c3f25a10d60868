"""`tollwire deck check` as a pricing analyst runs it: a real process on real files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from billing.errors import TollwireError
from billing.sheets import read_sheet
from deploy import deck_check
from tests.deploy.az_deck import DECK, needs_deck
from tests.deploy.offline import tollwire
from tests.sheets.made import terms, text_bytes, xlsx_bytes

ROWS = [
    ["Carrier Ltd, partial update"],
    ["Destination", "Dial codes", "Old rate", "New rate", "Effective date", "Billing increment"],
    ["UK London", "44 20-21", 0.1, 0.12, "25/12/2026", "60/60"],
    ["UK", "44", 0.1, "x1", "25/12/2026", "60/60"],
]


def test_a_sheet_is_shown_corrected_and_its_layout_saved(tmp_path: Path) -> None:
    (tmp_path / "rates.xlsx").write_bytes(xlsx_bytes(("Dec", ROWS)))
    done = tollwire("deck", "check", "rates.xlsx", "--save-layout", "l.toml", folder=tmp_path)
    assert done.returncode == 1, done.stderr
    shown = done.stdout
    assert "rates.xlsx: sheet 'Dec', header in row 2, 2 rows below" in shown
    assert "│ B      │ Dial codes        │ code                 │ 44 20-21  44" in shown
    assert "not used (old price)" in shown
    assert "dates dmy" in shown
    assert "problem: sheet 'Dec', row 4, column D New rate: 'x1': not a price" in shown
    assert "coverage: partial" in shown
    good = [*ROWS[:3], ["UK", "44", 0.1, 1.2, "25/12/2026", "60/60"]]
    (tmp_path / "next.xlsx").write_bytes(xlsx_bytes(("Jan", good)))
    (tmp_path / "before.csv").write_bytes(
        text_bytes([["Code", "Rate", "Destination"], ["44", "0.1", "UK"]])
    )
    done = tollwire(
        *("deck", "check", "next.xlsx", "--layout", "l.toml", "--against", "before.csv", "--json"),
        folder=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["counts"]["rates"] == 3
    assert told["layout"]["columns"][3]["cells"] == ["0.12", "1.2"]
    assert any("no sheet 'Dec'" in note for note in told["notes"])
    assert [(w["rule"], w["prefix"], w["before"], w["now"]) for w in told["warnings"]] == [
        ("price_jump", "44", "0.1", "1.2")
    ]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a side": ({"side": "both"}, "--side both: one of sell, buy"),
    "a zone": ({"zone": "Mars"}, "--zone 'Mars'"),
    "a date": ({"valid_from": "soon"}, "--valid-from 'soon'"),
    "a layout": ({"layout": Path("none.toml")}, "none.toml: No such file"),
    "a sheet to compare with": ({"against": Path("none.csv")}, "none.csv: No such file"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_option_that_is_refused(what: str, tmp_path: Path) -> None:
    options, why = REFUSED[what]
    (tmp_path / "a.csv").write_bytes(text_bytes([["Code", "Rate"], ["44", "1"]]))
    asked = deck_check.Asked("buy", None, "UTC", "", None, None, None)._replace(**options)
    with pytest.raises(TollwireError, match=re.escape(why)):
        deck_check.check(tmp_path / "a.csv", asked, 0)


def test_a_layout_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(text_bytes([["Code", "Rate"], ["44", "1"]]))
    done = tollwire("deck", "check", "a.csv", "--save-layout", "no/such/l.toml", folder=tmp_path)
    assert done.returncode == 1
    assert "no/such/l.toml: No such file" in done.stderr


@needs_deck
def test_the_real_deck_is_read_whole() -> None:
    found = read_sheet(DECK.read_bytes(), DECK.name, terms())
    assert not found.problems
    assert (found.rates.num_rows, found.coverage) == (36_205, "full")
