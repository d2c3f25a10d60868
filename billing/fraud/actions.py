"""What is done about an alert, by the account's policy: a pure choice, carried out elsewhere.

By itself the system blocks only where a burst or a hard cap and a high-risk range agree, and the
alert is critical; everything else waits for a person. Every action ends by itself, and can be
undone before.
"""

from typing import Final

import msgspec

from billing.fraud.incidents import CRITICAL, Alert
from billing.fraud.rules import (
    BLOCK_ACCOUNT,
    BLOCK_DESTINATION,
    NOTIFY,
    THROTTLE,
    Action,
)

UNDO: Final = "undo"
DISCONNECT: Final = "disconnect"
_MINUTE_MS: Final = 60_000


class Order(msgspec.Struct, frozen=True):
    """kind: notify, throttle, block_destination, block_account, disconnect or undo.

    value: the prefix of block_destination, calls per minute of throttle, the kind that an undo
    undoes. until_ms: when it ends by itself; of notify and disconnect the instant it was given.
    """

    kind: str
    alert: str
    account: str
    value: str
    given_ms: int
    until_ms: int


def automatic(alert: Alert) -> bool:
    """Whether the alert may be acted upon without a person."""
    quick = "burst" in alert.reasons or any(r.startswith("cap_") for r in alert.reasons)
    return alert.severity == CRITICAL and quick and "high_risk_range" in alert.reasons


def orders_of(alert: Alert, policy: Action, confirmed: bool = False) -> list[Order]:
    """What to do now. confirmed: a person has said that it is fraud.

    A policy of block_destination without a prefix to block only notifies.
    """
    at_ms = alert.updated_ms
    notify = Order(NOTIFY, alert.id, alert.account, "", at_ms, at_ms)
    if policy.policy == NOTIFY or not alert.account or not (confirmed or automatic(alert)):
        return [notify]
    until_ms = at_ms + policy.block_min * _MINUTE_MS
    prefixes = [block.value for block in alert.block if block.kind == "prefix"]
    values = {
        THROTTLE: [str(policy.throttle_calls_per_min)],
        BLOCK_DESTINATION: prefixes,
        BLOCK_ACCOUNT: [""],
    }[policy.policy]
    orders = [Order(policy.policy, alert.id, alert.account, v, at_ms, until_ms) for v in values]
    if policy.disconnect and policy.policy != THROTTLE:
        cut = [Order(DISCONNECT, alert.id, alert.account, v, at_ms, at_ms) for v in values]
        orders += cut
    return [notify, *orders]


def undo(order: Order, at_ms: int) -> Order | None:
    """The order that takes another back; None where it is over or was never lasting."""
    if order.kind in (NOTIFY, DISCONNECT, UNDO) or at_ms >= order.until_ms:
        return None
    value = f"{order.kind} {order.value}".strip()
    return Order(UNDO, order.alert, order.account, value, at_ms, at_ms)
