"""Fraud alerts as the NOC sees them: what is open and dear first. Pure."""

import json
from collections.abc import Sequence
from typing import Final

from billing.money import format_nanos
from clickhouse.fraud_alerts import FraudAlert
from dashboards.schemas import AlertRow

SHOWN_MAX: Final = 6
FRESH_MS: Final = 3_600_000
"""a critical alert that is older than this and not told again is no news"""
_UNANSWERED: Final = ("", "refused")
_RANK: Final = {"critical": 0, "warning": 1}


def rows(found: Sequence[FraudAlert]) -> list[AlertRow]:
    """The alerts to show: nothing done yet first, then by severity and money at risk."""
    order = sorted(
        found,
        key=lambda a: (
            a.done not in _UNANSWERED,
            _RANK.get(a.severity, len(_RANK)),
            -a.at_risk_nanos_per_h,
            -a.raised_ms,
        ),
    )
    return [row_of(alert) for alert in order[:SHOWN_MAX]]


def critical(found: Sequence[FraudAlert], now_ms: int) -> int:
    """Critical alerts told within the last hour about which nothing was done."""
    return sum(
        a.severity == "critical" and a.done in _UNANSWERED and now_ms - a.updated_ms <= FRESH_MS
        for a in found
    )


def row_of(found: FraudAlert) -> AlertRow:
    """An alert as a line of a table."""
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
    )
