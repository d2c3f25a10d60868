"""What was done about alerts, and what people said of them: the memory behind `actions`.

An alert that a person has called harmless starts nothing by itself any more, however it grows.
"""

from dataclasses import replace
from typing import Annotated, Final, Literal

import msgspec

from billing.cdr import TEXT_MAX
from billing.errors import BadField
from billing.fraud.actions import POLICY, Order, orders_of
from billing.fraud.incidents import Alert
from billing.fraud.rules import POLICIES, Rules

REMEMBERED_MS: Final = 30 * 86_400_000
"""what people said of an alert"""
_Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_MAX)]


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message of fraud.actions.

    Of people: confirm (value: what to do, a policy; "" = the account's) and undo. Of the watch:
    throttle, block_destination, block_account, lifted, and refused with the reason as its note.
    """

    kind: Literal[
        "confirm", "undo", "throttle", "block_destination", "block_account", "lifted", "refused"
    ]
    alert: _Name
    account: _Text
    by: _Name
    at_ms: int
    value: _Text = ""
    until_ms: int = 0
    note: _Text = ""


_DECODER: Final = msgspec.json.Decoder(Action)


def parse_action(payload: bytes) -> Action:
    """The action of one JSON object. Raises BadField."""
    try:
        action = _DECODER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadField("unreadable", "", payload[:80], str(error)) from None
    if action.kind == "confirm" and action.value not in ("", *POLICIES[1:]):
        raise BadField("invalid", "value", action.value, f"one of {', '.join(POLICIES[1:])}")
    return action


class Answers:
    """Orders that are in force, by alert; alerts that people have called harmless."""

    def __init__(self) -> None:
        self._orders: dict[str, list[Order]] = {}
        self._harmless: dict[str, int] = {}

    def to_alert(self, alert: Alert, rules: Rules, now_ms: int) -> list[Order]:
        """What is to be done about an alert by policy; nothing that would be over by now."""
        if alert.id in self._harmless:
            return []
        made = orders_of(alert, rules.action_of(alert.account), alert.updated_ms)
        return self._given([order for order in made if order.until_ms > now_ms])

    def confirmed(self, alert: Alert, action: Action, rules: Rules, now_ms: int) -> list[Order]:
        """What is to be done now that a person has said that it is fraud."""
        self._harmless.pop(alert.id, None)
        policy = rules.action_of(alert.account)
        if action.value:
            policy = replace(policy, policy=action.value)
        return self._given(orders_of(alert, policy, now_ms, confirmed=True))

    def undone(self, action: Action, now_ms: int) -> list[Order]:
        """The orders to lift; the alert is harmless from now on."""
        self._harmless[action.alert] = now_ms
        return [o for o in self._orders.pop(action.alert, []) if o.until_ms > now_ms]

    def forget(self, now_ms: int) -> None:
        """Drop what is over."""
        lasting = {a: [o for o in own if o.until_ms > now_ms] for a, own in self._orders.items()}
        self._orders = {alert: own for alert, own in lasting.items() if own}
        since_ms = now_ms - REMEMBERED_MS
        self._harmless = {a: said for a, said in self._harmless.items() if said > since_ms}

    def dump(self) -> bytes:
        """What load takes."""
        return msgspec.json.encode([self._orders, self._harmless])

    @classmethod
    def load(cls, data: bytes) -> "Answers":
        """What dump gave."""
        made = cls()
        kind = tuple[dict[str, list[Order]], dict[str, int]]
        made._orders, made._harmless = msgspec.json.decode(data, type=kind)
        return made

    def _given(self, orders: list[Order]) -> list[Order]:
        for order in orders:
            own = self._orders.setdefault(order.alert, [])
            own[:] = [o for o in own if (o.kind, o.value) != (order.kind, order.value)]
            own.append(order)
        return orders


def done(order: Order, by: str, kind: str = "", at_ms: int = 0) -> Action:
    """The record of an order that was given, or lifted (kind, at_ms)."""
    what = (kind or order.kind, order.alert, order.account, by or POLICY, at_ms or order.given_ms)
    return Action(*what, order.value, order.until_ms)  # type: ignore[arg-type]
