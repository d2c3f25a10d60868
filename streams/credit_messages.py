"""What credit control reads of messages and writes into them."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from billing.cdr import cdr_id
from billing.credit.call_events import CallEvent
from billing.credit.outcomes import Decision, Disconnect, Notice, Outcome
from billing.instants import INSTANT_MS_MIN
from streams import topics
from streams.credit_table import Message


def key_of(call: CallEvent) -> str:
    """The name of a call's session: its cdr_id in hexadecimal."""
    return cdr_id(call.switch, call.call_id, call.leg).hex()


def came(message: Any) -> int:
    """When a message came, by the broker; never later than now: some brokers keep the sender's
    clock, and what is granted must not depend on a wrong one."""
    return max(INSTANT_MS_MIN, min(int((message.timestamp or 0) * 1_000 + 0.5), now_ms()))


def now_ms() -> int:
    """The clock of grants that no message brings."""
    return int(time.time() * 1_000)


def _message_of(outcome: Outcome) -> list[Message]:
    key, value = outcome.account.encode(), msgspec.json.encode(outcome._asdict())
    if isinstance(outcome, Decision):
        return [(topics.CREDIT_DECISIONS, key, value)]
    if isinstance(outcome, Disconnect):
        detail = f"{outcome.reason}: call {outcome.call_id} of switch {outcome.switch}"
        notice = Notice(outcome.at_ms, outcome.account, "disconnect", 0, detail)
        return [(topics.CALL_CONTROL, key, value), *_message_of(notice)]
    return [(topics.CREDIT_EVENTS, key, value)]


def messages_of(outcomes: Sequence[Outcome]) -> list[Message]:
    """Outcomes as (topic, key, value) messages: JSON objects."""
    return [message for outcome in outcomes for message in _message_of(outcome)]
