"""Times as switches write them: forms, zones, hours that exist twice or never."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.mediation.switches.clock import (
    AMERICAN,
    COMPACT,
    H323,
    ISO,
    SHAPES_MAX,
    Forms,
    Zone,
    epoch_ms,
    instants_ms,
)
from billing.mediation.switches.columns import Flaws

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2099, 1, 1))  # noqa: DTZ001


def read(texts: list[str], forms: Forms = (ISO,), zone: str = "UTC", policy: str = "earlier"):  # type: ignore[no-untyped-def]
    """(milliseconds, rows with flaws)."""
    found = Flaws()
    ms = instants_ms(pa.array(texts), forms, Zone(ZoneInfo(zone), policy), "at", found)
    return ms.tolist(), found.first()["row"].to_pylist()


@pytest.mark.parametrize(
    ("text", "forms", "iso"),
    [
        ("2026-11-23 10:00:00", (ISO,), "2026-11-23T10:00:00+00:00"),
        ("2026-11-23T10:00:00.123456Z", (ISO,), "2026-11-23T10:00:00.123+00:00"),
        ("2026-11-23 10:00:00.5+02", (ISO,), "2026-11-23T08:00:00.500+00:00"),
        ("2026-11-23 10:00:00-05:30", (ISO,), "2026-11-23T15:30:00+00:00"),
        ("2026-11-23", (ISO,), "2026-11-23T00:00:00+00:00"),
        ("11/23/2026 10:00:00.5", (AMERICAN,), "2026-11-23T10:00:00.500+00:00"),
        ("20261123100000", (COMPACT,), "2026-11-23T10:00:00+00:00"),
        ("10:00:00.123 UTC NOV 23 2026", (H323,), "2026-11-23T10:00:00.123+00:00"),
        ("10:00:00.000 GMT Mon Nov 23 2026", (H323,), "2026-11-23T10:00:00+00:00"),
        ("10:00:00.123 GMT NOV 3 2026", (ISO, H323), "2026-11-03T10:00:00.123+00:00"),
    ],
)
def test_forms(text: str, forms: Forms, iso: str) -> None:
    ms, flawed = read([text], forms)
    assert (ms, flawed) == ([int(datetime.fromisoformat(iso).timestamp() * 1_000)], [])


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-29 10:00:00", "2026-13-01", "2026-11-23 24:00:00", "2026-11-23 10:60:00"),
        *("2026-11-00", "now", "2026-11-23 10:00:00x", "２０２６-11-23", "10:00", "0000-01-01"),
    ],
)
def test_what_is_no_time_is_a_flaw_and_its_neighbours_are_read(text: str) -> None:
    good = "2026-11-23 10:00:00"
    ms, flawed = read([good, text, "", good])
    assert flawed == [1]
    assert ms[1:3] == [0, 0]
    assert ms[0] == ms[3] > 0


def test_a_leap_day() -> None:
    assert read(["2028-02-29"])[1] == []


def test_an_hour_that_exists_twice() -> None:
    text = "2026-10-25 02:30:00"  # clocks go back at 03:00 summer time
    earlier, later = (
        read([text], zone="Europe/Berlin", policy=p)[0][0] for p in ("earlier", "later")
    )
    assert later - earlier == 3_600_000
    assert datetime.fromtimestamp(earlier / 1_000, UTC).isoformat() == "2026-10-25T00:30:00+00:00"
    sure = "2026-10-25 03:30:00"
    assert read([sure, text], zone="Europe/Berlin", policy="refuse")[1] == [1]


def test_an_hour_that_does_not_exist() -> None:
    text = "2026-03-29 02:30:00"
    assert read([text], zone="Europe/Berlin", policy="refuse")[1] == [0]
    for policy in ("earlier", "later"):
        ms, flawed = read([text], zone="Europe/Berlin", policy=policy)
        assert not flawed
        assert abs(ms[0] - 1_774_746_000_000) <= 1  # 2026-03-29 01:00:00 UTC


def test_an_offset_in_the_text_beats_the_zone() -> None:
    assert read(["2026-07-01 10:00:00+00"], zone="Asia/Tokyo") == read(["2026-07-01 10:00:00"])


@settings(deadline=None)
@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_agrees_with_the_standard_library(moments: list[datetime]) -> None:
    texts = [m.isoformat(" ", "milliseconds") for m in moments]
    ms, flawed = read(texts, zone="Europe/Berlin", policy="later")
    assert not flawed
    for moment, at in zip(moments, ms, strict=True):
        local = moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)
        aware = local.replace(tzinfo=BERLIN, fold=1)
        exists = aware.astimezone(UTC).astimezone(BERLIN).replace(tzinfo=None) == local
        if exists:
            assert timedelta(milliseconds=at) == aware - datetime(1970, 1, 1, tzinfo=UTC)


def test_more_shapes_than_are_read_together() -> None:
    texts = [
        f"2026-11-23 10:00:00.{'1' * (1 + i % 9)}{'+-'[i % 2]}{i // 18:02d}" for i in range(200)
    ]
    assert len({text[19:] for text in texts}) > SHAPES_MAX
    ms, flawed = read(texts)
    alone = [read([text])[0][0] for text in texts]
    assert (ms, flawed) == (alone, [])


@pytest.mark.parametrize(
    ("text", "per_s", "ms"),
    [
        ("1795428000", None, 1_795_428_000_000),
        ("1795428000123", None, 1_795_428_000_123),
        ("1795428000.5", 1, 1_795_428_000_500),
        ("1795428000123", 1_000, 1_795_428_000_123),
        ("1795428000123999", 1_000_000, 1_795_428_000_123),
        ("", None, 0),
    ],
)
def test_epoch(text: str, per_s: int | None, ms: int) -> None:
    found = Flaws()
    assert epoch_ms(pa.array([text]), "at", found, per_s).tolist() == [ms]
    assert found.first().num_rows == 0
