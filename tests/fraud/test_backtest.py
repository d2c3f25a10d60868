"""A back-test says what the live watch says, and what it was worth."""

import numpy as np

from billing.fraud.backtest import Labels, replay
from billing.fraud.facts import CDR
from billing.fraud.rules import Rules
from tests.fraud.made import call, in_order, small, small_alerts, small_facts
from tests.fraud.test_families import NOW, burst, history
from tests.fraud.traffic.stream import batches, call_ids
from tests.fraud.traffic.world import DAY_MS, FIRST_MS, HOUR_MS


def test_it_tells_what_the_watch_tells() -> None:
    until = FIRST_MS + small().days * DAY_MS + 12 * HOUR_MS
    fraud = call_ids(len(small().calls.start))[small().calls.label > 0]
    labels = Labels(np.sort(fraud))
    outcome = replay(batches(small_facts()), Rules(), until, labels)
    assert outcome.alerts == small_alerts()
    assert outcome.facts == len(small_facts())
    assert outcome.sell_nanos == int(small().sell_nanos.sum())
    judged = [i for i in outcome.incidents.values() if i.first.raised_ms >= small().judged_ms]
    assert sum(i.false is False for i in judged) >= 7
    assert sum(i.false is True for i in judged) <= 2


def test_money_after_the_alert_is_what_a_block_would_have_saved() -> None:
    facts = [*history(), *burst(60, 5_000, called="5352345678", talk_ms=120_000)]
    elsewhere = call(77_777, NOW + 200_000, 60_000, called="33612345678")
    outcome = replay([in_order([*facts, *elsewhere])], Rules(), NOW + 5 * HOUR_MS)
    (incident,) = outcome.incidents.values()
    raised = incident.first.raised_ms
    begun = {f.call: f.at_ms - f.duration_ms - f.setup_ms for f in facts if f.kind == CDR}
    later = [f for f in facts if f.kind == CDR and f.call >= 10_000 and begun[f.call] >= raised]
    assert 0 < len(later) < 60
    assert incident.after_calls == len(later)
    assert incident.after_nanos == sum(f.sell_nanos for f in later)
    assert incident.until_nanos == incident.first.money_nanos
    assert incident.false is None


def test_an_alert_about_honest_calls_is_false() -> None:
    facts = in_order([*history(), *burst(60, 5_000, called="5352345678")])
    outcome = replay([facts], Rules(), NOW + 5 * HOUR_MS, Labels(np.array([5], np.uint64)))
    assert [i.false for i in outcome.incidents.values()] == [True]
