"""Incidents: what the signals of a family about a subject add up to, told once and when it grows.

A signal about something that is already told only adds to it; it is told again when its severity
rises or its money has grown by `revision_times`, and not more often than every `revision_min`.
After `cool_down_min` without a signal the incident is over, and the next one is another incident.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Final

import msgspec

from billing.fraud.rules import Timing

QUIET, WARNING, CRITICAL = "quiet", "warning", "critical"
"""a quiet signal only adds money to an incident that is open"""
CALLS_SHOWN_MAX: Final = 10
OPEN_MAX: Final = 20_000
"""incidents open at a time; beyond, the one that was quiet for longest is closed"""
_MINUTE_MS: Final = 60_000


class Block(msgspec.Struct, frozen=True):
    """Something that could be blocked; kind: prefix, account or vendor."""

    kind: str
    value: str


class Alert(msgspec.Struct, frozen=True):
    """An incident as far as it is known at `updated_ms`, told for the `revision`th time.

    evidence: figures by name, units last. money_nanos: spent in it so far; at_risk_nanos_per_h:
    what an hour more would cost. calls: hashes of up to CALLS_SHOWN_MAX calls.
    """

    id: str
    family: str
    subject_kind: str
    subject: str
    account: str
    severity: str
    since_ms: int
    raised_ms: int
    updated_ms: int
    revision: int
    money_nanos: int
    at_risk_nanos_per_h: int
    reasons: tuple[str, ...]
    evidence: dict[str, int]
    calls: tuple[int, ...]
    block: tuple[Block, ...]


class Shown(msgspec.Struct, frozen=True):
    """What a signal shows; put together only when it is told."""

    at_risk_nanos_per_h: int
    reasons: tuple[str, ...]
    evidence: dict[str, int]
    calls: tuple[int, ...]
    block: tuple[Block, ...]


class Signal(msgspec.Struct, frozen=True):
    """A family's finding about a subject at an instant.

    money_nanos: all money of it so far, for an incident that begins; added_nanos: what has been
    added since the signal or quiet addition before. show may answer None: a closer look found
    nothing; then the signal counts as not given.
    """

    at_ms: int
    family: str
    subject_kind: str
    subject: str
    account: str
    severity: str
    since_ms: int
    money_nanos: int
    added_nanos: int
    show: Callable[[], Shown | None]


def about_account(
    family: str,
    account: str,
    span_ms: tuple[int, int],
    severity: str,
    money_nanos: int,
    added_nanos: int,
    show: Callable[[], Shown | None],
) -> Signal:
    """A signal whose subject is an account. span_ms: since when, and the instant it is given."""
    since_ms, at_ms = span_ms
    subject = ("account", account, account)
    return Signal(at_ms, family, *subject, severity, since_ms, money_nanos, added_nanos, show)


def about_range(
    family: str,
    account: str,
    prefix: str,
    span_ms: tuple[int, int],
    severity: str,
    money_nanos: int,
    added_nanos: int,
    show: Callable[[], Shown | None],
) -> Signal:
    """A signal whose subject is a range of numbers that an account calls."""
    since_ms, at_ms = span_ms
    subject = ("range", f"{account}/{prefix}", account)
    return Signal(at_ms, family, *subject, severity, since_ms, money_nanos, added_nanos, show)


class _Open(msgspec.Struct):
    alert: Alert
    last_ms: int
    money_nanos: int


class Incidents:
    """The incidents that are open."""

    def __init__(self, timing: Timing) -> None:
        self._quiet_ms = timing.cool_down_min * _MINUTE_MS
        self._pause_ms = timing.revision_min * _MINUTE_MS
        self._times = timing.revision_times
        self._open: dict[tuple[str, str], _Open] = {}

    def __len__(self) -> int:
        return len(self._open)

    def find(self, name: str) -> Alert | None:
        """An open incident by its id, as it was told last."""
        return next((o.alert for o in self._open.values() if o.alert.id == name), None)

    def since(self, family: str, subject: str, at_ms: int) -> int | None:
        """When the open incident was raised, None without one."""
        found = self._open.get((family, subject))
        if found is None or at_ms - found.last_ms > self._quiet_ms:
            return None
        return found.alert.raised_ms

    def hear(self, signal: Signal) -> Alert | None:
        """What to tell of a signal, if anything. Signals come in order of time."""
        key = signal.family, signal.subject
        found = self._open.get(key)
        if found is None or signal.at_ms - found.last_ms > self._quiet_ms:
            return None if signal.severity == QUIET else self._begin(key, signal)
        found.money_nanos += signal.added_nanos
        if signal.severity == QUIET:
            return None
        told = found.alert
        worse = signal.severity == CRITICAL and told.severity == WARNING
        more = found.money_nanos >= self._times * max(told.money_nanos, 1)
        later = signal.at_ms - told.updated_ms >= self._pause_ms
        found.last_ms = signal.at_ms
        if not (worse or (more and later)) or (shown := signal.show()) is None:
            return None
        found.alert = msgspec.structs.replace(
            told,
            severity=CRITICAL if worse else told.severity,
            updated_ms=signal.at_ms,
            revision=told.revision + 1,
            money_nanos=found.money_nanos,
            at_risk_nanos_per_h=shown.at_risk_nanos_per_h,
            reasons=tuple(dict.fromkeys((*told.reasons, *shown.reasons))),
            evidence=shown.evidence,
            calls=tuple(dict.fromkeys((*told.calls, *shown.calls)))[:CALLS_SHOWN_MAX],
            block=tuple(dict.fromkeys((*told.block, *shown.block))),
        )
        return found.alert

    def covers(self, family: str, subject: str, prefix: str, at_ms: int) -> bool:
        """Whether an open incident proposes to block numbers of this prefix already."""
        if self.since(family, subject, at_ms) is None:
            return False
        blocks = self._open[family, subject].alert.block
        own = [block.value for block in blocks if block.kind == "prefix"]
        return any(prefix.startswith(value) or value.startswith(prefix) for value in own)

    def suspects(self, after_ms: int) -> list[str]:
        """Accounts with an incident that was raised later than an instant."""
        opened = self._open.values()
        return sorted({o.alert.account for o in opened if o.alert.raised_ms > after_ms} - {""})

    def forget(self, now_ms: int) -> list[tuple[str, str]]:
        """Close what was quiet for long enough; family and subject of what was closed."""
        before = set(self._open)
        self._open = {k: v for k, v in self._open.items() if now_ms - v.last_ms <= self._quiet_ms}
        if len(self._open) > OPEN_MAX:
            newest = sorted(self._open.items(), key=lambda item: (-item[1].last_ms, item[0]))
            self._open = dict(newest[:OPEN_MAX])
        return sorted(before - set(self._open))

    def dump(self) -> bytes:
        """The open incidents, for load."""
        return msgspec.json.encode([[*key, value] for key, value in self._open.items()])

    def load(self, data: bytes) -> None:
        """What dump gave."""
        for family, subject, value in msgspec.json.decode(data, type=list[tuple[str, str, _Open]]):
            self._open[family, subject] = value

    def _begin(self, key: tuple[str, str], signal: Signal) -> Alert | None:
        if (shown := signal.show()) is None:
            return None
        text = f"{signal.family}|{signal.subject}|{signal.since_ms}"
        alert = Alert(
            id=blake2b(text.encode(), digest_size=8).hexdigest(),
            family=signal.family,
            subject_kind=signal.subject_kind,
            subject=signal.subject,
            account=signal.account,
            severity=signal.severity,
            since_ms=signal.since_ms,
            raised_ms=signal.at_ms,
            updated_ms=signal.at_ms,
            revision=1,
            money_nanos=signal.money_nanos,
            at_risk_nanos_per_h=shown.at_risk_nanos_per_h,
            reasons=shown.reasons,
            evidence=shown.evidence,
            calls=shown.calls[:CALLS_SHOWN_MAX],
            block=shown.block,
        )
        self._open[key] = _Open(alert, signal.at_ms, signal.money_nanos)
        return alert
