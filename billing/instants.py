"""Instants as milliseconds since 1970 in UTC: ISO 8601 or epoch seconds or milliseconds."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

INSTANT_MS_MIN: Final = 946_684_800_000  # 2000-01-01
INSTANT_MS_MAX: Final = 4_102_444_800_000  # 2100-01-01
DAY_MS: Final = 86_400_000
EPOCH_MS_FROM: Final = 100_000_000_000
"""A bare number from here on counts milliseconds (as seconds it would lie in the year 5138)."""

_EPOCH = re.compile(r"(\d{1,15})(?:\.(\d{1,9}))?$")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d(?::?\d\d)?)?)?$"
)


def parse_instant_ms(text: str, zone: tzinfo = UTC) -> int:
    """Milliseconds of "2026-11-23T10:00:00.123Z", "2026-11-23", "1795428000" or "1795428000123".

    An ISO time without an offset is in `zone`; digits below the millisecond are dropped.
    Raises ValueError.
    """
    text = text.strip()
    epoch = _EPOCH.match(text)
    if epoch:
        whole, fraction = int(epoch.group(1)), epoch.group(2) or ""
        ms = whole if whole >= EPOCH_MS_FROM else whole * 1_000 + int(fraction[:3].ljust(3, "0"))
    else:
        ms = _parse_iso_ms(text, zone)
    if not INSTANT_MS_MIN <= ms < INSTANT_MS_MAX:
        raise ValueError("outside the years 2000 to 2099")
    return ms


def _parse_iso_ms(text: str, zone: tzinfo) -> int:
    found = _ISO.match(text)
    if not found:
        raise ValueError("neither ISO 8601 nor epoch seconds or milliseconds")
    day, clock, fraction, offset = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{offset or ''}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return int(moment.timestamp()) * 1_000 + int((fraction or "0")[:3].ljust(3, "0"))


def format_instant_ms(ms: int) -> str:
    """ISO 8601 with milliseconds and Z."""
    return (
        datetime.fromtimestamp(ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        + f".{ms % 1_000:03d}Z"
    )


_SECONDS = re.compile(r"(\d{1,9})(?:\.(\d{1,12}))?$")


def parse_seconds_ms(text: str) -> int:
    """Milliseconds of a decimal number of seconds. Raises ValueError."""
    found = _SECONDS.match(text.strip())
    if not found:
        raise ValueError("not a number of seconds")
    fraction = found.group(2) or ""
    if fraction[3:].strip("0"):
        raise ValueError("finer than a millisecond")
    return int(found.group(1)) * 1_000 + int(fraction[:3].ljust(3, "0"))
