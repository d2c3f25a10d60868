"""Facts by hand, and a small market with every attack, drawn once."""

from functools import cache
from typing import Any, NamedTuple

import pyarrow as pa

from billing.fraud.facts import ANSWER, CDR, FACTS, START, STOP
from billing.fraud.incidents import Alert
from billing.fraud.rules import Rules
from billing.fraud.watch import Watch
from tests.fraud.traffic.attacks import FOR_TEST_ONLY, FOR_TUNING
from tests.fraud.traffic.scenario import Scenario, draw
from tests.fraud.traffic.stream import batches, facts_of
from tests.fraud.traffic.world import DAY_MS, FIRST_MS, HOUR_MS

SMALL_ACCOUNTS = (12, 5, 3)


class Fact(NamedTuple):
    """A row of FACTS."""

    kind: int
    at_ms: int
    call: int = 1
    arrived_ms: int = 0
    customer: str = "acme"
    vendor: str = "vend"
    calling: str = "442071234567"
    called: str = "5352345678"
    destination: str = "Cuba"
    nanos_per_min: int = 600_000_000
    duration_ms: int = 0
    sell_nanos: int = 0
    setup_ms: int = 0
    sip_code: int = 0


def table(*facts: Fact) -> pa.Table:
    """Facts as a batch."""
    return pa.Table.from_pylist([fact._asdict() for fact in facts], schema=FACTS)


def call(number: int, start_ms: int, talk_ms: int, ring_ms: int = 4_000, **same: Any) -> list[Fact]:
    """The four facts of a call, three of an unanswered one (talk_ms = 0)."""
    end = start_ms + ring_ms + talk_ms
    fact = Fact(START, start_ms, number)._replace(**same)
    sell = fact.nanos_per_min * talk_ms // 60_000
    found = [fact]
    if talk_ms:
        found.append(fact._replace(kind=ANSWER, at_ms=start_ms + ring_ms))
    code = 200 if talk_ms else 487
    over = fact._replace(at_ms=end, duration_ms=talk_ms, setup_ms=ring_ms, sip_code=code)
    return [*found, over._replace(kind=STOP), over._replace(kind=CDR, sell_nanos=sell)]


def in_order(facts: list[Fact]) -> pa.Table:
    """Facts as a batch in order of time."""
    return table(*sorted(facts, key=lambda fact: (fact.at_ms, fact.call, fact.kind)))


@cache
def small() -> Scenario:
    """A week of a small market, the attacks in the last two days."""
    families = FOR_TUNING | FOR_TEST_ONLY
    return draw(3, 8_000, families, 1, 1, 7, 5, SMALL_ACCOUNTS, attack_calls_max=700)


@cache
def small_facts(starts: bool = True) -> pa.Table:
    """Its facts."""
    return facts_of(small(), starts)


@cache
def small_alerts(starts: bool = True) -> list[Alert]:
    """What the watch says of it by the default rules."""
    return watched(small_facts(starts), Rules(), small().days)


def watched(facts: pa.Table, rules: Rules, days: int, rows: int = 20_000) -> list[Alert]:
    """All alerts of facts that begin at FIRST_MS."""
    watch, alerts = Watch(rules), []
    for batch in batches(facts, rows):
        alerts += watch.take(batch)
    return alerts + watch.pass_time(FIRST_MS + days * DAY_MS + 12 * HOUR_MS)
