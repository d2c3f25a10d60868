"""The life of a run, walked at random: two people and a preview that holds before money moves."""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rerate import life
from rerate.life import Action, Refused, Run, State

PEOPLE = st.sampled_from(("ada", "bob", "eve"))
HASHES = st.sampled_from(("h1", "h2"))
FREE = st.sampled_from([action for action in Action if action not in life.CHECKED])
DELTAS = st.sampled_from(("-1.5", "2"))
MOVES_MONEY = (State.APPLYING, State.APPLIED)
OVER = (State.REJECTED, State.ROLLED_BACK, State.FAILED, State.CANCELLED)


class Walk(RuleBasedStateMachine):
    """Anybody asks anything of one run; the decks may change at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.run = Run("r1")
        self.hash_now = "h1"
        self.previews: list[tuple[str, str]] = []
        self.approved_at = ""

    def ask(self, what: Callable[[], Run]) -> bool:
        before = self.run
        try:
            self.run = what()
        except Refused as refused:
            said = str(refused)
        else:
            return True
        assert self.run is before
        assert "run r1" in said
        return False

    @rule(action=FREE)
    def act(self, action: Action) -> None:
        if action is Action.FINISH and self.run.state is State.PREVIEWING:
            return
        self.ask(lambda: life.step(self.run, action))

    @rule(found=HASHES)
    def decks_change(self, found: str) -> None:
        self.hash_now = found

    @rule(delta=DELTAS)
    def preview_ends(self, delta: str) -> None:
        if self.ask(lambda: life.previewed(self.run, self.hash_now, delta)):
            self.previews.append((self.hash_now, delta))

    @rule(by=PEOPLE)
    def submit(self, by: str) -> None:
        self.ask(lambda: life.submit(self.run, by, self.hash_now))

    @rule(by=PEOPLE, typed=DELTAS)
    def approve(self, by: str, typed: str) -> None:
        if self.ask(lambda: life.approve(self.run, by, typed, self.hash_now)):
            assert typed == self.previews[-1][1]
            self.approved_at = self.hash_now

    @rule()
    def apply(self) -> None:
        if self.ask(lambda: life.apply(self.run, self.hash_now)):
            assert self.approved_at == self.hash_now == self.previews[-1][0]

    @invariant()
    def two_people_before_money(self) -> None:
        if self.run.state in MOVES_MONEY:
            assert self.run.submitter
            assert self.run.approver
            assert self.run.submitter != self.run.approver

    @precondition(lambda self: self.run.state in OVER)
    @rule(action=FREE)
    def what_is_over_stays_over(self, action: Action) -> None:
        with pytest.raises(Refused):
            life.step(self.run, action)


TestWalk = Walk.TestCase
TestWalk.settings = settings(deadline=None, max_examples=200, stateful_step_count=40)


def happy() -> Run:
    run = life.previewed(life.step(Run("r7"), Action.PREVIEW), "h1", "-12.5")
    return life.approve(life.submit(run, "ada", "h1"), "bob", "-12.5", "h1")


def test_the_whole_way_and_back() -> None:
    run = life.step(life.apply(happy(), "h1"), Action.FINISH)
    assert run == Run("r7", State.APPLIED, "h1", "-12.5", "ada", "bob")
    run = life.step(life.step(run, Action.ROLL_BACK), Action.FINISH)
    assert run.state is State.ROLLED_BACK


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda: life.apply(happy(), "h2"), "preview of run r7 has expired"),
        (lambda: life.apply(life.apply(happy(), "h1"), "h1"), "is applying and cannot apply"),
        (lambda: life.apply(Run("r7"), ""), "is draft and cannot apply: preview it first"),
        (lambda: life.submit(Run("r7"), "ada", ""), "preview it first"),
        (
            lambda: life.approve(happy()._replace(state=State.SUBMITTED), "ada", "-12.5", "h1"),
            "was submitted by ada: another person must approve it",
        ),
        (
            lambda: life.approve(happy()._replace(state=State.SUBMITTED), "bob", "12.5", "h1"),
            "changes the money by -12.5, not by '12.5'",
        ),
    ],
)
def test_a_refusal_says_why_and_what_to_do(asked: Callable[[], Run], said: str) -> None:
    with pytest.raises(Refused, match=said):
        asked()
