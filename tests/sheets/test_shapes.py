"""Very different sheets, as carriers send them: what an analyst gets from each."""

from datetime import date
from typing import Any

import pytest

from tests.sheets.made import (
    lines,
    ods_bytes,
    read,
    sound,
    terms,
    text_bytes,
    xls_bytes,
    xlsx_bytes,
)


def test_a_european_text_file_with_letterhead_code_lists_and_decimal_commas() -> None:
    rows: list[list[Any]] = [
        ["Carrier GmbH"],
        ["Preisliste, Währung: EUR"],
        [],
        ["Zielgebiet", "Vorwahl", "Preis/Min.", "gültig ab", "Taktung"],
        ["Österreich Wien", "43 1, 20-22", "0,0105 €", "31.12.2026", "60/60"],
        ["Vereinigte Staaten", "1 (201,202)", "1.234,5", "sofort", "30/6/6"],
        ["Kuba", "0053", "gesperrt", "1.1.2027", "1+1"],
        [],
        ["Alle Preise netto. Es gelten unsere AGB."],
    ]
    found = read(text_bytes(rows, ";", "cp1252"), of=terms(zone="Europe/Berlin", currency="EUR"))
    assert [str(p) for p in found.problems] == [
        "row 5, column B Vorwahl: '43 1, 20-22': is 20 a code of its own, or the end of one such "
        "as 431?; write every code of the list in full",
        "row 6, column C Preis/Min.: '1.234,5': more than 1000; is it in the right unit and "
        "decimal sign?",
    ]
    rows[4][1], rows[5][2] = "43 1, 43 20-22", "0,02"
    found = sound(text_bytes(rows, ";", "cp1252"), of=terms(zone="Europe/Berlin", currency="EUR"))
    assert lines(found) == [
        "431 Österreich Wien 0.0105 60/60 2026-12-30T23:00:00",
        "4320 Österreich Wien 0.0105 60/60 2026-12-30T23:00:00",
        "4321 Österreich Wien 0.0105 60/60 2026-12-30T23:00:00",
        "4322 Österreich Wien 0.0105 60/60 2026-12-30T23:00:00",
        "1201 Vereinigte Staaten 0.02 30/6 2026-12-14T23:00:00",
        "1202 Vereinigte Staaten 0.02 30/6 2026-12-14T23:00:00",
        "53 Kuba 0 1/1 2026-12-31T23:00:00 blocked",
    ]
    assert found.layout.encoding == "cp1252"
    assert found.layout.decimal == ","
    assert found.layout.header_row == 4


PLAIN: list[list[Any]] = [
    ["Destination", "Code", "Rate", "Effective Date", "Increment"],
    ["Germany", 49, 0.0123, date(2027, 1, 1), "1/1"],
    ["Germany Mobile", 4915, 0.04, date(2027, 1, 1), "60/60"],
    ["Kenya", "254", 0.1, date(2027, 2, 1), "60/1"],
]
PLAIN_LINES = [
    "49 Germany 0.0123 1/1 2027-01-01",
    "4915 Germany Mobile 0.04 60/60 2027-01-01",
    "254 Kenya 0.1 60/1 2027-02-01",
]


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "csv", "tsv", "utf-16", "utf-16-le", "sep"])
def test_the_same_rates_in_every_kind_of_file(kind: str) -> None:
    as_text = [[str(value) for value in row] for row in PLAIN]
    data = {
        "xlsx": xlsx_bytes(("Rates", PLAIN)),
        "xls": xls_bytes(PLAIN),
        "ods": ods_bytes(PLAIN),
        "csv": text_bytes(as_text),
        "tsv": text_bytes(as_text, "\t"),
        "utf-16": text_bytes(as_text, ";", "utf-16"),
        "utf-16-le": text_bytes(as_text, "\t", "utf-16-le"),
        "sep": b"sep=|\r\n" + text_bytes(as_text, "|"),
    }[kind]
    assert lines(sound(data)) == PLAIN_LINES


def test_a_workbook_whose_rates_are_on_the_second_sheet_below_a_letterhead() -> None:
    cover = [["Dear partner"], ["please find our new rates"]]
    rates = [[None, "ACME Telecom, full A-Z price list"], [], *[[None, *row] for row in PLAIN]]
    old = [["Code", "Price"], [1, 2]]
    found = sound(xlsx_bytes(("Cover", cover), ("Rates", rates), ("Old", old), hidden=["Old"]))
    assert lines(found) == PLAIN_LINES
    assert (found.layout.sheet, found.layout.header_row, found.coverage) == ("Rates", 3, "full")


def test_two_code_columns_two_increment_columns_and_a_fee() -> None:
    rows = [
        ["Country", "Country Code", "Network", "Area Code", "Old Price", "New Price", "Change",
         "Min. Duration", "Initial Incr.", "Next Incr.", "Connection Fee"],
        ["UK", 44, "London", "20, 21", 0.3, 0.4, "Increase", 0, 30, 6, 0.01],
        ["UK", 44, "Proper", None, 0.3, 0.2, "Decrease", 12, 6, 6, 0],
        ["UK", 44, "Premium", 9, 0.3, None, "Blocked", 0, 1, 1, 0],
    ]  # fmt: skip
    found = sound(xlsx_bytes(("Rates", rows)))
    assert lines(found) == [
        "4420 UK London 0.4 30/6 2026-12-15 +0.01",
        "4421 UK London 0.4 30/6 2026-12-15 +0.01",
        "44 UK Proper 0.2 12/6 2026-12-15",
        "449 UK Premium 0 1/1 2026-12-15 blocked",
    ]
    assert found.layout.code_part == "area"


def test_prices_by_time_of_day_and_by_origin() -> None:
    classes: dict[str, Any] = {
        "time_classes": {"default": "off-peak", "peak": ["mon-fri 08:00-20:00"]},
        "origin_classes": {"EEA": ["+49"]},
    }
    rows = [
        ["Prefix", "Description", "Peak Rate", "Off-Peak Rate", "EEA origin"],
        ["44", "UK", "0.3", "0.2", "0.1"],
        ["45", "DK", "0.3", "", "n/a"],
    ]
    assert lines(sound(text_bytes(rows), of=terms(**classes))) == [
        "44 UK 0.3 1/1 2026-12-15 peak",
        "44 UK 0.2 1/1 2026-12-15 off-peak",
        "44 UK 0.1 1/1 2026-12-15 EEA",
        "45 DK 0.3 1/1 2026-12-15 peak",
        "45 DK 0 1/1 2026-12-15 EEA blocked",
    ]
    without = read(text_bytes(rows))
    assert [(p.column, p.problem) for p in without.problems] == [
        ("C Peak Rate", "prices of a class that the options lack: [time_classes] 'peak'"),
        ("D Off-Peak Rate", "prices of a class that the options lack: [time_classes] 'off-peak'"),
        ("E EEA origin", "prices of a class that the options lack: [origin_classes] 'EEA'"),
    ]
    assert not without.rates.num_rows


def test_headers_over_two_rows_are_read_together() -> None:
    profile = {"default": "off-peak", "peak": ["mon-fri 08:00-20:00"]}
    rows: list[list[Any]] = [
        ["Rates of ACME from January"],
        [None, None, "Peak", None, "Off-Peak", None],
        ["Name", "Code", "Rate", "Note", "Rate", "Note"],
        ["UK", 44, 0.3, "", 0.2, ""],
    ]
    found = sound(xlsx_bytes(("R", rows)), of=terms(time_classes=profile))
    assert lines(found) == ["44 UK 0.3 1/1 2026-12-15 peak", "44 UK 0.2 1/1 2026-12-15 off-peak"]
    again = sound(xlsx_bytes(("R", rows)), of=terms(time_classes=profile), layout=found.layout)
    assert lines(again) == lines(found)


def test_an_american_deck_by_npa_nxx() -> None:
    classes: dict[str, Any] = {"jurisdiction": "nanp", "states": {"NJ": ["201"]}}
    rows = [
        ["NPA", "NXX", "Inter", "Intra", "Indeterminate"],
        ["201", "200", "0.001", "0.002", "0.003"],
        ["201", "201", "0.001", "0.004", "0.003"],
    ]
    found = sound(text_bytes(rows), of=terms(**classes))
    assert lines(found)[:4] == [
        "1201200  0.001 1/1 2026-12-15 interstate",
        "1201200  0.002 1/1 2026-12-15 intrastate",
        "1201200  0.003 1/1 2026-12-15 indeterminate",
        "1201201  0.001 1/1 2026-12-15 interstate",
    ]
    assert found.layout.code_prefix == "1"
    joined = [["NPANXX", *rows[0][2:]], ["201200", *rows[1][2:]], ["201201", *rows[2][2:]]]
    assert lines(sound(text_bytes(joined), of=terms(**classes))) == lines(found)
    assert all('jurisdiction = "nanp"' in p.advice for p in read(text_bytes(joined)).problems)


def test_prices_a_second_in_cents_and_dates_with_an_end() -> None:
    rows = [
        ["Dial Code", "Name", "Cents per second", "Valid from", "Valid until"],
        ["+33", "France", "0.02", "25/12/2026", "31/12/2026"],
        ["+33", "France", "0.03", "01/01/2027", ""],
        ["+34", "Spain", "0.02", "immediately", "31/12/9999"],
    ]
    found = sound(text_bytes(rows))
    assert lines(found) == [
        "33 France 0.012 1/1 2026-12-25 to 2027-01-01",
        "33 France 0.018 1/1 2027-01-01",
        "34 Spain 0.012 1/1 2026-12-15",
    ]
    assert (found.layout.dates, found.layout.end_dates) == ("dmy", "last_day")


def test_an_end_date_on_which_the_next_rate_begins_is_not_a_day_of_the_rate() -> None:
    rows = [
        ["Code", "Rate", "Start date", "End date"],
        ["33", "0.02", "25/12/2026", "01/01/2027"],
        ["33", "0.03", "01/01/2027", ""],
    ]
    assert lines(sound(text_bytes(rows)))[0] == "33  0.02 1/1 2026-12-25 to 2027-01-01"


def test_a_rate_without_end_ends_where_the_next_of_its_code_begins() -> None:
    rows = [
        ["Code", "Rate", "Effective"],
        ["33", "0.03", "2027-02-01"],
        ["33", "0.02", "2027-01-01"],
        ["33", "0.02", "2027-01-01"],
    ]
    found = sound(text_bytes(rows))
    assert lines(found) == [
        "33  0.03 1/1 2027-02-01",
        "33  0.02 1/1 2027-01-01 to 2027-02-01",
    ]
    assert found.counts["repeated"] == 1


def test_cells_merged_over_several_rows_are_filled_down_when_told() -> None:
    rows = [
        ["Destination", "Codes", "Rate"],
        ["Italy", "39", "0.02"],
        ["", "393", ""],
        ["Malta", "356", "0.05"],
    ]
    found = read(text_bytes(rows))
    assert [(p.row, p.problem) for p in found.problems] == [(3, "no price")]
    assert "fill_down" in found.problems[0].advice
    told = found.layout._replace(fill_down=True)
    assert lines(sound(text_bytes(rows), layout=told))[1] == "393 Italy 0.02 1/1 2026-12-15"


def test_a_sheet_in_russian_and_one_without_a_header() -> None:
    rows = [["Направление", "Код", "Цена, USD", "Дата начала действия", "Тарификация"],
            ["Казахстан Алматы", "7 727", "0,05", "15.01.2027", "60/60"]]  # fmt: skip
    expected = ["7727 Казахстан Алматы 0.05 60/60 2027-01-15"]
    assert lines(sound(text_bytes(rows, ";", "cp1251"))) == expected
    bare = [["Kazakhstan", "7727", "0.05"], ["Kenya", "254", "0.1"]]
    found = sound(text_bytes(bare))
    assert lines(found)[0] == "7727 Kazakhstan 0.05 1/1 2026-12-15"
    assert found.layout.header_row == 0
