"""Figures of the stream as a person would say them. Pure."""

from typing import Final

from dashboards.schemas import Backlog

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def span(seconds: float) -> str:
    """A length of time in its two largest units: 45 s, 3 min 20 s, 2 h 5 min, 3 d 4 h."""
    left, said = max(0, round(seconds)), list[str]()
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if said and not count:
            break
        if count:
            said.append(f"{count} {name}")
        if len(said) == 2:
            break
    return " ".join(said) or "0 s"


def rounded(value: float) -> int:
    """An estimate to three digits: more would say more than is known."""
    return int(float(f"{value:.3g}"))


def amount(count: int, unit: str) -> str:
    """So many calls, or messages."""
    return f"{count:,} {unit if count != 1 else unit.removesuffix('s')}"


def backlog_text(backlog: Backlog, now_ms: int) -> str:
    """How much waits in the broker, and since when. Calls are estimated, messages counted."""
    if not backlog.messages:
        return "Nothing waits in the broker."
    what = amount(backlog.messages, "messages")
    verb = "waits" if backlog.messages == 1 else "wait"
    if backlog.unit == "calls":
        what = f"About {amount(backlog.waiting, 'calls')} (in {what})"
        verb = "waits" if backlog.waiting == 1 else "wait"
    oldest_ms = backlog.oldest_ms
    since = "" if oldest_ms is None else f", the oldest for {span((now_ms - oldest_ms) / 1_000)}"
    return f"{what} {verb} in the broker{since}."


def recovery_text(backlog: Backlog) -> str:
    """How fast the backlog shrinks or grows, and how long it will take."""
    per_s = backlog.shrinks_per_s
    if per_s is None or per_s == 0:
        return "They do not get fewer yet."
    speed = f"{amount(abs(per_s), backlog.unit)}/s"
    if per_s < 0:
        return f"They get more, by {speed}."
    left = "" if backlog.catch_up_s is None else f": about {span(backlog.catch_up_s)} left"
    return f"They get fewer by {speed}{left}."
