"""Who looks after an alert: open -> acked -> shelved (until) -> closed, and open again. Pure.

What people said is kept with the severity that the alert had then. Time and a worse severity open
an alert again by themselves: `seen` works that out whenever somebody looks, nothing is written.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from billing.errors import TollwireError

SHELF_MS_MAX: Final = 7 * 86_400_000
_RANK: Final = {"warning": 1, "critical": 2}
WORSE: Final = "worse than it was then"
OVER: Final = "its time aside is over"


class AlertState(StrEnum):
    """Open: nobody looks after it."""

    OPEN = "open"
    ACKED = "acked"
    SHELVED = "shelved"
    CLOSED = "closed"


class Step(StrEnum):
    """What a person does; release: it is open again."""

    ACK = "ack"
    SHELVE = "shelve"
    CLOSE = "close"
    RELEASE = "release"


_FROM: Final = {
    Step.ACK: {AlertState.OPEN, AlertState.ACKED, AlertState.SHELVED},
    Step.SHELVE: {AlertState.OPEN, AlertState.ACKED, AlertState.SHELVED},
    Step.CLOSE: {AlertState.OPEN, AlertState.ACKED, AlertState.SHELVED},
    Step.RELEASE: {AlertState.ACKED, AlertState.SHELVED, AlertState.CLOSED},
}
_TO: Final = {
    Step.ACK: AlertState.ACKED,
    Step.SHELVE: AlertState.SHELVED,
    Step.CLOSE: AlertState.CLOSED,
    Step.RELEASE: AlertState.OPEN,
}
EXPLAINED: Final = {Step.SHELVE, Step.CLOSE}
"""what takes an alert out of sight needs a reason"""


class NotInState(TollwireError):
    """The step does not start from the state that the alert is in."""


class NotAccepted(TollwireError):
    """The step lacks a reason, or its time."""


class Triage(NamedTuple):
    """What was said of an alert last; owner: who said so, "" while it is open."""

    state: AlertState = AlertState.OPEN
    owner: str = ""
    until_ms: int = 0
    """of a shelved one"""
    reason: str = ""
    severity: str = ""
    """the alert's, when this was said"""
    at_ms: int = 0
    revision: int = 0
    reopened: str = ""
    """why it is open again; never kept, `seen` says it"""


UNTOUCHED: Final = Triage()


class Ask(NamedTuple):
    """A person's step; until_ms: of shelve."""

    step: Step
    by: str
    reason: str = ""
    until_ms: int = 0


def worse(severity: str, than: str) -> bool:
    """Whether one severity is worse than another."""
    return _RANK.get(severity, 0) > _RANK.get(than, 0)


def seen(kept: Triage, severity: str, now_ms: int) -> Triage:
    """What it is now, of an alert of this severity."""
    if kept.state is AlertState.OPEN:
        return kept
    if worse(severity, kept.severity):
        return _again(kept, WORSE)
    if kept.state is AlertState.SHELVED and kept.until_ms <= now_ms:
        return _again(kept, OVER)
    return kept


def after(kept: Triage, ask: Ask, severity: str, now_ms: int) -> Triage:
    """What is to be kept after a step. Raises NotInState, NotAccepted."""
    state = seen(kept, severity, now_ms).state
    if state not in _FROM[ask.step]:
        raise NotInState(f"The alert is {state}: it cannot be {_SAID[ask.step]}.")
    if ask.step in EXPLAINED and not ask.reason:
        raise NotAccepted(f"An alert is {_SAID[ask.step]} with a reason.")
    if ask.step is Step.SHELVE and not now_ms < ask.until_ms <= now_ms + SHELF_MS_MAX:
        raise NotAccepted(f"until_at: from now on, at most {SHELF_MS_MAX // 86_400_000} days.")
    return Triage(
        state=_TO[ask.step],
        owner="" if ask.step is Step.RELEASE else ask.by,
        until_ms=ask.until_ms if ask.step is Step.SHELVE else 0,
        reason=ask.reason,
        severity=severity,
        at_ms=now_ms,
        revision=kept.revision + 1,
    )


def tag(kept: Triage, severity: str) -> str:
    """What a step must know: the revision, and how bad the alert was when it was looked at."""
    return f"{kept.revision}-{severity}"


def words(found: Triage) -> str:
    """The state in short, for the audit log."""
    return f"{found.state} {found.owner}".strip()


_SAID: Final = {
    Step.ACK: "acknowledged",
    Step.SHELVE: "shelved",
    Step.CLOSE: "closed",
    Step.RELEASE: "released",
}


def _again(kept: Triage, why: str) -> Triage:
    return kept._replace(state=AlertState.OPEN, owner="", until_ms=0, reopened=why)
