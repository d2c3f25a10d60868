"""Dial codes as cells list them: what each means, and what is refused because it could be two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.sheets.bad_cell import BadCell, read_each
from billing.sheets.code_text import codes_of, find_dash
from billing.sheets.countries import countries_of
from tests.sheets.made import lines, read, sound, terms, text_bytes, xlsx_bytes

READ = {
    "44": "44",
    "+44": "44",
    "0044": "44",
    "44.0": "44",
    "44,0": "44",
    "44 20": "4420",
    "+44 (0)20": "4420",
    "44 20-24": "4420 4421 4422 4423 4424",
    "44 20–22": "4420 4421 4422",
    "44 20 to 22": "4420 4421 4422",
    "4420-4422": "4420 4421 4422",
    "44 208-11": None,
    "44 20, 21": "4420 4421",
    "44 20, 44 21": "4420 4421",
    "4420,4421": "4420 4421",
    "4420;4421": "4420 4421",
    "4420/4421\n4422": "4420 4421 4422",
    "1 (201,202)": "1201 1202",
    "1(201, 203-205)": "1201 1203 1204 1205",
    "1 (201); 1 (202)": "1201 1202",
    "44 1, 44 1": "441",
    "881, 882": "881 882",
    "44 098-102": "44098 44099 44100 44101 44102",
    "44-20": "4420",
}


@pytest.mark.parametrize("text", [text for text, codes in READ.items() if codes])
def test_a_cell_that_lists_codes(text: str) -> None:
    assert " ".join(codes_of(text)) == READ[text]


REFUSED = {
    "": "no code",
    "4.42E+11": "cut digits off",
    "44x": "not a dial code",
    "44 20-24-28": "more than one dash",
    "44-50": "is that a range, or the code 4450",
    "4420-24": "is that a range, or the code 442024",
    "44 20-": "a dash without a code",
    "441, 20": "is 20 a code of its own",
    "44 20, 44": "is 44 a code, or is it 4444",
    "7 495, 727": "is 727 a code, or is it 7727",
    "4420 4421": "one code or several",
    "1234567890123456": "16 digits",
    "1 10000-60000": "a range of 50,001 codes",
    "44 24..20": "ends before it begins",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_cell_that_is_refused(text: str) -> None:
    with pytest.raises(BadCell, match=REFUSED[text]) as caught:
        codes_of(text)
    assert caught.value.advice


def test_a_dash_is_decided_from_the_whole_column() -> None:
    assert find_dash(["44-50", "44-20"]) == "joint"
    assert find_dash(["44-50", "4420-4424"]) == "range"
    assert find_dash(["44-50", "44 20-24"]) == ""
    assert find_dash(["44-50", "44-20", "4420-4424"]) == ""
    rows = [["Code", "Rate"], ["44-50", "0.1"], ["44-20", "0.1"]]
    assert lines(sound(text_bytes(rows))) == [f"{c}  0.1 1/1 2026-12-15" for c in ("4450", "4420")]
    unknown = read(text_bytes(rows[:2]))
    assert 'dash = "range" or "joint"' in unknown.problems[0].advice
    told = unknown.layout._replace(dash="range")
    assert sound(text_bytes(rows[:2]), layout=told).counts["codes"] == 7


def test_american_codes_with_a_dash_are_one_code() -> None:
    classes = {"interstate": ["1"], "intrastate": ["12"]}
    rows = [["NPA-NXX", "Interstate", "Intrastate"], ["201-555", "1", "1"], ["602-201", "1", "1"]]
    found = sound(text_bytes(rows), of=terms(origin_classes=classes))
    assert [line.split()[0] for line in lines(found)] == ["1201555"] * 2 + ["1602201"] * 2


def test_whole_codes_beside_a_country_code_and_one_that_lost_its_own() -> None:
    rows = [["Country code", "Code", "Rate"], *[["44", f"44{n}", "0.1"] for n in range(20, 31)],
            ["44", "31", "0.1"]]  # fmt: skip
    found = read(text_bytes(rows))
    assert found.layout.code_part == "whole"
    assert [p.row for p in found.problems] == [13]
    assert "31 does not begin with the country code 44 beside it" in found.problems[0].problem
    mixed = read(text_bytes([rows[0], *rows[1:4], ["44", "31", "0.1"], ["44", "32", "0.1"]]))
    assert len(mixed.problems) == 5
    assert not mixed.rates.num_rows


def test_numbers_of_a_workbook_are_codes_whatever_excel_makes_of_them() -> None:
    rows = [["Code", "Rate"], [442000000000.0, 0.1], [49, 0.1], ["0033", 0.1], ["4.42E+11", 0.1]]
    found = read(xlsx_bytes(("Rates", rows)))
    assert found.rates.column("prefix").to_pylist() == ["442000000000", "49", "33"]
    assert [(p.row, p.column, p.value) for p in found.problems] == [(5, "A Code", "4.42E+11")]


def test_a_list_with_more_codes_than_a_sheet_may_have_is_refused_row_by_row() -> None:
    rows = [["Code", "Rate"], ["1 1000-9999", "0.1"], ["2 10000-99999", "0.1"]]
    found = read(text_bytes(rows))
    assert found.rates.num_rows == 9_000
    assert [p.row for p in found.problems] == [3]


def test_a_range_in_two_columns() -> None:
    rows = [["Dial code from", "Dial code to", "Rate"], ["4420", "4422", "1"], ["45", "45", "1"],
            ["46", "", "1"], ["+47 9", "+47 1", "1"], ["+48 1", "0048 2", "1"]]  # fmt: skip
    found = read(text_bytes(rows))
    assert found.rates.column("prefix").to_pylist() == [
        "4420",
        "4421",
        "4422",
        "45",
        "46",
        "481",
        "482",
    ]
    assert [(p.row, p.value) for p in found.problems] == [(5, "479 to 471")]


def test_the_countries_of_codes() -> None:
    assert countries_of(["4420", "447", "1876", "1876555", "35312"]) == ("1876", "353", "44")
    assert countries_of(["1", "7"]) == ()
    assert countries_of(["7495"]) == ("73", "74", "78", "79")
    assert countries_of(["7727"]) == ("77",)


@given(
    st.text(alphabet="0123456789 ,;-+()/.~to\n", max_size=40),
    st.sampled_from(["", "range", "joint"]),
)
def test_any_text_gives_codes_or_a_reason(text: str, dash: str) -> None:
    read = read_each([text], lambda cell: codes_of(cell, dash))
    if read.bad:
        assert read.bad[0].advice
        return
    found = read.values[0]
    assert found
    assert all(code.isdecimal() and 1 <= len(code) <= 15 for code in found)
    assert len(set(found)) == len(found)
