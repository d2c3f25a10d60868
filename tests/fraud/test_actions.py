"""Policies to orders: by itself only a critical burst or cap in a high-risk range is blocked."""

from typing import Any

import msgspec
import pytest

from billing.fraud.actions import automatic, orders_of, undo
from billing.fraud.incidents import Alert, Block
from billing.fraud.rules import POLICIES, Action

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
    kinds = [order.kind for order in orders_of(alert, Action(policy="block_account"))]
    assert kinds == ["notify", "block_account"] if acts else ["notify"]


def test_every_order_ends_and_can_be_undone() -> None:
    policy = Action(policy="block_destination", disconnect=True, block_min=10)
    notify, *rest = orders_of(ALERT, policy)
    blocks, cuts = rest[:2], rest[2:]
    assert [(o.kind, o.value, o.until_ms) for o in blocks] == [
        ("block_destination", "53", 602_000),
        ("block_destination", "252", 602_000),
    ]
    assert [(o.kind, o.value, o.until_ms) for o in cuts] == [
        ("disconnect", "53", 2_000),
        ("disconnect", "252", 2_000),
    ]
    back = undo(blocks[0], 5_000)
    assert back is not None
    assert (back.kind, back.value, back.account) == ("undo", "block_destination 53", "acme")
    assert undo(blocks[0], 602_000) is None
    assert undo(notify, 3_000) is None
    assert undo(cuts[0], 2_000) is None


def test_a_person_can_confirm_what_is_not_automatic() -> None:
    alert = changed(severity="warning", reasons=("24h_above_usual",))
    throttle = orders_of(alert, Action(policy="throttle"), confirmed=True)[1]
    assert (throttle.kind, throttle.value) == ("throttle", "5")


def test_a_destination_policy_without_a_prefix_only_notifies() -> None:
    alert = changed(block=(Block("account", "acme"),))
    assert [o.kind for o in orders_of(alert, Action(policy="block_destination"))] == ["notify"]


def test_an_alert_about_a_vendor_blocks_no_account() -> None:
    alert = changed(account="", subject_kind="vendor")
    for policy in POLICIES:
        orders = orders_of(alert, Action(policy=policy), confirmed=True)
        assert [order.kind for order in orders] == ["notify"]
