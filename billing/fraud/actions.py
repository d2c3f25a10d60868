"""What is done about an alert, by the account's policy: a pure choice, carried out elsewhere.

By itself the system blocks only where a burst or a hard cap and a high-risk range agree, and the
alert is critical; everything else waits for a person. Every order ends by itself, and can be
lifted before.
"""

from typing import Final

import msgspec

from billing.credit import orders as credit
from billing.fraud.incidents import CRITICAL, Alert
from billing.fraud.rules import BLOCK_ACCOUNT, BLOCK_DESTINATION, NOTIFY, THROTTLE, Action

POLICY: Final = "policy"
"""who gave an order that nobody gave"""
_MINUTE_MS: Final = 60_000


class Order(msgspec.Struct, frozen=True):
    """kind: throttle, block_destination or block_account.

    value: the prefix of block_destination, calls per minute of throttle. until_ms: when it ends by
    itself. disconnect: calls in progress end, too.
    """

    kind: str
    alert: str
    account: str
    value: str
    given_ms: int
    until_ms: int
    disconnect: bool = False


def automatic(alert: Alert) -> bool:
    """Whether the alert may be acted upon without a person."""
    quick = "burst" in alert.reasons or any(r.startswith("cap_") for r in alert.reasons)
    return alert.severity == CRITICAL and quick and "high_risk_range" in alert.reasons


def orders_of(alert: Alert, policy: Action, at_ms: int, confirmed: bool = False) -> list[Order]:
    """What to do at an instant. confirmed: a person has said that it is fraud.

    Nothing where the policy is to notify, the alert is not about an account, or destinations are
    to be blocked and the alert names none.
    """
    if policy.policy == NOTIFY or not alert.account or not (confirmed or automatic(alert)):
        return []
    until_ms = at_ms + policy.block_min * _MINUTE_MS
    values = {
        THROTTLE: [str(policy.throttle_calls_per_min)],
        BLOCK_DESTINATION: [block.value for block in alert.block if block.kind == "prefix"],
        BLOCK_ACCOUNT: [""],
    }[policy.policy]
    cut = policy.disconnect and policy.policy != THROTTLE
    what = (policy.policy, alert.id, alert.account)
    return [Order(*what, value, at_ms, until_ms, cut) for value in values]


def credit_order(order: Order, by: str, reason: str) -> credit.Order:
    """The order as credit control takes it."""
    return credit.Order(
        kind="block",
        id=f"{order.alert}/{order.kind}/{order.value}/{order.given_ms}",
        role="customer",
        account=order.account,
        by=by,
        at_ms=order.given_ms,
        prefix=_prefix(order),
        reason=reason,
        until_ms=order.until_ms,
        disconnect=order.disconnect,
        calls_per_min=int(order.value) if order.kind == THROTTLE else 0,
        source=order.alert,
    )


def lifting(order: Order, by: str, at_ms: int) -> credit.Order:
    """What takes the order back."""
    return credit.Order(
        kind="unblock",
        id=f"{order.alert}/lift/{_prefix(order)}/{at_ms}",
        role="customer",
        account=order.account,
        by=by,
        at_ms=at_ms,
        prefix=_prefix(order),
        source=order.alert,
    )


def _prefix(order: Order) -> str:
    return order.value if order.kind == BLOCK_DESTINATION else ""
