"""The demo's attack: every call is told of in its order, once, and ends when it is told to."""

import numpy as np

from billing.credit.call_events import CallEvent, parse_events
from billing.fraud.rule_file import parse_rules
from deploy.traffic.burst import CALLS, FRAUD_RULES, RING_MS, TALK_MS, Burst

T = 1_700_000_000_000
FAR_MS = T + 10**7


def test_told_piece_by_piece_it_is_the_same_as_told_at_once() -> None:
    pieces, whole = (Burst(np.random.default_rng(1), T, "a") for _ in range(2))
    told = [pieces.due(at) for at in (*range(T, T + 400_000, 7_000), FAR_MS)]
    events, records = whole.due(FAR_MS)
    key = "call_id"
    assert [len(events), len(records)] == [3 * CALLS, CALLS]
    assert sorted((e[key], e["at"]) for part, _ in told for e in part) == sorted(
        (e[key], e["at"]) for e in events
    )
    assert pieces.over
    assert whole.over


def test_events_are_what_credit_control_reads_and_records_agree_with_them() -> None:
    import msgspec

    events, records = Burst(np.random.default_rng(2), T, "a").due(FAR_MS)
    parsed = parse_events(msgspec.json.encode(events[:900]), T)
    assert all(isinstance(event, CallEvent) for event in parsed)
    talk = {e["call_id"]: e["duration_ms"] for e in events if e["event"] == "stop"}
    assert {r["call_id"]: r["duration_ms"] for r in records} == talk
    assert all(TALK_MS[0] <= ms <= TALK_MS[1] for ms in talk.values())


def test_a_call_that_is_ended_is_over_at_once() -> None:
    burst = Burst(np.random.default_rng(3), T, "a")
    burst.due(T + RING_MS + 1_000)
    burst.end("a-0", T + RING_MS + 2_000)
    burst.end("a-49", T + RING_MS + 2_000)
    burst.end("none", T)
    events, records = burst.due(T + RING_MS + 2_000)
    assert [(r["call_id"], r["duration_ms"]) for r in records] == [("a-0", 2_000), ("a-49", 0)]
    assert [e["event"] for e in events if e["call_id"] == "a-49"] == ["stop"]


def test_its_rules_are_rules() -> None:
    assert parse_rules(FRAUD_RULES, "demo").irsf.money_10m == 100 * 10**9
