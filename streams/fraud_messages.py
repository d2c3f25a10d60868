"""What the watch reads of messages and writes into them."""

from typing import Any

import msgspec
import pyarrow as pa

from billing.credit import orders as credit
from billing.credit.call_events import CallEvent, parse_events
from billing.credit.quote import quote
from billing.fraud.answers import Action
from billing.fraud.incidents import Alert
from billing.fraud.sources import facts_of_events, facts_of_rated, identity_of
from billing.tariff import Tariff
from streams import topics, wire
from streams.credit_owners import partition_of
from streams.credit_table import Message


def facts_of(
    topic: str, value: bytes, at_ms: int, tariff: Tariff, partition: int, partitions: int
) -> pa.Table:
    """The facts in a message of call.events or cdr.rated.

    Events that cannot be read, or stand in another account's partition, are none: credit control
    says so.
    """
    if topic == topics.RATED:
        return facts_of_rated(wire.decode_rated(value), at_ms, tariff.versions)

    def price(call: CallEvent) -> tuple[str, int]:
        numbers = (call.calling, call.called)
        sell = quote(tariff, call.customer, (), *numbers, call.at_ms, call.lrn).sell
        if sell is None:
            return "", 0
        num, den = sell.terms.fx
        return sell.destination, sell.terms.prices[1] * num // den

    found = [event for event in parse_events(value, at_ms) if isinstance(event, CallEvent)]
    own = [event for event in found if partition_of(event.customer, partitions) == partition]
    return facts_of_events(own, at_ms, price)


def alert_message(alert: Alert, currency: str) -> Message:
    """An alert for fraud.alerts: JSON; calls as the first halves of cdr_ids, in hexadecimal."""
    fields: dict[str, Any] = msgspec.to_builtins(alert)
    fields["calls"] = [identity_of(call) for call in alert.calls]
    value = msgspec.json.encode({**fields, "currency": currency})
    return topics.FRAUD_ALERTS, alert.account.encode(), value


class _Named(msgspec.Struct):
    id: str
    revision: int


def told_by(value: bytes) -> tuple[str, int]:
    """Which alert a message of fraud.alerts is: id and revision."""
    named = msgspec.json.decode(value, type=_Named)
    return named.id, named.revision


def order_message(order: credit.Order) -> Message:
    """An order for credit control."""
    return topics.CREDIT_ORDER, order.account.encode(), msgspec.json.encode(order)


def action_message(action: Action) -> Message:
    """An action for fraud.actions."""
    return topics.FRAUD_ACTIONS, action.account.encode(), msgspec.json.encode(action)
