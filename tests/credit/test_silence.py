"""Calls of which news is late, missing, or comes after a time in which nobody listened."""

from billing.credit.limits import Caps
from billing.credit.outcomes import Disconnect, Notice
from billing.credit.session import Pace
from tests.credit.one_desk import T, ask, desk, event, hear, quotes, said
from tests.credit.truth import NANOS


def test_an_answer_told_late_gives_no_free_talk() -> None:
    made = desk(100)
    ask(made)
    hear(made, "start", T)
    hear(made, "answer", T + 50_000, at_ms=T + 10_000)
    assert made.journal.books["acme"].sessions["c1"].since_ms == T + 10_000


def test_a_cdr_that_comes_before_everything_else_has_the_last_word() -> None:
    made = desk(100)
    ask(made, "c0")
    made.calls.posted("acme", 6 * NANOS, ["c1"], T)
    for kind in ("start", "answer", "update", "stop"):
        hear(made, kind, T + 1, duration_ms=6_000)
    assert ask(made).reason == "ended"
    assert set(made.journal.books["acme"].sessions) == {"c0"}


def test_a_call_that_was_told_to_end_is_not_allowed_when_it_asks_again() -> None:
    made = desk(10)
    ask(made)
    made.tick(T + 10_000)
    assert (ask(made).allowed, ask(made).reason) == (False, "ended")


def test_calls_that_go_on_are_not_new_calls() -> None:
    made = desk(10_000, caps=Caps(max_calls=2, max_calls_per_s=1))
    for i in range(5):
        made.calls.hear(event("update", f"c{i}"), f"c{i}", quotes, T)
    assert not said(made, Disconnect)
    assert made.journal.books["acme"].active == 5


def test_a_call_that_asked_and_never_began_gives_its_money_back() -> None:
    made = desk(1_000)
    made.calls.hear(event("start", "c0"), "c0", quotes, T)
    ask(made)
    silent = desk(1_000)  # its switch tells of no call: this one may be going on
    ask(silent)
    for one in (made, silent):
        for seconds in range(0, 181, 10):
            one.tick(T + seconds * 1_000)
    assert [n.kind for n in said(made, Notice)] == ["never_began"]
    assert made.journal.books["acme"].sessions["c1"].state == "closed"
    assert silent.journal.books["acme"].sessions["c1"].granted_s > 180


def test_a_stop_said_again_holds_no_longer() -> None:
    made = desk(100)
    ask(made)
    for minute in range(5):
        hear(made, "stop", T + minute * 60_000, duration_ms=20_000)
    made.tick(T + Pace().hold_ms)
    assert made.journal.books["acme"].reserved_nanos == 0


def test_after_a_time_without_anybody_listening_nothing_is_given_up_at_once() -> None:
    made, again = desk(10**6), desk(10**6)
    ask(made)
    ask(made, "c2")
    hear(made, "stop", T, call_id="c2", duration_ms=20_000)
    changes, _ = made.journal.taken()
    later = T + 10 * Pace().validity_ms
    for change in changes:
        again.restore(change, later)
    again.tick(later)
    assert not [n for n in said(again, Notice) if n.kind == "cdr_missing"]
    assert again.journal.books["acme"].sessions["c2"].state == "held"
