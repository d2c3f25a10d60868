"""Blocks: of people and of alerts, lasting, throttling, lifted."""

from billing.credit.orders import Accepted, Order
from billing.credit.outcomes import Disconnect, Notice
from tests.credit.one_desk import T, ask, desk, said

DAY_MS = 86_400_000


def test_a_block_refuses_and_ends_calls_and_is_lifted() -> None:
    made = desk(100)
    ask(made)
    on = Order(
        "block", "b1", "customer", "acme", "noc", T, prefix="49", reason="IRSF", disconnect=True
    )
    off = Order("unblock", "b2", "customer", "acme", "noc", T, prefix="49")
    made.order(Accepted(on, 0), 5, T)
    assert [o.reason for o in said(made, Disconnect)] == ["blocked"]
    assert ask(made, "c2").reason == "blocked"
    assert ask(made, "c3", called="4420").reason == ""
    made.order(Accepted(off, 0), 6, T)
    made.order(Accepted(on, 0), 5, T)  # read again
    assert ask(made, "c4").allowed


def test_a_block_ends_by_itself() -> None:
    made = desk(100)
    order = Order("block", "b1", "customer", "acme", "noc", T, reason="x", until_ms=T + 60_000)
    made.order(Accepted(order, 0), 1, T)
    assert ask(made, "c1", at=T + 59_999).reason == "blocked"
    assert ask(made, "c1", at=T + 60_000).allowed


def test_the_block_of_an_alert_and_that_of_people_are_apart() -> None:
    made = desk(100)
    people = Order("block", "b1", "customer", "acme", "noc", T, prefix="49", reason="x")
    alert = Order(
        "block", "b2", "customer", "acme", "fraud", T,
        prefix="49", reason="irsf", until_ms=T + 1_000, source="a1",
    )  # fmt: skip
    for offset, order in enumerate((people, alert)):
        made.order(Accepted(order, 0), offset, T)
    lifted = Order("unblock", "b3", "customer", "acme", "noc", T, prefix="49", source="a1")
    made.order(Accepted(lifted, 0), 2, T)
    assert ask(made).reason == "blocked"
    made.order(Accepted(Order("unblock", "b4", "customer", "acme", "noc", T, prefix="49"), 0), 3, T)
    assert ask(made, "c2").allowed


def test_blocks_of_alerts_are_forgotten_a_day_after_their_end() -> None:
    made = desk(100)
    for i in range(5):
        order = Order(
            "block", f"b{i}", "customer", "acme", "fraud", T,
            prefix="49", reason="irsf", until_ms=T + i * DAY_MS + 1_000, source=f"a{i}",
        )  # fmt: skip
        made.order(Accepted(order, 0), i, T + i * DAY_MS)
    changes, _ = made.journal.taken()
    assert list(made.journal.books["acme"].blocks) == ["a3/49", "a4/49"]
    again = desk(100)
    for change in changes:
        again.restore(change, T)
    assert again.journal.books["acme"].blocks == made.journal.books["acme"].blocks


def test_a_throttle_lets_some_calls_a_minute_pass() -> None:
    made = desk(10_000)
    order = Order(
        "block", "b1", "customer", "acme", "noc", T, prefix="49", reason="x", calls_per_min=2
    )
    made.order(Accepted(order, 0), 1, T)
    assert [n.kind for n in said(made, Notice)] == ["throttled"]
    assert [ask(made, f"c{i}", at=T + i).reason for i in range(3)] == ["", "", "throttled"]
    assert ask(made, "c3", called="4420").allowed
    assert ask(made, "c4", at=T + 60_000).allowed
