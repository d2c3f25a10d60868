"""Policies to orders: by itself only a critical burst or cap in a high-risk range is blocked."""

from typing import Any

import msgspec
import pytest

from billing.errors import BadField
from billing.fraud.actions import automatic, credit_order, lifting, orders_of
from billing.fraud.answers import Action as Said
from billing.fraud.answers import Answers, done, parse_action
from billing.fraud.incidents import Alert, Block
from billing.fraud.rules import POLICIES, Action, Rules

ALERT = Alert(
    id="ab", family="irsf", subject_kind="account", subject="acme", account="acme",
    severity="critical", since_ms=900, raised_ms=1_000, updated_ms=2_000, revision=2,
    money_nanos=5, at_risk_nanos_per_h=7, reasons=("burst", "high_risk_range"), evidence={},
    calls=(1,), block=(Block("prefix", "53"), Block("prefix", "252")),
)  # fmt: skip


def changed(**what: Any) -> Alert:
    return msgspec.structs.replace(ALERT, **what)


@pytest.mark.parametrize(
    ("alert", "acts"),
    [
        (ALERT, True),
        (changed(reasons=("cap_concurrent", "high_risk_range")), True),
        (changed(severity="warning"), False),
        (changed(reasons=("burst", "new_destination")), False),
        (changed(reasons=("24h_above_usual", "high_risk_range")), False),
        (changed(reasons=("cap_concurrent",)), False),
    ],
)
def test_only_a_burst_or_cap_and_a_range_act_by_themselves(alert: Alert, acts: bool) -> None:
    assert automatic(alert) is acts
    orders = orders_of(alert, Action(policy="block_account"), 2_000)
    assert [order.kind for order in orders] == ["block_account"][: int(acts)]


def test_every_order_ends_and_can_be_lifted() -> None:
    policy = Action(policy="block_destination", disconnect=True, block_min=10)
    orders = orders_of(ALERT, policy, 2_000)
    assert [(o.kind, o.value, o.until_ms, o.disconnect) for o in orders] == [
        ("block_destination", "53", 602_000, True),
        ("block_destination", "252", 602_000, True),
    ]
    block, back = credit_order(orders[0], "policy", "irsf"), lifting(orders[0], "ann", 5_000)
    assert (block.kind, block.prefix, block.until_ms, block.source) == (
        "block",
        "53",
        602_000,
        "ab",
    )
    assert (back.kind, back.prefix, back.source, back.account) == ("unblock", "53", "ab", "acme")


def test_a_person_can_confirm_what_is_not_automatic() -> None:
    alert = changed(severity="warning", reasons=("24h_above_usual",))
    (throttle,) = orders_of(alert, Action(policy="throttle"), 9, confirmed=True)
    assert (throttle.kind, throttle.value) == ("throttle", "5")
    order = credit_order(throttle, "ann", "irsf")
    assert (order.calls_per_min, order.prefix, order.disconnect) == (5, "", False)


def test_a_destination_policy_without_a_prefix_does_nothing() -> None:
    alert = changed(block=(Block("account", "acme"),))
    assert orders_of(alert, Action(policy="block_destination"), 9) == []


def test_an_alert_about_a_vendor_blocks_no_account() -> None:
    alert = changed(account="", subject_kind="vendor")
    for policy in POLICIES:
        assert orders_of(alert, Action(policy=policy), 9, confirmed=True) == []


BLOCKING = Rules(action=Action(policy="block_destination", block_min=10))


def test_what_is_over_by_now_is_not_ordered() -> None:
    assert len(Answers().to_alert(ALERT, BLOCKING, 601_999)) == 2
    assert Answers().to_alert(ALERT, BLOCKING, 602_000) == []


def test_what_a_person_undoes_is_lifted_and_not_ordered_again() -> None:
    answers = Answers()
    answers.to_alert(ALERT, BLOCKING, 2_000)
    answers = Answers.load(answers.dump())
    undo = Said("undo", "ab", "acme", "ann", 3_000)
    assert [order.value for order in answers.undone(undo, 3_000)] == ["53", "252"]
    assert answers.undone(undo, 3_000) == []
    answers = Answers.load(answers.dump())
    assert answers.to_alert(changed(revision=3), BLOCKING, 3_000) == []
    sure = Said("confirm", "ab", "acme", "ann", 4_000, "block_account")
    (order,) = answers.confirmed(ALERT, sure, BLOCKING, 4_000)
    assert (order.kind, order.until_ms) == ("block_account", 604_000)
    assert done(order, "ann").kind == "block_account"


def test_an_order_that_is_given_again_lasts_longer_and_is_lifted_once() -> None:
    answers = Answers()
    for at in (2_000, 5_000):
        answers.to_alert(changed(updated_ms=at), BLOCKING, at)
    lifted = answers.undone(Said("undo", "ab", "acme", "ann", 6_000), 6_000)
    assert [(order.value, order.until_ms) for order in lifted] == [
        ("53", 605_000),
        ("252", 605_000),
    ]


def test_orders_that_are_over_are_forgotten() -> None:
    answers = Answers()
    answers.to_alert(ALERT, BLOCKING, 2_000)
    answers.forget(602_000)
    assert answers.dump() == Answers().dump()


@pytest.mark.parametrize(
    "payload",
    [
        b"no",
        b"{}",
        b'{"kind":"explode","alert":"a","account":"b","by":"c","at_ms":1}',
        b'{"kind":"confirm","alert":"a","account":"b","by":"c","at_ms":1,"value":"shout"}',
        b'{"kind":"undo","alert":"a","account":"b","by":"c","at_ms":1,"more":1}',
    ],
)
def test_a_bad_action_is_refused(payload: bytes) -> None:
    with pytest.raises(BadField):
        parse_action(payload)
