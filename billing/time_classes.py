"""Time classes of a deck: named spans of its local week, and holidays, as a step function of time.

The clock is the deck's own: summer time moves the spans with it, to the millisecond.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from kernels.layout import I32, I64

ANY: Final = "any"
"""what a rate says that holds in every class"""
CLASSES_MAX: Final = 32
SPANS_MAX: Final = 200
HOLIDAYS_MAX: Final = 4_000
FIRST_MS: Final = 631_152_000_000  # 1990-01-01
END_MS: Final = 4_133_980_800_000  # 2101-01-01
"""The instants that time classes are known for; calls lie well within."""
WEEK_MINUTES: Final = 7 * 24 * 60
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_FIRST_MONDAY: Final = 4  # days after 1970-01-01
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "(?:" + "|".join(_DAYS) + ")"
_SPAN: Final = re.compile(
    rf"({_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*) (\d\d):(\d\d)-(\d\d):(\d\d)"
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,31}")
_PROBE_S: Final = 12 * 3_600
"""Two changes of a zone's offset within this time that undo each other would be overlooked; there
is no such pair in the time zone database in these years."""


class TimeClasses(NamedTuple):
    """A weekly profile with holidays. Text and numbers only, so that it is stored as it is."""

    default: str
    week: tuple[tuple[int, int, str], ...]
    """from, until (minutes since Monday 00:00 local time), class; in order, without overlap"""
    holidays: tuple[tuple[str, str], ...]
    """date, class of that whole local day; in order"""

    def names(self) -> tuple[str, ...]:
        """Every class, the default first."""
        named = [self.default, *(name for *_, name in self.week), *(n for _, n in self.holidays)]
        return tuple(dict.fromkeys(named))


def class_name(name: Any, where: str, taken: tuple[str, ...] = (ANY,)) -> str:
    """A class's name. Raises ValueError."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in taken:
        raise ValueError(
            f"{where}: class {name!r}: a name has 1 to 32 letters, digits, spaces or _.+- and is "
            f"not {' or '.join(taken)}"
        )
    return name


def _days(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        found += [day % 7 for day in range(start, end + (7 if end < start else 0) + 1)]
    return found


def _span(name: str, text: Any) -> list[tuple[int, int]]:
    """The parts of one span, (from, until) in minutes of the week."""
    where = f"time_classes.{name}={text!r}"
    found = _SPAN.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if not found:
        raise ValueError(f'{where}: expected a span such as "mon-fri 08:00-20:00"')
    from_h, from_m, to_h, to_m = (int(found.group(i)) for i in range(2, 6))
    start, end = from_h * 60 + from_m, to_h * 60 + to_m
    if max(from_m, to_m) > 59 or start >= 1_440 or end > 1_440:
        raise ValueError(f"{where}: times are 00:00 to 24:00")
    if start == end:
        raise ValueError(f'{where}: ends where it begins: a whole day is "00:00-24:00"')
    parts = []
    for day in _days(found.group(1)):
        begin = day * 1_440 + start
        until = day * 1_440 + end + (1_440 if end < start else 0)
        parts.append((begin, min(until, WEEK_MINUTES)))
        if until > WEEK_MINUTES:
            parts.append((0, until - WEEK_MINUTES))
    return parts


def _week(table: Mapping[str, Any]) -> tuple[tuple[int, int, str], ...]:
    spans: list[tuple[int, int, str, str]] = []
    for name, texts in table.items():
        class_name(name, "time_classes")
        if not isinstance(texts, list) or not texts:
            raise ValueError(f"time_classes.{name}={texts!r}: expected a list of spans")
        for text in texts:
            spans += [(*part, name, f"{name} {text!r}") for part in _span(name, text)]
    spans.sort()
    if len(spans) > SPANS_MAX:
        raise ValueError(f"time_classes: more than {SPANS_MAX} spans in the week")
    for (_, end, _, one), (start, _, _, other) in pairwise(spans):
        if start < end:
            raise ValueError(f"time_classes: {one} and {other} overlap")
    return tuple(span[:3] for span in spans)


def _holidays(table: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(table, dict):
        raise ValueError(f"time_classes.holidays={table!r}: expected class = [dates]")
    found: dict[str, str] = {}
    for name, days in table.items():
        class_name(name, "time_classes.holidays")
        if not isinstance(days, list):
            raise ValueError(f"time_classes.holidays.{name}={days!r}: expected a list of dates")
        for day in days:
            text = str(day)
            try:
                known = date.fromisoformat(text).isoformat() == text
            except ValueError:
                known = False
            if not known or not "1990-01-02" <= text <= "2100-12-30":
                raise ValueError(
                    f"time_classes.holidays.{name}={text!r}: not a date such as 2026-12-25"
                )
            if found.setdefault(text, name) != name:
                raise ValueError(f"time_classes.holidays: {text} is {found[text]} and {name}")
    if len(found) > HOLIDAYS_MAX:
        raise ValueError(f"time_classes.holidays: more than {HOLIDAYS_MAX} dates")
    return tuple(sorted(found.items()))


def parse_time_classes(table: Any) -> TimeClasses | None:
    """A profile from the table [time_classes] of deck options (docs/input.md); None without one.

    Raises ValueError naming key and value.
    """
    if table is None:
        return None
    if not isinstance(table, dict):
        raise ValueError(f"time_classes={table!r}: expected a table")
    if "default" not in table:
        raise ValueError("time_classes.default: required: the class where no span applies")
    found = TimeClasses(
        class_name(table["default"], "time_classes.default"),
        _week({k: v for k, v in table.items() if k not in ("default", "holidays")}),
        _holidays(table.get("holidays", {})),
    )
    if len(found.names()) > CLASSES_MAX:
        raise ValueError(f"time_classes: more than {CLASSES_MAX} classes")
    return found


@lru_cache(maxsize=256)
def offsets(zone: str) -> tuple[I64, I64]:
    """A zone's offsets to UTC: since when (the first since FIRST_MS), and how many ms ahead."""
    tz = ZoneInfo(zone)

    def ahead_ms(at_s: int) -> int:
        offset = datetime.fromtimestamp(at_s, UTC).astimezone(tz).utcoffset()
        assert offset is not None
        return round(offset.total_seconds() * 1_000)

    begins, ahead = [FIRST_MS], [ahead_ms(FIRST_MS // 1_000)]
    for probe in range(FIRST_MS // 1_000 + _PROBE_S, END_MS // 1_000 + 1, _PROBE_S):
        if (there := ahead_ms(probe)) == ahead[-1]:
            continue
        before, after = probe - _PROBE_S, probe
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (before, middle) if ahead_ms(middle) != ahead[-1] else (middle, after)
        begins.append(after * 1_000)
        ahead.append(there)
    return np.array(begins, np.int64), np.array(ahead, np.int64)


@lru_cache(maxsize=32)
def steps(profile: TimeClasses, zone: str) -> tuple[I64, I32]:
    """When a new class begins, first FIRST_MS, and which: an index into profile.names()."""
    number = {name: i for i, name in enumerate(profile.names())}
    minute = np.full(WEEK_MINUTES, np.int32(0))
    edges = {0}
    for start, end, name in profile.week:
        minute[start:end] = number[name]
        edges |= {start, end % WEEK_MINUTES}
    holiday = {date.fromisoformat(d).toordinal() - 719_163: number[n] for d, n in profile.holidays}
    days = np.array(list(holiday), np.int64)
    classes = np.array(list(holiday.values()), np.int32)
    weeks = np.arange(FIRST_MS // (7 * _DAY_MS) - 1, END_MS // (7 * _DAY_MS) + 2)
    mondays_ms = (weeks * 7 + _FIRST_MONDAY) * _DAY_MS
    at_edges = mondays_ms[:, None] + np.array(sorted(edges)) * _MINUTE_MS
    local_ms = np.unique(np.concatenate([at_edges.ravel(), days * _DAY_MS, (days + 1) * _DAY_MS]))
    begins, ahead = offsets(zone)
    instants, local = [], []
    for begin, end, offset in zip(begins, [*begins[1:], END_MS], ahead, strict=True):
        low, high = np.searchsorted(local_ms, (begin + offset + 1, end + offset))
        own = np.concatenate([[begin + offset], local_ms[low:high]])
        local.append(own)
        instants.append(own - offset)
    begin_ms, clock_ms = np.concatenate(instants), np.concatenate(local)
    day = clock_ms // _DAY_MS
    in_week = (day - _FIRST_MONDAY) % 7 * 1_440 + clock_ms % _DAY_MS // _MINUTE_MS
    label = minute[in_week]
    order = np.argsort(days)
    place = np.minimum(np.searchsorted(days, day, sorter=order), max(len(days) - 1, 0))
    if len(days):
        hit = days[order][place] == day
        label = np.where(hit, classes[order][place], label)
    kept = np.concatenate([[True], label[1:] != label[:-1]])
    return begin_ms[kept], label[kept].astype(np.int32)
