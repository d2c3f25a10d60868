"""Layouts: found again in the partner's next sheet, corrected by hand, refused where they lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.errors import OptionsRefused
from billing.sheets import Layout, LayoutColumn, format_layout, parse_layout
from billing.sheets.layout import DASHES, DATE_ORDERS, DECIMALS, END_DATES, ROLES, SEVERAL
from tests.sheets.made import lines, read, sound, text_bytes

ROWS = [["Name", "Prefix", "Buy rate"], ["UK", "44", "0,1"], ["DK", "45", "0,25"]]
LINES = ["44 UK 0.1 1/1 2026-12-15", "45 DK 0.25 1/1 2026-12-15"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Any layout that may be saved."""
    roles = draw(st.lists(st.sampled_from(ROLES), max_size=6, unique=True))
    roles += draw(st.lists(st.sampled_from(SEVERAL), max_size=3))
    columns = [LayoutColumn(i + 1, draw(TEXTS), role, draw(TEXTS)) for i, role in enumerate(roles)]
    return Layout(
        tuple(columns),
        sheet=draw(TEXTS),
        header_row=draw(st.integers(-1, 99)),
        decimal=draw(st.sampled_from(DECIMALS)),
        dates=draw(st.sampled_from(DATE_ORDERS)),
        dash=draw(st.sampled_from(DASHES)),
        code_prefix=draw(st.sampled_from(["", "1", "44"])),
        price_decimals=draw(st.integers(-1, 9)),
        end_dates=draw(st.sampled_from(END_DATES)),
        fill_down=draw(st.booleans()),
    )


@given(layouts())
def test_a_layout_is_written_and_read_back(layout: Layout) -> None:
    assert parse_layout(format_layout(layout), "l.toml") == layout


def test_the_next_sheet_of_a_partner_has_moved_its_columns_and_its_header() -> None:
    first = sound(text_bytes(ROWS, ";"))
    assert lines(first) == LINES
    saved = parse_layout(format_layout(first.layout), "l.toml")
    moved = [["December"], [], *[[row[2], "x", row[0], row[1]] for row in ROWS]]
    again = sound(text_bytes(moved, ";"), layout=saved)
    assert lines(again) == LINES
    assert again.layout.header_row == 3
    ambiguous = [ROWS[0], ["UK", "44", "1,234"]]
    assert read(text_bytes(ambiguous, ";")).problems
    assert lines(sound(text_bytes(ambiguous, ";"), layout=saved)) == ["44 UK 1.234 1/1 2026-12-15"]


def test_a_sheet_that_no_longer_has_the_layouts_columns_gives_no_rates() -> None:
    saved = read(text_bytes(ROWS, ";")).layout
    found = read(text_bytes([["Name", "Prefix", "Sell rate"], *ROWS[1:]], ";"), layout=saved)
    assert not found.rates.num_rows
    assert "no row has all the columns of the layout" in found.problems[0].problem


def test_a_layout_written_by_hand_says_what_words_cannot() -> None:
    rows = [["alpha", "beta", "gamma"], ["0.1", "44", "UK"], ["0.2", "45", "DK"]]
    told = parse_layout(
        'header_row = 1\nincrements = "60/60"\n[[columns]]\ncolumn = 2\nrole = "code"\n'
        '[[columns]]\ncolumn = 1\nheader = "alpha"\nrole = "price"\n',
        "by hand",
    )
    found = sound(text_bytes(rows), layout=told)
    assert lines(found) == ["44  0.1 60/60 2026-12-15", "45  0.2 60/60 2026-12-15"]


REFUSED = {
    "decimal = ';'": "decimal=';': one of '', '.', ','",
    "header_row = 'x'": "header_row='x'",
    "colour = 1": "unknown key colour",
    "fill_down = 1": "true or false",
    "code_prefix = '+1'": "digits",
    "delimiter = '::'": "one character",
    "columns = 1": "columns: a list",
    "[[columns]]\ncolumn = 0\nrole = 'code'": "columns.column=0",
    "[[columns]]\ncolumn = 1\nrole = 'prise'": "columns.role='prise'",
    "[[columns]]\ncolumn = 1\nrole = 'code'\nwidth = 3": "unknown key width",
    "[[columns]]\ncolumn = 1\nrole = 'code'\n[[columns]]\ncolumn = 2\nrole = 'code'": "role code",
    "x =": "l.toml: ",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_layout_that_is_refused(text: str) -> None:
    with pytest.raises(OptionsRefused, match=r"l\.toml") as caught:
        parse_layout(text, "l.toml")
    assert REFUSED[text] in str(caught.value)
