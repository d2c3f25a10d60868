"""Rates with time and origin classes: which of a code's rows wins, and what a code covers."""

from typing import Any

import pytest

from billing.cdr import Cdr, calls_from
from billing.deck import DeckVersion, parse_options
from billing.deck_csv import parse_deck
from billing.errors import OptionsRefused
from billing.explain import explain
from billing.instants import parse_instant_ms
from billing.rating import rate
from billing.tariff import Compiler, Tariff
from kernels import BatchError, parse_numbers
from tests.billing.decks import DATED, HEADER, PARTIES, deck_bytes, tariff, version
from tests.kernels.naive import NANOS

OPTIONS = """
time_zone = "Europe/Berlin"
[time_classes]
default = "off"
peak = ["mon-fri 08:00-20:00"]
[time_classes.holidays]
off = [2026-06-16]
[origin_classes]
EEA = ["49", "33"]
UK = ["44", "4930"]
"""
CLASSED = HEADER + ",time_class,origin_class"
PEAK, OFF = parse_instant_ms("2026-06-15T06:00Z"), parse_instant_ms("2026-06-15T05:59:59.999Z")
JUL = parse_instant_ms("2026-07-01")
HOLIDAY = parse_instant_ms("2026-06-16T08:00Z")


def classed(number: int, *rows: str, options: str = OPTIONS, **terms: Any) -> DeckVersion:
    """A version of the sell deck "retail"; rows such as "44,UK,1,0,1,1,peak,EEA"."""
    chosen = parse_options(options, "o.toml")
    dated = any(row.count(",") > 7 for row in rows)
    header = DATED + ",time_class,origin_class" if dated else CLASSED
    valid_from_ms = terms.get("valid_from_ms", -(2**62))
    parsed = parse_deck(deck_bytes(*rows, header=header), "t.csv", valid_from_ms, chosen)
    assert not parsed.problems, [str(p) for p in parsed.problems]
    made = DeckVersion(number, "retail", "sell", "full", valid_from_ms, 0, chosen, parsed.rates)
    return made._replace(**terms)


def price(made: Tariff, at_ms: int, calling: str = "", called: str = "4412345") -> int | None:
    """The rate a minute that is charged; the explanation must say the same."""
    cdr = Cdr("1", "sw", "", "acme", "", calling, called, at_ms, 60_000, 200, None)
    calls = calls_from([cdr])
    found = rate(calls, *parse_numbers(calls.column("called")), made, legs="sell")
    told = explain(made, "sell", "retail", called, at_ms, 60_000, calling)
    if found.reason[0]:
        assert told.nanos is None, told.lines
        return None
    assert told.nanos == found.sell.nanos[0], told.lines
    units, rest = divmod(int(found.sell.nanos[0]), NANOS)
    assert rest == 0
    return units


def test_the_more_specific_row_wins() -> None:
    made = tariff(
        classed(
            1,
            *("44,x,4,0,1,1,peak,EEA", "44,x,3,0,1,1,any,EEA", "44,x,2,0,1,1,peak,any"),
            "44,x,1,0,1,1,any,any",
        )
    )
    assert price(made, PEAK, "4989") == 4
    assert price(made, OFF, "4989") == 3
    assert price(made, PEAK, "1") == 2
    assert price(made, OFF, "1") == 1


def test_the_order_of_rows_does_not_matter() -> None:
    rows = ["44,x,1,0,1,1,any,any", "44,x,2,0,1,1,peak,any", "44,x,3,0,1,1,any,EEA"]
    for order in (rows, rows[::-1]):
        made = tariff(classed(1, *order))
        assert [price(made, PEAK, n) for n in ("49", "1")] == [3, 2], "origin before time"


def test_a_more_specific_row_of_an_earlier_version_wins_until_it_is_closed() -> None:
    first = classed(1, "44,x,2,0,1,1,peak,any", "44,x,1,0,1,1,any,any")
    later = classed(2, "44,x,5,0,1,1,any,any", valid_from_ms=PEAK - 1, coverage="partial")
    made = tariff(first, later)
    assert [price(made, ms) for ms in (PEAK, OFF - 1, OFF)] == [2, 1, 5]
    full = tariff(first, later._replace(coverage="full"))
    assert [price(full, ms) for ms in (PEAK, OFF)] == [5, 5], "a full version lists the whole code"


def test_of_equal_rows_the_last_published_wins() -> None:
    later = classed(2, "44,x,7,0,1,1,peak,any", coverage="partial")
    made = tariff(classed(1, "44,x,2,0,1,1,peak,any", "44,x,1,0,1,1,any,any"), later)
    assert [price(made, ms) for ms in (PEAK, OFF)] == [7, 1]


def test_a_code_without_a_row_for_the_call_is_a_gap() -> None:
    made = tariff(classed(1, "441,x,2,0,1,1,peak,EEA", "44,x,1,0,1,1,any,any"))
    assert price(made, PEAK, "33", "4412") == 2
    assert price(made, OFF, "33", "4412") == 1
    assert price(made, PEAK, "1", "4412") == 1
    alone = tariff(classed(1, "441,x,2,0,1,1,peak,any"))
    assert [price(alone, ms, "", "4412") for ms in (PEAK, OFF)] == [2, None]


def test_a_longer_code_of_any_class_goes_before_a_shorter_one_of_the_class() -> None:
    made = tariff(classed(1, "44,x,2,0,1,1,peak,EEA", "441,x,1,0,1,1,any,any"))
    assert price(made, PEAK, "49", "4412") == 1
    assert price(made, PEAK, "49", "4420") == 2


def test_every_kind_of_origin() -> None:
    rows = [f"44,x,{n},0,1,1,any,{o}" for n, o in enumerate(("EEA", "UK", "missing", "other"), 1)]
    made = tariff(classed(1, *rows))
    expected = {"4989": 1, "0033": 1, "+4930123": 2, "44": 2, "": 3, "anonymous": 3, "+": 3, "1": 4}
    expected |= {"4": 4, "493": 1}
    assert {calling: price(made, OFF, calling) for calling in expected} == expected


def test_without_groups_there_are_still_missing_and_other() -> None:
    made = tariff(classed(1, "44,x,1,0,1,1,any,missing", "44,x,2,0,1,1,any,other", options=""))
    assert [price(made, OFF, calling) for calling in ("", "49")] == [1, 2]


def test_a_holiday_has_its_class_all_day() -> None:
    made = tariff(classed(1, "44,x,1,0,1,1,off,any", "44,x,2,0,1,1,peak,any"))
    assert [price(made, ms) for ms in (HOLIDAY, HOLIDAY + 86_400_000)] == [1, 2]


def test_dates_and_classes_together() -> None:
    rows = ("44,x,2,0,1,1,,2026-06-15T10:00:00Z,peak,any", "44,x,1,0,1,1,,,any,any")
    made = tariff(classed(1, *rows))
    end = parse_instant_ms("2026-06-15T10:00Z")
    assert [price(made, ms) for ms in (end - 1, end)] == [2, 1]


def test_each_version_goes_by_its_own_calendar() -> None:
    first = classed(1, "44,x,2,0,1,1,peak,any", "44,x,1,0,1,1,any,any")
    other = OPTIONS.replace("08:00-20:00", "09:00-20:00").replace("Europe/Berlin", "UTC")
    rows = ("45,x,4,0,1,1,peak,any", "45,x,3,0,1,1,any,any")
    made = tariff(first, classed(2, *rows, options=other, coverage="partial"))
    assert [price(made, ms) for ms in (OFF, PEAK)] == [1, 2]
    nine = parse_instant_ms("2026-06-15T09:00Z")
    assert [price(made, ms, "", "45") for ms in (nine - 1, nine)] == [3, 4]


def test_a_new_calendar_counts_from_the_first_millisecond_of_its_version() -> None:
    rows = ("44,x,2,0,1,1,peak,any", "44,x,1,0,1,1,any,any")
    noon = parse_instant_ms("2026-06-15T10:00Z")
    for hours, first, then in (("08:00-20:00", 2, 4), ("15:00-20:00", 2, 3)):
        later = ("44,x,4,0,1,1,peak,any", "44,x,3,0,1,1,any,any")
        other = OPTIONS.replace("08:00-20:00", hours).replace("2026-06-16", "2026-06-17")
        made = tariff(classed(1, *rows), classed(2, *later, options=other, valid_from_ms=noon))
        assert [price(made, ms) for ms in (noon - 1, noon)] == [first, then]


def test_a_calendar_that_changes_with_a_full_version_costs_no_combination() -> None:
    compiler, versions = Compiler(), []
    rows = ("44,x,2,0,1,1,peak,any", "44,x,1,0,1,1,any,any")
    for n in range(1, 13):
        day = OPTIONS.replace("2026-06-16", f"2026-{n:02d}-05")
        start = parse_instant_ms(f"2026-{n:02d}-01")
        versions.append(classed(n, *rows, options=day, valid_from_ms=start))
        made = compiler.compile(versions, PARTIES)
    assert made.classes is not None
    assert len(made.classes.cells) == 2
    assert price(made, parse_instant_ms("2026-05-05T09:00Z")) == 1, "the holiday of version 5"
    assert price(made, parse_instant_ms("2026-05-06T09:00Z")) == 2


def test_a_deck_without_classes_is_one_row_and_the_tariff_has_none() -> None:
    made = tariff(classed(1, "44,x,1,0,1,1,any,any"))
    assert (made.classes, len(made.book.closure)) == (None, 1)


def test_decks_come_and_go() -> None:
    compiler = Compiler()
    plain = version(1, "44,x,9,0,1,1")
    with_classes = classed(2, "44,x,2,0,1,1,peak,EEA", "44,x,1,0,1,1,any,any")
    other = version(3, "4412,x,8,0,1,1", deck="gold")
    for versions in ([plain], [plain, with_classes], [plain, with_classes, other]):
        made = compiler.compile(versions, PARTIES)
        expected = [9, 9] if len(versions) == 1 else [2, 1]
        assert [price(made, PEAK, calling) for calling in ("49", "1")] == expected
    made = compiler.compile([plain, other], PARTIES)
    assert (made.classes, price(made, PEAK, "49")) == (None, 9)
    assert compiler.compile([], PARTIES).decks == {}


def test_too_many_combinations_are_refused() -> None:
    groups = "\n".join(f'g{n} = ["{100 + n}"]' for n in range(40))
    rows = [f"44,x,1,0,1,1,{t},g{n}" for n in range(40) for t in ("peak", "off")]
    many = classed(1, *rows, options=OPTIONS + groups)
    said = "sell deck retail: 2 time classes by 41 origin classes .* are 82 combinations: at most"
    with pytest.raises(OptionsRefused, match=said):
        tariff(many)


def test_an_instant_beyond_the_calendar_is_refused() -> None:
    made = tariff(classed(1, "44,x,2,0,1,1,peak,any"))
    with pytest.raises(BatchError, match="time classes are known from"):
        price(made, parse_instant_ms("2099-12-31") + 400 * 86_400_000)


def test_what_is_told() -> None:
    made = tariff(classed(1, "44,x,2,0,1,1,peak,UK", "44,x,1,0,1,1,any,any"))
    assert explain(made, "sell", "retail", "4420", PEAK, 60_000, "+4930").lines[3:8] == [
        "  version 1, time class: peak (Mon 2026-06-15 08:00:00 in Europe/Berlin)",
        "  version 1, origin class: UK (A-number '+4930' -> 4930)",
        "  code 44: 'x', version 1, always to open end, time class peak, origin class UK: "
        "effective",
        "  code 44: 'x', version 1, always to open end: effective",
        "  rate: version 1 row 0, code 44, 'x'",
    ]
    told = explain(made, "sell", "retail", "4420", JUL - 1, 60_000).lines
    assert sum("of another class" in line for line in told) == 1


BAD = {
    "44,x,1,0,1,1,peek,any": "t.csv:2: time_class='peek': not a class of the deck's options: any,",
    "44,x,1,0,1,1,any,EU": "t.csv:2: origin_class='EU': not a class of the deck's options: any,",
    "44,x,1,0,1,1,peak,\n44,x,2,0,1,1,peak,any": "t.csv:3: prefix='44': duplicate code, already",
}


@pytest.mark.parametrize("rows", BAD)
def test_a_bad_row_is_named(rows: str) -> None:
    chosen = parse_options(OPTIONS, "o.toml")
    parsed = parse_deck(deck_bytes(rows, header=CLASSED), "t.csv", options=chosen)
    assert [str(p)[: len(BAD[rows])] for p in parsed.problems] == [BAD[rows]]


def test_the_same_code_in_another_class_is_no_duplicate() -> None:
    rows = [f"44,x,1,0,1,1,{t},{o}" for t in ("any", "peak", "") for o in ("EEA", "UK")][:4]
    chosen = parse_options(OPTIONS, "o.toml")
    assert not parse_deck(deck_bytes(*rows, header=CLASSED), "t.csv", options=chosen).problems
