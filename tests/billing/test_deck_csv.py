"""A deck as CSV: what is read from it, and each way of being refused, with line, field, value."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.deck import ALWAYS_MS, FOREVER_MS, DeckOptions
from billing.deck_csv import accept, parse_deck
from billing.errors import DeckRefused, FileRefused
from billing.instants import parse_instant_ms
from tests.billing.decks import DATED, HEADER, deck_bytes
from tests.kernels.naive import NANOS

GOOD = "44,UK,0.0105,0.02,30,6"
GOOD_ROW = {
    "prefix": "44",
    "destination": "UK",
    "first_rate_nanos": 10_500_000,
    "next_rate_nanos": 10_500_000,
    "connect_nanos": 20_000_000,
    "first_increment_s": 30,
    "next_increment_s": 6,
    "valid_from_ms": ALWAYS_MS,
    "valid_to_ms": FOREVER_MS,
    "time_class": "any",
    "origin_class": "any",
    "blocked": False,
}


def rates_of(data: bytes, **terms: Any) -> list[dict[str, Any]]:
    parsed = parse_deck(data, "d.csv", **terms)
    assert not parsed.problems, [str(p) for p in parsed.problems]
    rows: list[dict[str, Any]] = parsed.rates.to_pylist()
    return rows


READ: dict[str, tuple[bytes, dict[str, Any]]] = {
    "a row": (deck_bytes(GOOD), {}),
    "a byte order mark": (b"\xef\xbb\xbf" + deck_bytes(GOOD), {}),
    "Windows line ends": (deck_bytes(GOOD).replace(b"\n", b"\r\n"), {}),
    "no line end": (deck_bytes(GOOD).rstrip(), {}),
    "blank lines": (deck_bytes("", GOOD, "", ",,,,,"), {}),
    "a plus sign": (deck_bytes("+" + GOOD), {}),
    "an international access code": (deck_bytes("00" + GOOD), {}),
    "spaces": (deck_bytes(" 44 , UK , 0.0105 , 0.02 , 30 , 6 "), {}),
    "quotes": (deck_bytes('"44","UK, ""fixed""",0.0105,0.02,30,6'), {"destination": 'UK, "fixed"'}),
    "no destination": (deck_bytes("44,,0.0105,0.02,30,6"), {"destination": ""}),
    "one block": (deck_bytes("44,UK,0.0105,0.02,30,0"), {"next_increment_s": 0}),
    "free": (
        deck_bytes("44,UK,0,0,30,6"),
        {"first_rate_nanos": 0, "next_rate_nanos": 0, "connect_nanos": 0},
    ),
    "the dearest": (
        deck_bytes("44,UK,1000,10000,3600,3600"),
        {
            **dict.fromkeys(("first_rate_nanos", "next_rate_nanos"), 1_000 * NANOS),
            "connect_nanos": 10_000 * NANOS,
            **dict.fromkeys(("first_increment_s", "next_increment_s"), 3_600),
        },
    ),
    "the longest code": (deck_bytes(GOOD.replace("44", "4" * 15, 1)), {"prefix": "4" * 15}),
    "a first rate": (
        deck_bytes(GOOD + ",0.5", header=HEADER + ",first_rate"),
        {"first_rate_nanos": NANOS // 2},
    ),
    "an empty first rate": (deck_bytes(GOOD + ",", header=HEADER + ",first_rate"), {}),
    "other columns": (deck_bytes(GOOD + ",x", header=HEADER + ",comment"), {}),
    "columns in another order and case": (
        b"NEXT_INCREMENT,first_increment, Connect_Fee,rate_per_min,destination,prefix\n"
        b"6,30,0.02,0.0105,UK,44\n",
        {},
    ),
    "dates": (
        deck_bytes(GOOD + ",2026-01-01,2026-02-01T00:00:00+01:00", header=DATED),
        {
            "valid_from_ms": parse_instant_ms("2026-01-01T00:00:00Z"),
            "valid_to_ms": parse_instant_ms("2026-01-31T23:00:00Z"),
        },
    ),
}


@pytest.mark.parametrize("what", READ)
def test_read(what: str) -> None:
    data, changes = READ[what]
    assert rates_of(data) == [{**GOOD_ROW, **changes}]


def test_dates_without_an_offset_are_in_the_deck_s_zone() -> None:
    (row,) = rates_of(
        deck_bytes(GOOD + ",2026-01-01,2026-07-01", header=DATED),
        options=DeckOptions(time_zone="Europe/Berlin"),
    )
    assert row["valid_from_ms"] == parse_instant_ms("2025-12-31T23:00:00Z")
    assert row["valid_to_ms"] == parse_instant_ms("2026-06-30T22:00:00Z")


def test_rows_without_a_date_begin_with_the_version() -> None:
    rows = rates_of(
        deck_bytes(GOOD + ",,", "45" + GOOD[2:] + ",2026-01-01,", header=DATED), valid_from_ms=5_000
    )
    assert [r["valid_from_ms"] for r in rows] == [5_000, parse_instant_ms("2026-01-01")]


BAD: dict[str, tuple[str, str, str, str]] = {
    "a negative rate": ("44,UK,-0.01,0,1,1", "rate_per_min", "-0.01", "negative"),
    "a rate too high": ("44,UK,1000.1,0,1,1", "rate_per_min", "1000.1", "more than 1000"),
    "a rate that is no number": ("44,UK,free,0,1,1", "rate_per_min", "free", "not a decimal"),
    "a decimal comma": ('44,UK,"0,01",0,1,1', "rate_per_min", "0,01", "not a decimal"),
    "a rate finer than a nano": (
        "44,UK,0.0000000001,0,1,1",
        "rate_per_min",
        "0.0000000001",
        "more than 9 decimals",
    ),
    "no rate": ("44,UK,,0,1,1", "rate_per_min", "", "not a decimal"),
    "a negative fee": ("44,UK,1,-1,1,1", "connect_fee", "-1", "negative"),
    "a fee too high": ("44,UK,1,10000.01,1,1", "connect_fee", "10000.01", "more than 10000"),
    "a first increment of 0": ("44,UK,1,0,0,1", "first_increment", "0", "1 to 3600"),
    "a first increment too long": ("44,UK,1,0,3601,1", "first_increment", "3601", "1 to 3600"),
    "a first increment of digits": (
        "44,UK,1,0," + "1" * 5_000 + ",1",
        "first_increment",
        "",
        "1 to",
    ),
    "a negative increment": ("44,UK,1,0,1,-1", "next_increment", "-1", "0 to 3600"),
    "an increment too long": ("44,UK,1,0,1,3601", "next_increment", "3601", "0 to 3600"),
    "an increment with decimals": ("44,UK,1,0,1,1.5", "next_increment", "1.5", "whole seconds"),
    "no increment": ("44,UK,1,0,1,", "next_increment", "", "whole seconds"),
    "no code": (",UK,1,0,1,1", "prefix", "", "1 to 15 digits"),
    "a code of letters": ("44x,UK,1,0,1,1", "prefix", "44x", "1 to 15 digits"),
    "a code of another script": ("٤٤,UK,1,0,1,1", "prefix", "٤٤", "1 to 15 digits"),
    "a code too long": ("4" * 16 + ",UK,1,0,1,1", "prefix", "4" * 16, "1 to 15 digits"),
    "a code of an access code alone": ("00,UK,1,0,1,1", "prefix", "00", "1 to 15 digits"),
    "a code of two access codes": ("0000,UK,1,0,1,1", "prefix", "0000", "1 to 15 digits"),
    "a plus before an access code": ("+0044,UK,1,0,1,1", "prefix", "+0044", "1 to 15 digits"),
    "a destination too long": (
        "44," + "x" * 257 + ",1,0,1,1",
        "destination",
        "",
        "longer than 256",
    ),
    "a field too few": ("44,UK,1,0,1", "", "44,UK,1,0,1", "not 6 fields"),
    "a field too many": ("44,UK,1,0,1,1,1", "", "44,UK,1,0,1,1,1", "not 6 fields"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_row_is_named(what: str) -> None:
    row, field, value, said = BAD[what]
    parsed = parse_deck(deck_bytes(GOOD.replace("44", "1", 1), row), "d.csv")
    (problem,) = parsed.problems
    assert (problem.file, problem.line, problem.field) == ("d.csv", 3, field)
    assert said in problem.problem
    if value or not row.startswith("44"):
        assert problem.value == value
        assert f"d.csv:3: {field}={value!r}: " in str(problem)
    assert parsed.rates.num_rows == 1
    with pytest.raises(DeckRefused, match="1 bad rows: nothing was loaded"):
        accept(parsed, "d.csv", skip_bad_rows=False)
    assert accept(parsed, "d.csv", skip_bad_rows=True).num_rows == 1


DATES: dict[str, tuple[list[str], int, str, str]] = {
    "reversed": (["2026-02-01,2026-01-01"], 2, "valid_to", "not after valid_from"),
    "of no length": (["2026-02-01,2026-02-01"], 2, "valid_to", "not after valid_from"),
    "that are no dates": (["tomorrow,"], 2, "valid_from", "neither ISO 8601 nor"),
    "a wrong end": ([",32.01.2026"], 2, "valid_to", "neither ISO 8601 nor"),
    "the same code twice": ([",", ","], 3, "prefix", "duplicate code, already on line 2"),
    "the same code and dates twice": (
        ["2026-01-01,2026-02-01", "2026-01-01,2026-02-01"],
        3,
        "prefix",
        "duplicate code, already on line 2",
    ),
    "overlapping": (
        ["2026-01-01,2026-02-01", "2026-01-31,2026-03-01"],
        3,
        "valid_from",
        "dates overlap line 2",
    ),
    "overlapping, the later line begins earlier": (
        ["2026-01-31,2026-03-01", "2026-01-01,2026-02-01"],
        3,
        "valid_from",
        "dates overlap line 2",
    ),
    "within each other": (
        ["2026-01-01,", "2026-01-05,2026-01-06"],
        3,
        "valid_from",
        "dates overlap line 2",
    ),
}


@pytest.mark.parametrize("what", DATES)
def test_bad_dates_are_named(what: str) -> None:
    dates, line, field, said = DATES[what]
    parsed = parse_deck(deck_bytes(*(f"{GOOD},{d}" for d in dates), header=DATED), "d.csv")
    (problem,) = parsed.problems
    assert (problem.line, problem.field) == (line, field)
    assert said in problem.problem


def test_the_same_code_written_otherwise_is_a_duplicate() -> None:
    parsed = parse_deck(deck_bytes(GOOD, "+" + GOOD, "00" + GOOD), "d.csv")
    assert [p.line for p in parsed.problems] == [3, 4]
    assert parsed.rates.column("prefix").to_pylist() == ["44"]


def test_dates_that_touch_do_not_overlap() -> None:
    dates = ["2026-02-01,2026-03-01", ",2026-01-01", "2026-01-01,2026-02-01", "2026-03-01,"]
    assert len(rates_of(deck_bytes(*(f"{GOOD},{d}" for d in dates), header=DATED))) == 4


SPAN = st.tuples(st.sampled_from(["44", "45"]), st.integers(1, 12), st.integers(1, 12))


@settings(max_examples=200, deadline=None)
@given(st.lists(SPAN, max_size=9))
def test_good_rows_never_overlap_and_bad_ones_always_do(spans: list[tuple[str, int, int]]) -> None:
    rows = [f"{c},X,1,0,1,1,2026-{a:02d}-01,2026-{b:02d}-02" for c, a, b in spans if a <= b]
    parsed = parse_deck(deck_bytes(*rows, header=DATED), "d.csv")
    good = [(r["prefix"], r["valid_from_ms"], r["valid_to_ms"]) for r in parsed.rates.to_pylist()]
    assert len(good) + len(parsed.problems) == len(rows)
    for i, (code, start, end) in enumerate(good):
        assert all(c != code or e <= start or end <= s for c, s, e in good[:i])
    kept = [(c, a, b) for c, a, b in spans if a <= b]
    for problem in parsed.problems:
        code, a, b = kept[problem.line - 2]
        others = [x for i, x in enumerate(kept) if i != problem.line - 2 and x[0] == code]
        assert any(x[1] <= b and a <= x[2] for x in others)


FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "header lacks prefix"),
    "missing columns": (b"prefix,rate_per_min\n44,1\n", "header lacks destination, connect_fee,"),
    "no header": (b"44,UK,1,0,1,1\n", "header lacks prefix"),
    "another separator": (deck_bytes(GOOD).replace(b",", b";"), "header lacks prefix"),
    "a column twice": (deck_bytes(header=HEADER + ",prefix"), "named twice"),
    "a spreadsheet": (b"PK\x03\x04\x14\x00\x06\x00\x08\xff", "is it CSV?"),
    "not UTF-8": (deck_bytes("44,C\xf4te,1,0,1,1").decode().encode("latin-1"), "not UTF-8 text"),
    "UTF-16": (deck_bytes(GOOD).decode().encode("utf-16-le"), "NUL bytes"),
    "an open quote": (deck_bytes(GOOD, '"45,X,1,0,1,1'), "d.csv:3: not CSV"),
    "text after a quote": (deck_bytes(GOOD, '45,"X"y,1,0,1,1'), "d.csv:3: not CSV"),
    "an open quote in the header": (b'"prefix\n44', "d.csv:1: not CSV"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_no_deck_is_refused(what: str) -> None:
    data, said = FILES[what]
    with pytest.raises(FileRefused) as refused:
        parse_deck(data, "d.csv")
    assert str(refused.value).startswith("d.csv:")
    assert said in str(refused.value)


def test_the_first_hundred_errors_are_listed_and_the_rest_counted() -> None:
    parsed = parse_deck(deck_bytes(*(f"{n},X,-1,0,1,1" for n in range(1, 151))), "d.csv")
    with pytest.raises(DeckRefused) as refused:
        accept(parsed, "d.csv", skip_bad_rows=False)
    lines = str(refused.value).splitlines()
    assert len(refused.value.problems) == 150
    assert lines[0] == "d.csv:2: rate_per_min='-1': negative"
    assert lines[99].startswith("d.csv:101: ")
    assert lines[100:] == ["... and 50 more", "150 bad rows: nothing was loaded"]


def test_errors_are_listed_by_line() -> None:
    rows = [GOOD, GOOD, "45,X,-1,0,1,1", GOOD, "46,X,1,0,0,1"]
    assert [p.line for p in parse_deck(deck_bytes(*rows), "d.csv").problems] == [3, 4, 5, 6]


def test_a_deck_without_a_good_row_is_refused_either_way() -> None:
    for rows in ((), ("44,UK,-1,0,1,1",)):
        parsed = parse_deck(deck_bytes(*rows), "d.csv")
        with pytest.raises(FileRefused, match=r"d.csv: no rates in it"):
            accept(parsed, "d.csv", skip_bad_rows=True)
