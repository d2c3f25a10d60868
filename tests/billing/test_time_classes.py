"""Time classes: the deck's clock to the millisecond, and each way of being refused."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from billing.deck import parse_options
from billing.errors import OptionsRefused
from billing.explain_terms import time_class_of
from billing.instants import parse_instant_ms
from billing.time_classes import END_MS, FIRST_MS, parse_time_classes, steps
from tests.kernels.naive import Span, Terms, naive_time_class

TABLE: dict[str, Any] = {
    "default": "off",
    "peak": ["mon-fri 08:00-20:00"],
    "weekend": ["sat-sun 00:00-24:00"],
    "small hours": ["mon-fri 01:30-02:45"],
    "holidays": {"weekend": ["2026-12-25"], "feast": ["2026-03-29", "2026-12-31"]},
}
SPANS = (
    Span("peak", "mon tue wed thu fri", "08:00", "20:00"),
    Span("weekend", "sat sun", "00:00", "24:00"),
    Span("small hours", "mon tue wed thu fri", "01:30", "02:45"),
)
HOLIDAYS = (("2026-03-29", "feast"), ("2026-12-25", "weekend"), ("2026-12-31", "feast"))
ZONES = (
    *("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"),
    *("America/St_Johns", "Africa/Casablanca", "Pacific/Apia", "UTC"),
)


def at(zone: str, ms: int) -> str:
    profile = parse_time_classes(TABLE)
    assert profile is not None
    begin_ms, place = steps(profile, zone)
    number = int(place[np.searchsorted(begin_ms, ms, "right") - 1])
    return profile.names()[number]


def changes(zone: str) -> list[int]:
    """The milliseconds of 1990 to 2040 at which a zone's offset changes, found by looking."""
    tz, found = ZoneInfo(zone), []
    offset, moment = None, datetime(1990, 1, 1, tzinfo=UTC)
    while moment.year < 2040:
        if offset is not None and moment.astimezone(tz).utcoffset() != offset:
            exact = moment - timedelta(days=1)
            while exact.astimezone(tz).utcoffset() == offset:
                exact += timedelta(minutes=1)
            found.append(int(exact.timestamp()) * 1_000)
        offset = moment.astimezone(tz).utcoffset()
        moment += timedelta(days=1)
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_the_class_is_what_the_clock_and_the_calendar_show(zone: str) -> None:
    profile = parse_time_classes(TABLE)
    assert profile is not None
    begin_ms, place = steps(profile, zone)
    assert begin_ms[0] == FIRST_MS
    assert (np.diff(begin_ms) > 0).all()
    assert (np.diff(place) != 0).all()
    draw = random.Random(zone)
    edges = begin_ms[1:].tolist()
    instants = [draw.randrange(FIRST_MS, END_MS) for _ in range(1_500)]
    instants += [draw.choice(edges) - n for n in (0, 1) for _ in range(1_500)]
    instants += [moment - n for moment in changes(zone) for n in (0, 1)]
    terms = Terms(zone, "off", SPANS, HOLIDAYS)
    found = place[np.searchsorted(begin_ms, instants, "right") - 1].tolist()
    for ms, number in zip(instants, found, strict=True):
        assert profile.names()[number] == naive_time_class(terms, ms), (zone, ms)


NAMED = [
    ("Europe/Berlin", "2026-03-27T07:00:00Z", "peak", "08:00 in winter"),
    ("Europe/Berlin", "2026-03-30T06:00:00Z", "peak", "08:00 in summer"),
    ("Europe/Berlin", "2026-10-23T06:00:00Z", "peak", "08:00 in summer"),
    ("Europe/Berlin", "2026-10-26T07:00:00Z", "peak", "08:00 in winter"),
    ("Europe/Berlin", "2026-03-28T23:00:00Z", "feast", "midnight before a holiday of 23 hours"),
    ("America/New_York", "2026-03-09T12:00:00Z", "peak", "08:00, the Monday after"),
    ("America/New_York", "2026-11-02T13:00:00Z", "peak", "08:00, the Monday after"),
    ("Asia/Kathmandu", "2026-06-15T02:15:00Z", "peak", "08:00 at +05:45"),
    ("Australia/Lord_Howe", "2026-06-14T21:30:00Z", "peak", "08:00 at +10:30"),
    ("Australia/Lord_Howe", "2026-12-13T21:00:00Z", "peak", "08:00 at +11:00"),
]


@pytest.mark.parametrize(("zone", "instant", "name", "what"), NAMED)
def test_an_edge_on_the_deck_s_clock(zone: str, instant: str, name: str, what: str) -> None:
    ms = parse_instant_ms(instant)
    assert at(zone, ms) == name, what
    assert at(zone, ms - 1) != name, what


def test_a_holiday_lasts_its_local_day() -> None:
    first, last = parse_instant_ms("2026-03-28T23:00:00Z"), parse_instant_ms("2026-03-29T22:00:00Z")
    assert [at("Europe/Berlin", ms) for ms in (first - 1, first, last - 1, last)] == [
        *("weekend", "feast", "feast", "off")
    ]


def test_hours_past_midnight_end_on_the_next_day() -> None:
    night = parse_time_classes({"default": "day", "night": ["mon,fri-sun 22:00-06:00"]})
    assert night is not None
    assert night.week == (
        *((0, 360, "night"), (1_320, 1_800, "night"), (7_080, 7_560, "night")),
        *((8_520, 9_000, "night"), (9_960, 10_080, "night")),
    )
    options = parse_options('[time_classes]\ndefault="day"\nnight=["sun 22:00-06:00"]', "o.toml")
    sunday, monday = parse_instant_ms("2026-06-14T22:00:00Z"), parse_instant_ms("2026-06-15T06:00Z")
    told = [time_class_of(options, ms) for ms in (sunday - 1, sunday, monday - 1, monday)]
    assert told == ["day", "night", "night", "day"]


REFUSED: dict[str, str] = {
    "time_classes = 5": "time_classes=5: expected a table",
    '[time_classes]\npeak = ["mon 08:00-09:00"]': "time_classes.default: required",
    '[time_classes]\ndefault = "any"': "class 'any': a name has 1 to 32",
    '[time_classes]\ndefault = ""': "class ''",
    "[time_classes]\ndefault = 7": "class 7",
    '[time_classes]\ndefault = "o"\nany = ["mon 08:00-09:00"]': "class 'any'",
    '[time_classes]\ndefault = "o"\npeak = "mon 08:00-09:00"': "peak='mon .*': expected a list",
    '[time_classes]\ndefault = "o"\npeak = []': r"peak=\[\]: expected a list of spans",
    **{
        f'[time_classes]\ndefault = "o"\npeak = ["{text}"]': said
        for text, said in {
            "monday 08:00-09:00": "expected a span such as",
            "mon 8:00-9:00": "expected a span such as",
            "mon-fri": "expected a span such as",
            "mon 08:00-24:01": "times are 00:00 to 24:00",
            "mon 08:60-09:00": "times are 00:00 to 24:00",
            "mon 24:00-08:00": "times are 00:00 to 24:00",
            "mon 08:00-08:00": 'ends where it begins: a whole day is "00:00-24:00"',
        }.items()
    },
    '[time_classes]\ndefault = "o"\npeak = ["mon-fri 08:00-20:00"]\nlate = ["fri 19:59-21:00"]': (
        "peak 'mon-fri 08:00-20:00' and late 'fri 19:59-21:00' overlap"
    ),
    '[time_classes]\ndefault = "o"\npeak = ["sun 22:00-06:00", "mon 05:00-06:00"]': (
        "peak 'sun 22:00-06:00' and peak 'mon 05:00-06:00' overlap"
    ),
    '[time_classes]\ndefault = "o"\nholidays = ["2026-12-25"]': "expected class = .dates.",
    '[time_classes]\ndefault = "o"\nholidays = {x = "2026-12-25"}': "expected a list of dates",
    '[time_classes]\ndefault = "o"\nholidays = {x = ["2026-02-30"]}': "'2026-02-30': not a date",
    '[time_classes]\ndefault = "o"\nholidays = {x = ["20261225"]}': "'20261225': not a date",
    '[time_classes]\ndefault = "o"\nholidays = {x = ["2101-01-01"]}': "'2101-01-01': not a date",
    '[time_classes]\ndefault = "o"\nholidays = {x = [2026-12-25], y = ["2026-12-25"]}': (
        "2026-12-25 is x and y"
    ),
    "origin_classes = 5": "origin_classes=5: expected a table",
    "[origin_classes]\nEEA = []": r"origin_classes.EEA=\[\]: expected a list of prefixes",
    "[origin_classes]\nEEA = [49]": "origin_classes.EEA=49: a text of 1 to 15 digits",
    '[origin_classes]\nEEA = ["4x"]': "EEA='4x': a text of",
    '[origin_classes]\nEEA = ["+"]': "EEA='\\+': a text of",
    '[origin_classes]\nEEA = ["4444444444444444"]': "a text of 1 to 15 digits",
    '[origin_classes]\nEEA = ["49"]\nDE = ["+49"]': "49 is in EEA and in DE",
    **{
        f'[origin_classes]\n{name} = ["49"]': f"class '{name}'"
        for name in ("any", "missing", "other")
    },
}


@pytest.mark.parametrize("text", REFUSED)
def test_options_that_do_not_say_what_they_must(text: str) -> None:
    with pytest.raises(OptionsRefused, match=f"o.toml: .*{REFUSED[text]}"):
        parse_options(text, "o.toml")


def test_what_is_read() -> None:
    text = """
        [time_classes]
        default = "off-peak"
        peak = ["Mon-Fri 08:00-20:00"]
        holidays = { feast = [2026-12-25, "2026-12-26"], peak = [2026-12-27] }
        [origin_classes]
        EEA = ["+49", "0033"]
        UK = ["44"]
    """
    found = parse_options(text, "o.toml")
    assert found.time_classes is not None
    assert found.time_classes.names() == ("off-peak", "peak", "feast")
    assert found.time_classes.holidays == (
        *(("2026-12-25", "feast"), ("2026-12-26", "feast"), ("2026-12-27", "peak")),
    )
    assert found.origin_classes == (("33", "EEA"), ("44", "UK"), ("49", "EEA"))
