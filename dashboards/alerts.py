"""Fraud alerts as the NOC sees them: what nobody looks after and is dear first. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from billing.money import format_nanos
from clickhouse.fraud_alerts import FraudAlert
from dashboards import triage
from dashboards.schemas import AlertRow
from dashboards.triage import UNTOUCHED, AlertState, Triage

SHOWN_MAX: Final = 6
FRESH_MS: Final = 3_600_000
"""a critical alert that is older than this and not told again is no news"""
_UNANSWERED: Final = ("", "refused")
_ORDER: Final = (AlertState.OPEN, AlertState.ACKED, AlertState.SHELVED, AlertState.CLOSED)
_RANK: Final = {"critical": 0, "warning": 1}


def rows(found: Sequence[FraudAlert], kept: Mapping[str, Triage], now_ms: int) -> list[AlertRow]:
    """The alerts to show: nothing done yet first, then those that nobody looks after, then by
    severity and money at risk.
    """
    order = sorted(
        found,
        key=lambda a: (
            a.done not in _UNANSWERED,
            _ORDER.index(_state(a, kept, now_ms)),
            _RANK.get(a.severity, len(_RANK)),
            -a.at_risk_nanos_per_h,
            -a.raised_ms,
        ),
    )
    return [row_of(a, kept.get(a.id, UNTOUCHED), now_ms) for a in order[:SHOWN_MAX]]


def critical(found: Sequence[FraudAlert], kept: Mapping[str, Triage], now_ms: int) -> int:
    """Critical alerts told within the last hour about which nothing was done, and that nobody
    looks after.
    """
    return sum(
        a.severity == "critical"
        and a.done in _UNANSWERED
        and now_ms - a.updated_ms <= FRESH_MS
        and _state(a, kept, now_ms) is AlertState.OPEN
        for a in found
    )


def _state(found: FraudAlert, kept: Mapping[str, Triage], now_ms: int) -> AlertState:
    return triage.seen(kept.get(found.id, UNTOUCHED), found.severity, now_ms).state


def row_of(found: FraudAlert, kept: Triage, now_ms: int) -> AlertRow:
    """An alert as a line of a table."""
    now = triage.seen(kept, found.severity, now_ms)
    return AlertRow(
        id=found.id,
        severity=found.severity,
        family=found.family,
        subject=found.subject,
        currency=found.currency,
        money=format_nanos(found.money_nanos),
        at_risk_per_h=format_nanos(found.at_risk_nanos_per_h),
        reasons=[reason for reason in found.reasons.split(",") if reason],
        block=[str(each["value"]) for each in json.loads(found.block or "[]")],
        raised_ms=found.raised_ms,
        updated_ms=found.updated_ms,
        done=found.done,
        state=now.state,
        owner=now.owner,
        until_ms=now.until_ms or None,
        tag=triage.tag(kept, found.severity),
    )
