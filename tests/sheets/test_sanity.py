"""Odd rates, and coverage: what an analyst is told before a sheet is signed off."""

import pyarrow as pa

from billing.instants import parse_instant_ms
from billing.sheets import RateWarning, check_against
from tests.sheets.made import TODAY_MS, read, sound, terms, text_bytes

HEADER = ["Destination", "Code", "Rate", "Effective", "Status"]


def rates(*rows: str) -> pa.Table:
    return sound(text_bytes([HEADER, *[row.split(",") for row in rows]])).rates


BEFORE = rates(
    "UK,44,0.1,2026-01-01,",
    "UK Mobile,447,0.2,2026-01-01,",
    "DK,45,0.3,2026-01-01,",
    "SE,46,0.3,2026-01-01,Blocked",
)


def told(new: pa.Table, **terms: object) -> list[tuple[str, str]]:
    found: list[RateWarning] = check_against(new, BEFORE, today_ms=TODAY_MS, **terms)  # type: ignore[arg-type]
    return [(warning.rule, warning.prefix) for warning in found]


def test_what_is_as_before_is_not_odd() -> None:
    assert (
        told(BEFORE.set_column(7, "valid_from_ms", pa.array([TODAY_MS] * 4)), coverage="full") == []
    )


def test_a_price_ten_times_as_high_or_low() -> None:
    new = rates("UK,44,1,2027-01-01,", "UK Mobile,447,0.02,2027-01-01,", "DK,45,0.4,2027-01-01,")
    assert told(new) == [("price_jump", "44"), ("price_jump", "447")]
    longer = rates("UK Mobile,4477,2,2027-01-01,")
    found = check_against(longer, BEFORE)
    assert [(w.rule, w.before_nanos) for w in found] == [("price_jump", 200_000_000)]
    assert "2 after 0.2 of a shorter code" in found[0].text


def test_an_increase_at_short_notice_and_a_decrease_at_once() -> None:
    new = rates("UK,44,0.11,2026-12-05,", "UK Mobile,447,0.1,2026-12-01,", "DK,45,0.4,2026-12-07,")
    assert told(new, notice_days=7) == [("short_notice", "44")]
    assert told(new) == []


def test_what_is_odd_by_itself() -> None:
    new = rates(
        ",47,0.1,2027-01-01,", "UK,44,0,2027-01-01,", "FR,33,1,2027-01-01,", "FR,336,2,2027-01-01,"
    )
    assert [(w.rule, w.prefix) for w in check_against(new, None)] == [
        ("no_destination", "47"),
        ("free", "44"),
        ("two_prices", "33"),
    ]


def test_what_vanishes_in_a_full_list() -> None:
    new = rates("UK,44,0.1,2027-01-01,")
    assert told(new, coverage="full") == [("vanished", "45"), ("vanished", "447")]
    assert told(new, coverage="partial") == []


def test_warnings_of_one_rule_are_bounded() -> None:
    many = rates(*[f"X,{44000 + i},0,2027-01-01," for i in range(1_200)])
    found = check_against(many, None)
    assert len(found) == 1_001
    assert found[-1].text == "and 200 more like this"


def test_coverage_is_told_counted_or_taken_as_partial() -> None:
    rows = [["Code", "Rate"], ["44", "1"], ["1876", "1"]]
    assert sound(text_bytes(rows), "Carrier A-Z 2026.csv").coverage == "full"
    assert sound(text_bytes([["Rate amendment"], *rows]), "a.csv").coverage == "partial"
    country = sound(text_bytes([["Full country list"], *rows]), "a.csv")
    assert (country.coverage, country.country_prefixes) == ("country", ("1876", "44"))
    unsaid = sound(text_bytes(rows), "a.csv")
    assert unsaid.coverage == "partial"
    assert any("no word about coverage" in note for note in unsaid.notes)
    many = [["Code", "Rate"], *[[str(c), "1"] for c in (*range(20, 70), *range(210, 400))]]
    assert read(text_bytes(many), "a.csv").coverage == "full"


def test_a_code_taken_off_the_list() -> None:
    rows = [HEADER, ["UK", "44", "1", "2027-01-01", ""], ["UK", "447", "", "2027-01-01", "Deleted"]]
    partial = sound(text_bytes(rows), "update.csv")
    assert partial.rates.column("blocked").to_pylist() == [False, True]
    assert any("taken off the list" in note for note in partial.notes)
    full = sound(text_bytes(rows), "full.csv")
    assert full.rates.column("prefix").to_pylist() == ["44"]
    assert full.counts["removed"] == 1
    assert parse_instant_ms("2027-01-01") == full.rates.column("valid_from_ms")[0].as_py()


def test_two_prices_of_a_code_and_a_file_pasted_twice() -> None:
    rows = [HEADER, ["UK", "44", "1", "2027-01-01", ""], ["UK", "44", "2", "2027-01-01", ""]]
    found = read(text_bytes(rows))
    assert [(p.row, p.column, p.value) for p in found.problems] == [(3, "B Code", "44")]
    assert "another price of this code from 2027-01-01, row 2 has one too" in str(found.problems[0])
    twice = sound(text_bytes([*rows[:2], *rows[:2]]))
    assert (twice.rates.num_rows, twice.counts["skipped"], twice.counts["repeated"]) == (1, 1, 1)


def test_any_of_several_status_columns_may_close_a_code() -> None:
    rows = [
        ["Code", "Rate", "Rate Status", "Routing Status", "Forbidden", "Date", "Effective date"],
        ["44", "1", "Increase", "Closed", "0", "2026-11-01", "2027-01-01"],
        ["45", "1", "Increase", "Open", "1", "2026-11-01", "2027-01-01"],
        ["46", "1", "Increase", "Open", "0", "2026-11-01", "2027-01-01"],
    ]
    found = sound(text_bytes(rows))
    assert found.rates.column("blocked").to_pylist() == [True, True, False]
    assert set(found.rates.column("valid_from_ms").to_pylist()) == {parse_instant_ms("2027-01-01")}


def test_a_sheet_without_rows_is_a_problem() -> None:
    assert "no row with a code" in read(text_bytes([["Code", "Rate"]])).problems[0].problem
    assert "no column with dial codes" in read(b"").problems[0].problem


def test_a_country_all_of_whose_codes_are_taken_off_is_still_covered() -> None:
    rows = [HEADER, ["UK", "44", "1", "2027-01-01", ""], ["DK", "45", "", "2027-01-01", "Deleted"]]
    found = sound(text_bytes(rows), "full country list.csv")
    assert found.rates.column("prefix").to_pylist() == ["44"]
    assert found.country_prefixes == ("44", "45")


def test_a_closed_row_closes_every_class_that_the_sheet_has_prices_of() -> None:
    profile = {"default": "off-peak", "peak": ["mon-fri 08:00-20:00"]}
    rows = [["Code", "Peak", "Off-peak", "Status"], ["44", "1", "2", "blocked"]]
    found = sound(text_bytes(rows), of=terms(time_classes=profile))
    assert found.rates.column("time_class").to_pylist() == ["any", "peak", "off-peak"]
    assert found.rates.column("blocked").to_pylist() == [True] * 3
