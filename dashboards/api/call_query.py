"""Which calls a request asks for: the parameters of `/v1/calls` and of the pages, checked."""

import time
from typing import Annotated, Final

from fastapi import Depends, Query

from billing.errors import BadField
from billing.instants import parse_instant_ms
from billing.rating import REASONS
from clickhouse.call_search import ID, Wanted
from dashboards.api.problems import Refused
from dashboards.call_views import CURSOR

HOUR_MS: Final = 3_600_000
WINDOW_MS_MAX: Final = 31 * 24 * HOUR_MS
TEXT_MAX: Final = 64
Text = Annotated[str, Query(max_length=TEXT_MAX)]


def refused(field: str, value: str, why: str) -> Refused:
    """400 that names the parameter and its value."""
    return Refused(f"{field}={value!r}: {why}")


def window(
    since: Annotated[Text, Query(alias="from")] = "",
    until: Text = "",
    hours: Annotated[int, Query(ge=1, le=744)] = 1,
) -> tuple[int, int]:
    """[from, until) in milliseconds; without them the last so many hours."""
    now_ms = time.time_ns() // 1_000_000
    until_ms = _instant("until", until) if until else now_ms
    from_ms = _instant("from", since) if since else until_ms - hours * HOUR_MS
    if from_ms >= until_ms:
        raise refused("from", since, "must be before until")
    if until_ms - from_ms > WINDOW_MS_MAX:
        raise refused("from", since, "a window has at most 31 days")
    return from_ms, until_ms


Window = Annotated[tuple[int, int], Depends(window)]


def wanted(
    span: Window,
    customer: Text = "",
    vendor: Text = "",
    called: Annotated[str, Query(max_length=TEXT_MAX, pattern=r"^\+?\d*$")] = "",
    reason: Text = "",
) -> Wanted:
    """The calls asked for. Raises Refused."""
    if reason and reason not in REASONS:
        raise refused("reason", reason, f"must be one of {', '.join(filter(None, REASONS))}")
    return Wanted(*span, customer, vendor, called.removeprefix("+"), reason)


Calls = Annotated[Wanted, Depends(wanted)]


def cursor(after: Text = "") -> tuple[int, str] | None:
    """Where the page before ended. Raises Refused."""
    if not after:
        return None
    ms, _, call = after.partition(CURSOR)
    if not (ms.isdecimal() and len(ms) <= 15 and ID.fullmatch(call)):
        raise refused("after", after, "is not a cursor of ours")
    return int(ms), call


After = Annotated[tuple[int, str] | None, Depends(cursor)]


def _instant(field: str, value: str) -> int:
    try:
        return parse_instant_ms(value)
    except (BadField, ValueError) as flaw:
        raise refused(
            field, value, f"must be an instant such as 2026-11-30T12:00:00Z ({flaw})"
        ) from None
