"""Who looks after an alert: whatever people do, it opens again when it must."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import triage
from dashboards.triage import (
    OVER,
    SHELF_MS_MAX,
    UNTOUCHED,
    WORSE,
    AlertState,
    Ask,
    NotAccepted,
    NotInState,
    Step,
    Triage,
)

HOUR_MS = 3_600_000
SEVERITIES = ("warning", "critical")
ASKS = st.builds(
    Ask,
    st.sampled_from(Step),
    st.sampled_from(["olga", "omar"]),
    st.sampled_from(["", "a campaign"]),
    st.integers(0, 2 * SHELF_MS_MAX),
)
LIVES = st.lists(
    st.tuples(ASKS, st.sampled_from(SEVERITIES), st.integers(0, SHELF_MS_MAX)), max_size=12
)
"""steps, the severity of the alert then, and the time that has passed since the last"""


def lived(life: list[tuple[Ask, str, int]]) -> tuple[Triage, int]:
    """What is kept after a life, and when it ends; steps that are refused change nothing."""
    kept, now_ms = UNTOUCHED, 1
    for ask, severity, passed_ms in life:
        now_ms += passed_ms
        try:
            kept = triage.after(kept, ask, severity, now_ms)
        except (NotInState, NotAccepted):
            continue
    return kept, now_ms


@given(LIVES)
def test_somebody_owns_it_unless_it_is_open(life: list[tuple[Ask, str, int]]) -> None:
    kept, now_ms = lived(life)
    for severity in SEVERITIES:
        now = triage.seen(kept, severity, now_ms)
        assert (now.owner == "") == (now.state is AlertState.OPEN)
        assert (now.until_ms > now_ms) == (now.state is AlertState.SHELVED)
        if now.state in {AlertState.SHELVED, AlertState.CLOSED}:
            assert now.reason


@given(LIVES)
def test_a_worse_severity_opens_it_and_a_milder_one_does_not(
    life: list[tuple[Ask, str, int]],
) -> None:
    kept, now_ms = lived(life)
    if kept.severity == "warning":
        assert triage.seen(kept, "critical", now_ms).state is AlertState.OPEN
    if kept.severity == "critical":
        assert triage.seen(kept, "warning", now_ms) == triage.seen(kept, "critical", now_ms)


@given(LIVES)
def test_nothing_is_put_aside_for_ever(life: list[tuple[Ask, str, int]]) -> None:
    kept, now_ms = lived(life)
    later = triage.seen(kept, kept.severity, now_ms + SHELF_MS_MAX)
    assert later.state is not AlertState.SHELVED


@given(LIVES, ASKS, st.sampled_from(SEVERITIES))
def test_each_step_is_a_new_revision_and_another_tag(
    life: list[tuple[Ask, str, int]], ask: Ask, severity: str
) -> None:
    kept, now_ms = lived(life)
    try:
        after = triage.after(kept, ask, severity, now_ms)
    except (NotInState, NotAccepted):
        return
    assert after.revision == kept.revision + 1
    assert triage.tag(after, severity) != triage.tag(kept, severity)


@given(LIVES, st.sampled_from(SEVERITIES))
def test_what_is_not_open_can_be_released(life: list[tuple[Ask, str, int]], severity: str) -> None:
    kept, now_ms = lived(life)
    release = Ask(Step.RELEASE, "olga")
    if triage.seen(kept, severity, now_ms).state is AlertState.OPEN:
        with pytest.raises(NotInState):
            triage.after(kept, release, severity, now_ms)
    else:
        assert triage.after(kept, release, severity, now_ms).state is AlertState.OPEN


def test_it_says_why_it_is_open_again() -> None:
    aside = Ask(Step.SHELVE, "olga", "test traffic", HOUR_MS + 1)
    kept = triage.after(UNTOUCHED, aside, "warning", 1)
    assert triage.seen(kept, "warning", HOUR_MS).reopened == ""
    assert triage.seen(kept, "warning", HOUR_MS + 1).reopened == OVER
    assert triage.seen(kept, "critical", 2).reopened == WORSE


def test_a_tag_of_before_it_became_worse_is_another() -> None:
    assert triage.tag(UNTOUCHED, "warning") != triage.tag(UNTOUCHED, "critical")


@pytest.mark.parametrize(
    ("ask", "refused"),
    [
        (Ask(Step.CLOSE, "olga"), NotAccepted),
        (Ask(Step.SHELVE, "olga", "", HOUR_MS), NotAccepted),
        (Ask(Step.SHELVE, "olga", "past", 1), NotAccepted),
        (Ask(Step.SHELVE, "olga", "long", SHELF_MS_MAX + 2), NotAccepted),
        (Ask(Step.RELEASE, "olga"), NotInState),
    ],
)
def test_what_is_refused(ask: Ask, refused: type[Exception]) -> None:
    with pytest.raises(refused):
        triage.after(UNTOUCHED, ask, "critical", 1)


def test_another_may_take_it_over_and_closed_is_over() -> None:
    kept = triage.after(UNTOUCHED, Ask(Step.ACK, "olga"), "critical", 1)
    taken = triage.after(kept, Ask(Step.ACK, "omar"), "critical", 2)
    assert taken.owner == "omar"
    closed = triage.after(taken, Ask(Step.CLOSE, "omar", "harmless"), "critical", 3)
    with pytest.raises(NotInState, match="closed"):
        triage.after(closed, Ask(Step.ACK, "olga"), "critical", 4)
