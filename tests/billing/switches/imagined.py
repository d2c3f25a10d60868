"""Call i, as every sample tells it: who, when, how long.

Numbers from ranges for fiction. Call i is answered i seconds after 2026-11-23 10:00:00 UTC and
lasts 1 + i % 500 seconds and 250 ms; every fifth one is an attempt.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

BEGIN: Final = datetime(2026, 11, 23, 10, tzinfo=UTC)
BEGIN_MS: Final = int(BEGIN.timestamp() * 1_000)
BERLIN: Final = ZoneInfo("Europe/Berlin")


def is_attempt(i: int) -> bool:
    """Whether call i is not answered."""
    return i % 5 == 4


def seconds(i: int) -> int:
    """Whole seconds call i lasts."""
    return 0 if is_attempt(i) else 1 + i % 500


def lasted_ms(i: int, finer: bool = True) -> int:
    """Milliseconds call i lasts, or whole seconds of them."""
    return seconds(i) * 1_000 + (250 if finer and seconds(i) else 0)


def called(i: int) -> str:
    """The B-number of call i."""
    return f"4420794{i % 100_000:05d}"


def calling(i: int) -> str:
    """The A-number of call i."""
    return f"1202555{i % 10_000:04d}"


def begin(i: int, extra_ms: int = 0) -> datetime:
    """When it is answered."""
    return BEGIN + timedelta(seconds=i, milliseconds=extra_ms)


def end(i: int, finer: bool = True) -> datetime:
    """When it ends."""
    return begin(i, lasted_ms(i, finer))


def epoch(moment: datetime) -> int:
    """Seconds since 1970."""
    return int(moment.timestamp())


def stamp(moment: datetime) -> str:
    """Local time in Berlin."""
    return moment.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S")
