"""Facts to events against a plain state machine; whatever arrives, each call counts once."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.fraud import calls as module
from billing.fraud.calls import ATTEMPT, CALL_MS_MAX, END, MINUTE, MINUTE_MS, Calls
from billing.fraud.facts import ANSWER, CDR, START, STOP, Rows, numbers_of
from billing.fraud.names import Names
from tests.fraud.made import Fact, call, in_order, table

T0 = 1_800_000_000_000 // 3_600_000 * 3_600_000
HOUR = 3_600_000
Told = list[tuple[int, int, int, int]]
KINDS = st.sampled_from([START, ANSWER, STOP, CDR])
FACTS = st.lists(
    st.tuples(KINDS, st.integers(0, 40), st.integers(1, 4), st.sampled_from([0, 90_000])),
    max_size=25,
)
RATE = 600


def events(facts: list[Fact], cuts: list[int], end_ms: int) -> Rows:
    """What becomes of facts in order of time, taken in pieces."""
    rows, _ = numbers_of(in_order(facts), Names())
    calls, found, bounds = Calls(), [], [T0, *(T0 + c for c in sorted(set(cuts))), end_ms]
    for begin, end in pairwise(bounds):
        found.append(calls.take(rows[(rows["at"] >= begin) & (rows["at"] < end)], begin, end))
    return np.concatenate(found)


def naive_call(facts: list[Fact], end_ms: int) -> Told:
    """(at, kind, call, nanos) of one call, by the rules in the module's first lines."""
    told: Told = []
    number, answer, end, opened, over, counted = facts[0].call, None, None, False, False, False
    for fact in sorted(facts, key=lambda f: (f.at_ms, f.kind)):
        if counted and over:
            break
        if fact.kind == CDR and not counted:
            told += [(fact.at_ms, ATTEMPT, number, 0), (fact.at_ms, END, number, fact.sell_nanos)]
            counted = over = True
        elif fact.kind in (START, ANSWER) and not over:
            told += [] if opened else [(fact.at_ms, ATTEMPT, number, 0)]
            opened = counted = True
            answer = fact.at_ms if fact.kind == ANSWER and answer is None else answer
        elif fact.kind in (STOP, CDR):
            over, end = True, fact.at_ms
            begun = 0 if answer is not None else -(-fact.duration_ms // MINUTE_MS)
            told += [(end, END, number, begun * RATE)] if counted else []
    return told + naive_minutes(number, answer, end_ms if end is None else end)


def naive_minutes(number: int, answer: int | None, until: int) -> Told:
    """A MINUTE every minute from the answer."""
    if answer is None:
        return []
    last = min(until, answer + CALL_MS_MAX)
    return [(at, MINUTE, number, RATE) for at in range(answer, last, MINUTE_MS)]


def naive(facts: list[Fact], end_ms: int) -> Told:
    """The same of all calls."""
    numbers = {fact.call for fact in facts}
    every = [naive_call([f for f in facts if f.call == n], end_ms) for n in numbers]
    return sorted(row for told in every for row in told)


@settings(deadline=None, max_examples=200)
@given(FACTS, st.lists(st.integers(1, 3_599), max_size=3))
def test_events_are_those_of_a_state_machine(
    drawn: list[tuple[int, int, int, int]], cuts: list[int]
) -> None:
    facts = [
        Fact(kind, T0 + at * 90_000, number, duration_ms=talk, nanos_per_min=RATE, sell_nanos=talk)
        for kind, at, number, talk in drawn
    ]
    found = events(facts, [c * 1_000 for c in cuts], T0 + 2 * HOUR)
    columns = zip(*(found[name].tolist() for name in ("at", "kind", "call", "nanos")), strict=True)
    assert sorted(columns) == naive(facts, T0 + 2 * HOUR)


def test_a_whole_call() -> None:
    found = events(call(7, T0 + 1_000, 130_000), [], T0 + HOUR)
    assert found["kind"].tolist() == [ATTEMPT, MINUTE, MINUTE, MINUTE, END]
    assert found["at"].tolist() == [T0 + ms for ms in (1_000, 5_000, 65_000, 125_000, 135_000)]
    end = found[-1]
    assert end["answered"]
    assert (end["duration"], end["delay"], end["ring"]) == (130_000, 4_000, 0)
    assert found["pledge"].tolist() == [600_000_000, 0, 600_000_000, 600_000_000, 0]


def test_a_record_alone_says_it_all_at_once() -> None:
    facts = [fact for fact in call(7, T0, 90_000) if fact.kind == CDR]
    found = events(facts, [], T0 + HOUR)
    assert found["kind"].tolist() == [ATTEMPT, END]
    assert found["nanos"].tolist() == [0, 900_000_000]
    assert found["pledge"].tolist() == [600_000_000, 300_000_000]


def test_a_call_whose_end_is_never_heard_stops_costing() -> None:
    begin = [Fact(START, T0, 1), Fact(ANSWER, T0 + 1, 1)]
    found = events(begin, [], T0 + 40 * HOUR)
    assert (found["kind"] == MINUTE).sum() == CALL_MS_MAX // MINUTE_MS


def test_memory_is_limited_and_the_ended_go_first(monkeypatch: object) -> None:
    calls = Calls()
    facts = [f for i in range(50) for f in call(i + 1, T0 + i * 1_000, 3_000)]
    running = [Fact(START, T0 + 100_000 + i, 100 + i) for i in range(20)]
    rows, _ = numbers_of(in_order([*facts, *running]), Names())
    calls.take(rows, T0, T0 + HOUR)
    assert len(calls) == 70
    monkeypatch.setattr(module, "CALLS_MAX", 30)  # type: ignore[attr-defined]
    calls.forget(T0 + 200_000)
    assert len(calls) == 30
    assert set(range(100, 120)) <= set(calls.rows["call"].tolist())
    calls.forget(T0 + 20 * HOUR)
    assert len(calls) == 0


def test_bad_figures_count_as_unknown() -> None:
    bad = Fact(
        CDR, T0, 1, duration_ms=-5, sell_nanos=-7, nanos_per_min=2**62, setup_ms=-1,
        calling="anonymous", called="12",
    )  # fmt: skip
    rows, _ = numbers_of(table(bad), Names())
    numbers = {name: int(rows[name][0]) for name in ("duration", "sell", "rate", "setup", "a", "b")}
    assert set(numbers.values()) == {0}
