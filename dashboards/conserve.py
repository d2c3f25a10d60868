"""The conservation line and its verdict. Pure.

received = rated + suspended + dead + duplicate, in calls and in milliseconds. Messages are stored
piece by piece, so a difference may be calls on their way. It is called a difference only when the
settled part (older arrivals) was off, on the same side, in CHECKS_MIN checks in a row while
the rater was not behind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from billing.money import NANOS, format_nanos
from clickhouse.queries import Balance
from dashboards.schemas import Conservation, Flow, Parts

CHECKS_MIN: Final = 6
SETTLED_AFTER_MS: Final = 10_000
_OUT: Final = ("rated", "suspended", "dead", "duplicate")


@dataclass(frozen=True, slots=True)
class Gap:
    """What arrived less what came out; 0 and 0 is exact."""

    calls: int
    duration_ms: int

    @property
    def side(self) -> int:
        """-1, 0 or 1: on which side of exact; calls decide, then milliseconds."""
        off = self.calls or self.duration_ms
        return (off > 0) - (off < 0)


def gap(balances: Iterable[Balance]) -> Gap:
    """The difference over some parts of the line."""
    calls = duration_ms = 0
    for each in balances:
        sign = 1 if each.part == "received" else -1
        calls += sign * each.calls
        duration_ms += sign * each.duration_ms
    return Gap(calls, duration_ms)


def judge(live: Gap, settled: Sequence[Gap]) -> tuple[Flow, str]:
    """The verdict over the whole line, given the settled gaps of the last checks, newest last."""
    last = settled[-CHECKS_MIN:]
    sides = {each.side for each in last}
    if len(last) == CHECKS_MIN and len(sides) == 1 and 0 not in sides:
        least = min(last, key=lambda each: (abs(each.calls), abs(each.duration_ms)))
        return "difference", f"difference {least.calls:+,} calls, {seconds(least.duration_ms)} s"
    if live.side == 0:
        return "exact", "exact"
    if live.calls == 0:
        return "in_flight", f"{seconds(abs(live.duration_ms))} s in flight"
    return "in_flight", f"{abs(live.calls):,} in flight"


def seconds(duration_ms: int) -> str:
    """Milliseconds as exact decimal seconds."""
    return format_nanos(duration_ms * NANOS // 1_000)


def line(
    balances: Sequence[Balance], settled: Sequence[Gap], since_ms: int, as_of_ms: int
) -> Conservation:
    """The line as the page shows it."""
    live = gap(balances)
    flow, text = judge(live, settled)
    calls, duration_ms = dict.fromkeys(_OUT, 0), dict.fromkeys(_OUT, 0)
    calls["received"] = duration_ms["received"] = 0
    for each in balances:
        calls[each.part] += each.calls
        duration_ms[each.part] += each.duration_ms
    return Conservation(
        since_ms=since_ms,
        as_of_ms=as_of_ms,
        flow=flow,
        text=text,
        calls=Parts(
            **{part: str(count) for part, count in calls.items()}, difference=str(live.calls)
        ),
        seconds=Parts(
            **{part: seconds(spent_ms) for part, spent_ms in duration_ms.items()},
            difference=seconds(live.duration_ms),
        ),
    )
