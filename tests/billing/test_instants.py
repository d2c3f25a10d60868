"""Instants and durations as text: every accepted form gives the one exact millisecond."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.instants import (
    INSTANT_MS_MAX,
    INSTANT_MS_MIN,
    format_instant_ms,
    parse_instant_ms,
    parse_seconds_ms,
)

TEN = 1_795_428_000_000  # 2026-11-23T10:00:00Z
FORMS = {
    "2026-11-23T10:00:00Z": TEN,
    "2026-11-23 10:00:00Z": TEN,
    "2026-11-23 10:00:00": TEN,
    "2026-11-23T10:00": TEN,
    " 2026-11-23T10:00:00Z ": TEN,
    "2026-11-23T10:00:00 Z": TEN,
    "2026-11-23": TEN - 36_000_000,
    "2026-11-23T10:00:00.5Z": TEN + 500,
    "2026-11-23T10:00:00,05Z": TEN + 50,
    "2026-11-23T10:00:00.123999999Z": TEN + 123,
    "2026-11-23T11:00:00+01:00": TEN,
    "2026-11-23T11:00:00+01": TEN,
    "2026-11-23T15:30:00.001+0530": TEN + 1,
    "2026-11-22T23:30:00-10:30": TEN,
    "1795428000": TEN,
    "1795428000.5": TEN + 500,
    "1795428000.1239": TEN + 123,
    "1795428000123": TEN + 123,
    "2000-01-01": INSTANT_MS_MIN,
    "946684800": INSTANT_MS_MIN,
    "2099-12-31T23:59:59.999Z": INSTANT_MS_MAX - 1,
    "2024-02-29T00:00:00Z": 1_709_164_800_000,
}


@pytest.mark.parametrize("text", FORMS)
def test_an_instant(text: str) -> None:
    assert parse_instant_ms(text) == FORMS[text]


REFUSED = ["", "now", "2026", "2026-13-01", "2026-02-30", "2026-11-23T24:30", "2026-11-23T10:60"]
REFUSED += ["23.11.2026", "11/23/2026", "2026-11-23T10", "2026-11-23T10:00:00+25:00", "-1795428000"]
REFUSED += [
    "1999-12-31T23:59:59.999Z",
    "2100-01-01T00:00:00Z",
    "2000-01-01T00:00:00+01:00",
    "0",
    "1",
    "1e9",
]
REFUSED += ["9" * 16, "999999999999999", "1795428000.", "2026-11-23T10:00:00.Z", "2026-11-23Z"]
REFUSED += ["0001-01-01", "9999-12-31", "2026-11-23T10:00:00Z2026", "None", "2026-11-23T10:00:00ZZ"]


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused(text: str) -> None:
    for zone in (UTC, ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Los_Angeles")):
        with pytest.raises(ValueError, match=r"\w"):
            parse_instant_ms(text, zone)


def test_a_time_without_an_offset_is_in_the_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert parse_instant_ms("2026-11-23T11:00:00", berlin) == TEN
    assert parse_instant_ms("2026-07-01", berlin) == parse_instant_ms("2026-06-30T22:00:00Z")
    assert parse_instant_ms("2026-11-23T10:00:00Z", berlin) == TEN
    assert parse_instant_ms("1795428000", berlin) == TEN


@given(st.integers(INSTANT_MS_MIN, INSTANT_MS_MAX - 1))
def test_text_and_milliseconds_are_the_same_thing(ms: int) -> None:
    text = format_instant_ms(ms)
    assert datetime.fromisoformat(text) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        milliseconds=ms
    )
    assert parse_instant_ms(text) == ms
    assert parse_instant_ms(str(ms)) == ms
    assert parse_instant_ms(f"{ms // 1_000}.{ms % 1_000:03d}") == ms


SECONDS = {"0": 0, "60": 60_000, "0.1": 100, "12.345": 12_345, "12.345000": 12_345, " 7 ": 7_000}


@pytest.mark.parametrize("text", SECONDS)
def test_seconds(text: str) -> None:
    assert parse_seconds_ms(text) == SECONDS[text]


@pytest.mark.parametrize("text", ["", "x", "-1", "+1", "1,5", "1e3", ".5", "1.", "nan", "9" * 10])
def test_what_is_no_number_of_seconds(text: str) -> None:
    with pytest.raises(ValueError, match="not a number of seconds"):
        parse_seconds_ms(text)


def test_seconds_finer_than_a_millisecond_are_not_rounded() -> None:
    with pytest.raises(ValueError, match="finer than a millisecond"):
        parse_seconds_ms("0.0001")
