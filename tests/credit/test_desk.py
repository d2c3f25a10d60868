"""What the desk does of a call, in any order and after a restart; caps, blocks, money."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.credit.limits import Caps
from billing.credit.orders import Accepted, Order
from billing.credit.outcomes import Disconnect, Notice
from billing.credit.quote import Quote, Quotes
from billing.credit.session import Pace
from tests.credit.one_desk import MINUTE, SECOND, T, ask, desk, event, hear, quotes, said
from tests.credit.truth import NANOS
from tests.credit.world import pay


def test_a_call_is_granted_a_quota_and_told_how_long_its_money_lasts() -> None:
    made = desk(100)
    answer = ask(made)
    assert (answer.allowed, answer.granted_s, answer.max_s) == (True, 60, 100)
    assert (answer.reserved_nanos, answer.free_nanos) == (60 * NANOS, 40 * NANOS)


def test_asked_again_it_answers_the_same_and_reserves_once() -> None:
    made = desk(100)
    first, again = ask(made), ask(made)
    assert again == first
    assert made.journal.books["acme"].reserved_nanos == 60 * NANOS


def test_calls_share_what_is_free() -> None:
    made = desk(100)
    grants = [ask(made, f"c{i}").granted_s for i in range(5)]
    assert grants == [60, 30, 10, 0, 0]
    assert made.journal.books["acme"].free_nanos == 0


def test_a_whole_increment_is_granted_and_reserved() -> None:
    answer = ask(desk(3), terms=MINUTE)
    assert (answer.granted_s, answer.reserved_nanos) == (60, NANOS)
    assert ask(desk(0), terms=MINUTE).reason == "no_credit"


def test_a_call_gets_more_before_its_grant_ends_and_ends_when_there_is_none() -> None:
    made = desk(100)
    ask(made)
    hear(made, "start", T)
    hear(made, "answer", T + 5_000)
    made.tick(T + 54_000)
    assert made.journal.books["acme"].sessions["c1"].granted_s == 60
    made.tick(T + 55_000)
    assert made.journal.books["acme"].sessions["c1"].granted_s == 100
    made.tick(T + 104_999)
    assert not said(made, Disconnect)
    made.tick(T + 105_000)
    (order,) = said(made, Disconnect)
    assert (order.call_id, order.reason, order.order) == ("c1", "no_credit", 1)
    made.tick(T + 135_000)
    assert [o.order for o in said(made, Disconnect)] == [2]


def test_a_stop_keeps_the_charge_until_the_cdr_is_posted() -> None:
    made = desk(100)
    ask(made)
    hear(made, "answer", T)
    hear(made, "stop", T + 20_000, duration_ms=20_000)
    book = made.journal.books["acme"]
    assert (book.reserved_nanos, book.active) == (20 * NANOS, 0)
    made.calls.posted("acme", 20 * NANOS, ["c1"], T + 25_000)
    assert (book.reserved_nanos, book.free_nanos) == (0, 80 * NANOS)
    assert ask(made, at=T + 30_000).reason == "ended"


def test_a_lost_cdr_is_said_and_its_money_given_back() -> None:
    made = desk(100)
    ask(made)
    hear(made, "stop", T, duration_ms=20_000)
    made.tick(T + Pace().hold_ms)
    (notice,) = said(made, Notice)
    assert (notice.kind, notice.nanos) == ("cdr_missing", 20 * NANOS)
    assert made.journal.books["acme"].reserved_nanos == 0


def test_a_silent_call_is_ended_and_waited_for() -> None:
    made = desk(10**6)
    ask(made)
    made.tick(T + Pace().validity_ms)
    assert [o.reason for o in said(made, Disconnect)] == ["silent"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(("start", "answer", "update", "stop", "cdr", "ask")), max_size=12))
def test_events_in_any_order_leave_nothing_behind(kinds: list[str]) -> None:
    made = desk(1_000)
    for i, kind in enumerate([*kinds, "stop", "cdr"]):
        at = T + i * 1_000
        if kind == "cdr":
            made.calls.posted("acme", 0, ["c1"], at)
        elif kind == "ask":
            ask(made, at=at)
        else:
            hear(made, kind, at, duration_ms=30_000, request_no=i)
        book = made.journal.books["acme"]
        assert book.reserved_nanos == sum(s.reserved_nanos for s in book.sessions.values()) >= 0
        assert book.active == sum(s.active for s in book.sessions.values())
        assert book.free_nanos >= 0
    assert (book.reserved_nanos, book.active) == (0, 0)
    made.tick(T + 10**9)
    assert not book.sessions
    assert made.journal.sessions == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(
    st.sampled_from(("start", "answer", "stop", "cdr", "ask", "pay", "block", "tick")),
    st.sampled_from(("c1", "c2", "c3")),
), max_size=20))  # fmt: skip
def test_what_the_journal_gives_out_brings_everything_back(steps: list[tuple[str, str]]) -> None:
    made, again = desk(100), desk(100)
    for i, (kind, call) in enumerate(steps):
        at = T + i * 20_000
        if kind == "cdr":
            made.calls.posted("acme", 0, [call], at)
        elif kind == "ask":
            ask(made, call, at=at)
        elif kind == "pay":
            pay(made, "acme", call, 5 * NANOS, i, at)
        elif kind == "block":
            order = Order("block", f"b{i}", "customer", "acme", "noc", at, prefix="9", reason="x")
            made.order(Accepted(order, 0), i, at)
        elif kind == "tick":
            made.tick(at)
        else:
            hear(made, kind, at, call_id=call, duration_ms=10_000)
    changes, _ = made.journal.taken()
    for change in [*changes, *changes]:
        again.restore(change, T)
    one, other = made.journal.books["acme"], again.journal.books["acme"]
    for name in ("orders", "paid_nanos", "blocks", "warned", "reserved_nanos", "active"):
        assert getattr(one, name) == getattr(other, name), name
    assert {k: s._replace(due_ms=0) for k, s in one.sessions.items()} == {
        k: s._replace(due_ms=0) for k, s in other.sessions.items()
    }
    assert made.journal.sessions == again.journal.sessions


def test_a_payment_counts_once() -> None:
    made = desk(0)
    assert ask(made).reason == "no_credit"
    for offset in (1, 2):
        pay(made, "acme", "p1", 70 * NANOS, offset, T)
    assert made.journal.books["acme"].free_nanos == 70 * NANOS
    assert [n.kind for n in said(made, Notice)] == ["payment"]
    assert ask(made).allowed


@pytest.mark.parametrize(
    ("caps", "trunks", "word"),
    [
        (Caps(max_calls=2), {}, "calls"),
        (Caps(max_calls_per_s=2), {}, "calls_per_s"),
        (Caps(), {"t1": Caps(max_calls=2)}, "trunk_calls"),
        (Caps(), {"t1": Caps(max_calls_per_s=2)}, "trunk_calls_per_s"),
    ],
)
def test_caps(caps: Caps, trunks: dict[str, Caps], word: str) -> None:
    made = desk(10_000, caps=caps, trunks=trunks)
    answers = [ask(made, f"c{i}", trunk="t1").reason for i in range(3)]
    assert answers == ["", "", word]
    if "per_s" in word:
        assert ask(made, "c9", trunk="t1", at=T + 1_000).allowed
    else:
        hear(made, "stop", T, call_id="c0", duration_ms=1_000)
        assert ask(made, "c9", trunk="t1").allowed
    other = ask(made, "c8", trunk="t2").reason
    assert other == (word if word == "calls" else "")


def test_thresholds_are_said_once_and_armed_again() -> None:
    made = desk(100)
    levels = []
    for spent in (79, 81, 82, 96, 101, 99, 94, 96, 50, 85):
        made.calls.posted("acme", spent * NANOS, [], T)
        levels += [n.detail.split(" ")[0] for n in said(made, Notice)]
    assert levels == ["80", "95", "100", "95", "80"]


def test_the_hundred_percent_of_a_prepaid_account_are_what_it_has_paid() -> None:
    made = desk(0)
    pay(made, "acme", "p1", 10 * NANOS, 1, T)
    made.calls.posted("acme", 10 * NANOS, [], T)
    pay(made, "acme", "p2", 100 * NANOS, 2, T)
    said(made, Notice)
    made.calls.posted("acme", 60 * NANOS, [], T)
    assert not said(made, Notice)
    made.calls.posted("acme", 91 * NANOS, [], T)
    assert len(said(made, Notice)) == 1


def test_nobody_knows_the_customer() -> None:
    made = desk()
    unknown = Quotes(None, "customer_unknown", {})
    strange = event("start", customer="nobody")
    assert made.calls.authorize(strange, "k", unknown, T).reason == "customer_unknown"
    made.calls.hear(strange, "k", lambda: unknown, T)
    assert [n.kind for n in said(made, Notice)] == ["event_refused"]
    assert "nobody" not in made.journal.books


def test_vendors_without_a_rate_are_left_out() -> None:
    made = desk()
    side = Quote(SECOND, "USD", "Germany")
    both = quotes(vendors={"a": "buy_rate_missing", "b": side})
    assert made.calls.authorize(event("start"), "c1", both, T).vendors == ("b",)
    none = quotes(vendors={"a": "buy_rate_missing"})
    assert made.calls.authorize(event("start", "c2"), "c2", none, T).reason == "no_vendor"


def test_a_price_that_changes_until_the_answer_counts() -> None:
    made = desk(100)
    ask(made, terms=MINUTE)
    hear(made, "answer", T + 1_000, SECOND)
    book = made.journal.books["acme"]
    assert book.sessions["c1"].reserved_nanos == 60 * NANOS
    assert book.sessions["c1"].terms == SECOND


def test_an_update_grants_more_and_only_once() -> None:
    made = desk(1_000)
    ask(made)
    hear(made, "answer", T)
    for number, at, wanted in ((1, 55_000, 120), (1, 114_000, 120), (2, 114_000, 180)):
        session = made.calls.update(event("update", request_no=number), "c1", T + at)
        assert session is not None
        assert session.granted_s == wanted
    assert made.calls.update(event("update", "c9"), "c9", T) is None
