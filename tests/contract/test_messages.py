"""Messages as the code makes them are as the contract has them, whatever they hold."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import ValidationError

from billing.credit.call_events import CallEvent, parse_events
from billing.credit.orders import Order, parse_order
from billing.credit.outcomes import REFUSALS, Decision, Disconnect, Notice
from billing.errors import BadField
from billing.fraud.answers import Action
from billing.rating import REASONS, WITHDRAWN
from deploy.contract.message import INT64_MAX, INT64_MIN
from deploy.contract.of_credit import ENDS, NOTICES
from rerate.life import State
from rerate.sending import Event
from rerate.task import Phase
from streams import topics, wire
from streams.credit_messages import messages_of
from streams.fraud_messages import action_message, alert_message, order_message
from tests.contract.history import arrow_samples
from tests.contract.schemas import ARROW_MESSAGES, hold, hold_arrow, hold_json
from tests.credit.one_desk import T, ask, desk, hear
from tests.credit.world import pay
from tests.fraud.made import small_alerts

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = texts.filter(bool)
instants = st.integers(946_684_800_000, 4_102_444_799_999)
nanos = st.integers(INT64_MIN, INT64_MAX)
counts = st.integers(0, 2**31)
FEW = settings(max_examples=50, deadline=None)

decisions = st.builds(
    Decision,
    at_ms=instants,
    **dict.fromkeys(
        ("account", "switch", "call_id", "leg", "trunk", "called", "destination"), texts
    ),
    reason=st.sampled_from(["", *REFUSALS, *REASONS[1:WITHDRAWN]]),
    max_s=counts,
    granted_s=counts,
    reserved_nanos=nanos,
    free_nanos=nanos,
    vendors=st.lists(texts, max_size=3).map(tuple),
)
disconnects = st.builds(
    Disconnect,
    at_ms=instants,
    **dict.fromkeys(("account", "switch", "call_id", "leg", "vendor", "called"), texts),
    reason=st.sampled_from(ENDS),
    order=st.integers(1, 100),
)
notices = st.builds(
    Notice,
    at_ms=instants,
    account=texts,
    kind=st.sampled_from(NOTICES),
    nanos=nanos,
    detail=texts,
)


@FEW
@given(st.one_of(decisions, disconnects, notices))
def test_whatever_credit_says_is_as_the_contract_has_it(outcome: Any) -> None:
    for topic, _, value in messages_of([outcome]):
        hold(topic, value)


def test_what_a_desk_says_of_real_calls_is_as_the_contract_has_it() -> None:
    made = desk(100)
    answer = ask(made)
    hear(made, "start", T)
    hear(made, "answer", T + 5_000)
    for at in range(T, T + 200_000, 5_000):
        made.tick(at)
    pay(made, "acme", "p1", 10, 1, T)
    outcomes = [answer, ask(made, "c2"), *made.journal.taken()[1]]
    seen = set()
    for topic, _, value in messages_of(outcomes):
        hold(topic, value)
        seen.add(topic)
    assert seen == {topics.CREDIT_DECISIONS, topics.CALL_CONTROL, topics.CREDIT_EVENTS}


def test_every_alert_of_a_week_of_attacks_is_as_the_contract_has_it() -> None:
    alerts = small_alerts()
    assert len({alert.family for alert in alerts}) > 3
    for alert in alerts:
        hold(topics.FRAUD_ALERTS, alert_message(alert, "USD")[2])


@FEW
@given(
    st.builds(
        Action,
        alert=names,
        account=texts,
        by=names,
        at_ms=instants,
        value=texts,
        until_ms=instants,
        note=texts,
    )
)
def test_every_action_is_as_the_contract_has_it(action: Action) -> None:
    hold(topics.FRAUD_ACTIONS, action_message(action)[2])


@FEW
@given(
    st.builds(
        Event,
        run=st.integers(1, 10**9),
        state=st.sampled_from(["", *State]),
        at_ms=instants,
        step=counts,
        phase=st.sampled_from(["", *Phase]),
        chunks=counts,
        chunks_done=counts,
        calls_done=counts,
        by=texts,
        device=st.sampled_from(["", "CPU", "CUDA"]),
    )
)
def test_every_event_of_a_run_is_as_the_contract_has_it(event: Event) -> None:
    hold(topics.RERATE_EVENTS, event.encode()[1])


@pytest.mark.parametrize("message", ARROW_MESSAGES, ids=lambda m: m.topic)
def test_what_a_step_of_the_rater_writes_is_as_the_contract_has_it(message: Any) -> None:
    rows = wire.decode(arrow_samples()[message.topic])
    assert rows.num_rows
    hold_arrow(message, rows)
    assert rows.schema.equals(message.schema)


ORDER: dict[str, Any] = {
    "kind": "payment", "id": "p1", "role": "customer", "account": "acme", "by": "eve",
    "at_ms": T, "amount": "1", "currency": "USD",
}  # fmt: skip
EVENT: dict[str, Any] = {"event": "start", "at": T, "call_id": "c", "customer": "a", "called": "49"}
odd = st.one_of(st.none(), st.booleans(), st.integers(-10, 2**40), texts, st.lists(texts))


@FEW
@given(st.sampled_from(Order.__struct_fields__), odd)
def test_an_order_that_the_contract_takes_is_taken(field: str, value: Any) -> None:
    sent = msgspec.json.encode({**ORDER, field: value})
    if allowed(topics.CREDIT_ORDER, sent):
        assert parse_order(sent)


@FEW
@given(st.sampled_from([*EVENT, "switch", "leg", "calling", "lrn", "duration_ms"]), odd)
def test_an_event_that_is_taken_is_one_of_the_contract(field: str, value: Any) -> None:
    sent = msgspec.json.encode([{**EVENT, field: value}])
    if all(isinstance(event, CallEvent) for event in parse_events(sent, T)):
        hold_json(topics.CALL_EVENTS, sent)


def test_an_order_of_the_watch_is_as_the_contract_has_it() -> None:
    order = Order("block", "a/b", "customer", "acme", "policy", T, prefix="252", reason="irsf")
    hold(*(order_message(order)[0], order_message(order)[2]))


def allowed(topic: str, value: bytes) -> bool:
    """Whether the contract takes a message."""
    try:
        hold_json(topic, value)
    except ValidationError:
        return False
    return True


def test_a_field_that_an_order_has_not_is_refused_by_both() -> None:
    sent = msgspec.json.encode({**ORDER, "tip": "1"})
    assert not allowed(topics.CREDIT_ORDER, sent)
    with pytest.raises(BadField):
        parse_order(sent)
