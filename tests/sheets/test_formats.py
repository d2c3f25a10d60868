"""Prices, dates and increments: decided from the whole column, refused where that cannot be."""

from datetime import date
from typing import Any

import pytest

from billing.sheets.amounts import bare, currency_named, find_decimal
from billing.sheets.bad_cell import BadCell
from billing.sheets.cells import DATE, NUMBER, Cell
from billing.sheets.increments import read_increments, with_minimum
from tests.sheets.made import lines, read, sound, terms, text_bytes, xlsx_bytes


def priced(*prices: str, header: str = "Rate", **told: Any) -> list[str]:
    rows = [["Code", header], *[[str(30 + i), price] for i, price in enumerate(prices)]]
    layout = read(text_bytes(rows, ";")).layout._replace(**told) if told else None
    found = read(text_bytes(rows, ";"), layout=layout)
    bad = {p.row: p.problem for p in found.problems}
    good = iter(lines(found))
    return [bad[i] if i in bad else next(good).split()[1] for i in range(2, len(prices) + 2)]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (["0.0105", "1"], ["0.0105", "1"]),
        (["0,0105", "1"], ["0.0105", "1"]),
        (["0,015"], ["0.015"]),
        ([",5"], ["0.5"]),
        ([".5", "1."], ["0.5", "1"]),
        (["0.1", "999.5"], ["0.1", "999.5"]),
        (["0,1", "1.000"], ["0.1", "1000"]),
        (["0.1", "1,000"], ["0.1", "1000"]),
        (["$0.01", "US$ 0.02", "0.03 USD/min"], ["0.01", "0.02", "0.03"]),
        (["0.1", "1 000"], ["0.1", "1000"]),
        (["0.123456789"], ["0.123456789"]),
        (["0.1", "0.1234567891"], ["0.1", "more than 9 decimals"]),
        (["0.1", "-0.1"], ["0.1", "negative"]),
        (["0.1", "2000"], ["0.1", "more than 1000"]),
        (["0.1", "1.2.3"], ["0.1", "two decimal signs"]),
        (["0.1", "abc"], ["0.1", "not a price"]),
        (["1,234"], ["is the comma a decimal comma or a thousands separator?"]),
    ],
)
def test_prices(written: list[str], read_as: list[str]) -> None:
    assert priced(*written) == read_as


def test_an_undecided_comma_and_a_long_price_can_be_told() -> None:
    assert priced("1,234", decimal=",") == ["1.234"]
    rows = [["Code", "Rate"], ["44", "0.33333333333"], ["45", "0.00000005"]]
    layout = read(text_bytes(rows)).layout._replace(price_decimals=6)
    assert [x.split()[1] for x in lines(sound(text_bytes(rows), layout=layout))] == [
        "0.333333",
        "0",
    ]


def test_points_and_commas_in_one_column_are_a_problem_of_the_sheet() -> None:
    with pytest.raises(BadCell, match=r"decimal points .* and decimal commas"):
        find_decimal([Cell("0.01"), Cell("0,02")])
    rows = [["Code", "Rate"], ["44", "0.01"], ["45", "0,02"]]
    found = read(text_bytes(rows, ";"))
    assert found.problems[0].row == 0
    assert [p.row for p in found.problems[1:]] == [3]


def test_formula_results_lose_only_what_a_workbook_does_not_show() -> None:
    rows = [["Code", "Rate"], [44, 0.1 + 0.2], [45, 1e-7], [46, 1 / 3]]
    found = read(xlsx_bytes(("Rates", rows)))
    assert [line.split()[1] for line in lines(found)] == ["0.3", "0.0000001"]
    assert [p.problem for p in found.problems] == ["more than 9 decimals"]


def test_another_currency_is_never_taken_for_ours() -> None:
    assert currency_named("€ 0.01") == "EUR"
    assert currency_named("0.01 GBP") == "GBP"
    assert currency_named("Rate") == ""
    assert bare("EUR 0,01/min") == "0,01"
    rows = [["Code", "Rate"], ["44", "€0.01"], ["45", "0.02"]]
    assert [(p.row, p.problem) for p in read(text_bytes(rows)).problems] == [
        (2, "in EUR, not in USD")
    ]
    letter = read(text_bytes([["All prices in EUR"], *rows]))
    assert not letter.rates.num_rows
    column = [["Code", "Rate", "Currency"], ["44", "1", "USD"], ["45", "1", "CHF"]]
    assert [p.value for p in read(text_bytes(column)).problems] == ["CHF"]
    words = [["Code", "Rate", "Currency"], ["44", "1", "US Dollar"], ["45", "1", "usd"]]
    assert [p.problem for p in read(text_bytes(words)).problems] == ["not a currency known here"]
    header = read(text_bytes([["Code", "Price in EUR"], ["44", "1"]]))
    assert not header.rates.num_rows
    assert header.problems[0].problem == "the sheet is in EUR, not in USD"
    both = [["Code", "USD", "EUR"], ["44", "0.02", "0.01"]]
    assert lines(sound(text_bytes(both), of=terms(currency="EUR")))[0].split()[1] == "0.01"


def test_two_columns_that_could_be_the_price_give_no_rates() -> None:
    found = read(text_bytes([["Code", "Rate A", "Rate B"], ["44", "0.02", "0.01"]]))
    assert "each could be the price" in found.problems[0].problem
    assert not found.rates.num_rows
    codes = read(text_bytes([["Dial code", "Prefix", "Rate"], ["4420", "4429", "0.1"]]))
    assert "each could be the dial code" in codes.problems[0].problem
    assert not codes.rates.num_rows


def dated(*texts: object, zone: str = "UTC") -> list[str]:
    rows = [
        ["Code", "Rate", "Effective date"],
        *[[str(30 + i), "1", d] for i, d in enumerate(texts)],
    ]
    found = read(xlsx_bytes(("Rates", rows)), of=terms(zone=zone))
    bad = {p.row: p.problem for p in found.problems}
    good = iter(lines(found))
    return [bad[i] if i in bad else next(good).split()[-1] for i in range(2, len(texts) + 2)]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (["03/04/2027", "13/04/2027"], ["2027-04-03", "2027-04-13"]),
        (["03/04/2027", "04/13/2027"], ["2027-03-04", "2027-04-13"]),
        (["03.04.2027"], ["2027-04-03"]),
        (["5/5/27"], ["2027-05-05"]),
        (["2027-04-03", "2027/4/3", "20270403"], ["2027-04-03"] * 3),
        (["1 Dec 2026", "01-Dec-26", "Dec 1, 2026", "1. Dezember 2026"], ["2026-12-01"] * 4),
        (["1 août 2027", "15 de"], ["2027-08-01", "not a date"]),
        ([46357, date(2026, 12, 2)], ["2026-12-01", "2026-12-02"]),
        (["immediately", "ASAP", "", "sofort"], ["2026-12-15"] * 4),
        (["2027-04-03 14:30", "2027-04-03T14:30:00Z"], ["2027-04-03T14:30:00"] * 2),
        (["2027-04-03 2:30 PM UTC"], ["2027-04-03T14:30:00"]),
        (["03/04/2027"], ["is that the day or the month first?"]),
        (["26-12-01"], ["is '01 the year?"]),
        (["2027-02-30"], ["no such day"]),
        (["1999-01-01"], ["outside the years 2000 to 2099"]),
    ],
)
def test_dates(written: list[object], read_as: list[str]) -> None:
    assert dated(*written) == read_as


def test_a_date_is_midnight_of_the_partners_zone() -> None:
    assert dated("2027-07-01", zone="America/New_York") == ["2027-07-01T04:00:00"]
    assert dated("2027-07-01 10:00 EST", zone="America/New_York")[0].startswith("names a time zone")


def test_real_dates_beside_texts_may_have_been_turned_around() -> None:
    rows = [["Code", "Rate", "Date"], ["44", 1, date(2027, 1, 2)], ["45", 1, "13/02/2027"]]
    found = read(xlsx_bytes(("Rates", rows)))
    assert "the spreadsheet may have taken days for months" in found.problems[0].problem
    sound(xlsx_bytes(("Rates", rows)), layout=found.layout._replace(dates="dmy"))


PAIRS = {
    "60/60": (60, 60),
    "1+1": (1, 1),
    "1/1/1": (1, 1),
    "30/6/6": (30, 6),
    "0/60/60": (60, 60),
    "60 / 1 sec": (60, 1),
    "60": (60, 60),
    "60s/60s": (60, 60),
    "per second": (1, 1),
    "60/0": (60, 0),
    "0/1": None,
    "3601/1": None,
    "12/6/5": None,
    "x": None,
    "1/1/1/1": None,
}


@pytest.mark.parametrize(("text", "pair"), PAIRS.items())
def test_increments(text: str, pair: tuple[int, int] | None) -> None:
    if pair:
        assert read_increments(Cell(text)) == pair
    else:
        with pytest.raises(BadCell):
            read_increments(Cell(text))


def test_increments_that_a_spreadsheet_has_made_dates_of() -> None:
    assert read_increments(Cell("2026-01-01", DATE)) == (1, 1)
    with pytest.raises(BadCell, match="made a date of it: 6/1 or 1/6"):
        read_increments(Cell("2026-01-06", DATE))
    assert with_minimum(30, 6, 6) == (30, 6)
    assert read_increments(Cell("6", NUMBER)) == (6, 6)
    told = [["Billing increment 30/6"], ["Code", "Rate"], ["44", "1"]]
    assert lines(sound(text_bytes(told))) == ["44  1 30/6 2026-12-15"]


@pytest.mark.parametrize(
    ("header", "price"),
    [
        ("Rate per second", "6"),
        ("USD/sec", "6"),
        ("Rate per minute, billed per second", "0.1"),
        ("Rate (per second billing)", "0.1"),
        ("Rate, US cents", "0.001"),
    ],
)
def test_a_header_says_what_a_price_is_for(header: str, price: str) -> None:
    rows = [["Code", header, "Setup fee"], ["44", "0.1", "0.5"]]
    assert lines(sound(text_bytes(rows))) == [f"44  {price} 1/1 2026-12-15 +0.5"]
