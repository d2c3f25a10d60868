"""What alerts were worth on labelled traffic: per attack found or not, when, and what was lost."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np

from billing.fraud.actions import automatic
from billing.fraud.incidents import Alert
from billing.fraud.rules import Action
from tests.fraud.traffic.attacks import BURSTS, Attack
from tests.fraud.traffic.background import Calls, picked
from tests.fraud.traffic.scenario import Scenario
from tests.fraud.traffic.stream import call_ids
from tests.fraud.traffic.world import I64

CARRIED_OUT_MS: Final = 5_000
"""from an automatic alert to the block"""
PERSON_MS: Final = 15 * 60_000
"""from an alert to the block, where a person decides"""
TRUE_SHARE: Final = 1 / 3
COUNTED_BY_CALLS: Final = ("wangiri", "spoofing")
"""families whose own calls cost nothing: what is lost is counted in calls"""
NTH: Final = 20


class Told(NamedTuple):
    """An incident begun, or blocked by itself: when, and which attack it is about (0 none, < 0 a
    campaign)."""

    at_ms: int
    label: int
    family: str
    subject: str
    severity: str
    blocks: bool
    prefixes: tuple[str, ...] = ()
    """what would be blocked by itself"""


class Verdict(NamedTuple):
    """An attack and what was made of it; alert_s, block_s (of half of its calls): since
    its first call, None never."""

    attack: Attack
    alert_s: float | None
    after_nth_s: float | None
    calls_before: int
    block_s: float | None
    total: float
    lost_alert: float
    lost_block: float
    named_right: bool


def told_by(scenario: Scenario, alerts: Iterable[Alert]) -> list[Told]:
    """Our alerts by what their sample calls are: of at least a third of them the same thing."""
    ids = call_ids(len(scenario.calls.start))
    order = np.argsort(ids)
    found = []
    for alert in alerts:
        asked = np.array(alert.calls, np.uint64)
        labels = scenario.calls.label[order[np.searchsorted(ids, asked, sorter=order)]]
        values, counts = np.unique(labels, return_counts=True)
        fits = (values != 0) & (counts >= TRUE_SHARE * len(labels))
        label = int(values[fits][np.argmax(counts[fits])]) if fits.any() else 0
        blocks = automatic(alert)
        if alert.revision == 1 or blocks:
            at_ms = alert.raised_ms if alert.revision == 1 else alert.updated_ms
            prefixes = tuple(block.value for block in alert.block if block.kind == "prefix")
            own = (alert.family, alert.subject, alert.severity, blocks)
            found.append(Told(at_ms, label, *own, prefixes if blocks else ()))
    return found


def false_alerts(scenario: Scenario, alerts: Iterable[Alert], told: list[Told]) -> list[Told]:
    """Incidents after the learning days that are about no attack."""
    begun = {(a.raised_ms, a.subject, a.family) for a in alerts if a.revision == 1}
    return [
        t
        for t in told
        if t.label <= 0
        and t.at_ms >= scenario.judged_ms
        and (t.at_ms, t.subject, t.family) in begun
    ]


def verdicts(scenario: Scenario, told: list[Told]) -> list[Verdict]:
    """One per attack."""
    return [_verdict(scenario, attack, told) for attack in scenario.attacks]


def _verdict(scenario: Scenario, attack: Attack, told: list[Told]) -> Verdict:
    own = np.flatnonzero(scenario.calls.label == attack.number)
    calls = picked(scenario.calls, own)
    spent = _spent(scenario, calls, attack.family)
    mine = [t for t in told if t.label == attack.number]
    total = spent(2**62)
    if not mine:
        return Verdict(attack, None, None, len(own), None, total, total, total, False)
    first = min(t.at_ms for t in mine)
    stopped = _stopped(calls, mine, first + PERSON_MS)
    begun = int(calls.start[0])
    nth = int(calls.start[min(NTH, len(own)) - 1])
    return Verdict(
        attack,
        (first - begun) / 1_000,
        max(0, first - nth) / 1_000,
        int((calls.start < first).sum()),
        (float(np.median(stopped)) - begun) / 1_000,
        total,
        spent(first),
        spent(stopped),
        any(t.family in (attack.family, attack.family.split("_")[0]) for t in mine)
        or (attack.family == "hacked_pbx" and any(t.family == "irsf" for t in mine)),
    )


def _stopped(calls: Calls, told: list[Told], person_ms: int) -> I64:
    """Per call the instant from which it is blocked: by itself where an automatic block covers its
    number, else by a person, who blocks the whole of it."""
    texts = calls.b.astype(str)
    found = np.full(len(texts), person_ms, np.int64)
    for t in told:
        if t.blocks:
            hit = [text.startswith(t.prefixes) for text in texts.tolist()]
            found[hit] = np.minimum(found[hit], t.at_ms + CARRIED_OUT_MS)
    return found


def _spent(scenario: Scenario, calls: Calls, family: str) -> Callable[[int | I64], float]:
    """What an attack has cost up to an instant: money, or calls where those cost nothing."""
    rate = scenario.world.destinations.rate[calls.dest]

    def spent(until_ms: int | I64) -> float:
        if family in COUNTED_BY_CALLS:
            return float((calls.start < until_ms).sum())
        talked = np.clip(until_ms - calls.start - calls.setup, 0, calls.duration)
        return float((rate * talked / 60_000).sum() / 1e9)

    return spent


def legit_blocked(scenario: Scenario, alerts: Iterable[Alert], action: Action) -> float:
    """Share of honest money that automatic blocks of a destination would have stopped."""
    calls = scenario.calls
    honest = (calls.label <= 0) & (calls.start >= scenario.judged_ms)
    texts = calls.b.astype(str)
    stopped = np.zeros(len(honest), bool)
    for alert in alerts:
        if not automatic(alert):
            continue
        until = alert.updated_ms + action.block_min * 60_000
        account = scenario.world.accounts.name.index(alert.account)
        within = np.flatnonzero(
            honest & (calls.account == account) & (calls.start >= alert.updated_ms)
            & (calls.start < until)
        )  # fmt: skip
        prefixes = tuple(block.value for block in alert.block if block.kind == "prefix")
        hit = [i for i in within.tolist() if texts[i].startswith(prefixes)]
        stopped[hit] = True
    sell: I64 = scenario.sell_nanos
    return float(sell[stopped].sum() / sell[honest].sum())


def quantile(values: list[float], q: float) -> float:
    """A quantile, 0 of nothing."""
    return float(np.quantile(values, q)) if values else 0.0


def is_burst(attack: Attack) -> bool:
    """Whether it is a matter of minutes."""
    return attack.family in BURSTS
