"""The plain thresholds others have, on the same traffic: OpenSIPS's fraud_detection parameters per
account and destination, and a total cost per account in 24 hours as with CGRateS.

They are given every help: limits per size of account (or, for the cost, per account) from the
learning days without any fraud in them, one common factor chosen so that they have as many false
alerts as the watch, and the same suppression of repeats.
"""

from typing import Final

import numpy as np

from tests.fraud.scoring import Told
from tests.fraud.traffic.background import Calls
from tests.fraud.traffic.scenario import Scenario
from tests.fraud.traffic.world import F64, HOUR_MS, I64

QUIET_MS: Final = 6 * HOUR_MS
MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * HOUR_MS
FACTORS: Final = np.geomspace(0.02, 50, 120)


def plain(scenario: Scenario, starts: bool, false_max: int) -> list[Told]:
    """Alerts of the five parameters of fraud_detection: calls per minute, total calls, concurrent
    calls, sequential calls, call duration."""
    calls = scenario.calls
    end = calls.start + calls.setup + calls.duration
    at = calls.start if starts else end
    pair = calls.account * 100_000 + calls.dest
    values = [
        _in_the_last(pair, at, MINUTE_MS),
        _in_the_last(pair * 100 + at // DAY_MS % 100, at, DAY_MS),
        _concurrent(pair, calls.start, end),
        _run_length(calls, at),
    ]
    size = scenario.world.accounts.size[calls.account]
    ratios = [_ratio(scenario, v.astype(np.float64), size, at) for v in values]
    quick = np.max(ratios, axis=0)
    long = _ratio(scenario, calls.duration.astype(np.float64), size, end)
    when = np.concatenate([at, end])
    return _tuned(scenario, when, np.concatenate([quick, long]), "plain", false_max)


def total_cost(scenario: Scenario, false_max: int) -> list[Told]:
    """Alerts of a limit on each account's cost in the last 24 hours, known when calls end."""
    calls = scenario.calls
    end = calls.start + calls.setup + calls.duration
    cost = _sum_in_the_last(calls.account, end, scenario.sell_nanos, DAY_MS)
    ratio = _ratio(scenario, cost, calls.account, end)
    return _tuned(scenario, end, ratio, "total_cost", false_max)


def _ratio(scenario: Scenario, value: F64, group: I64, at: I64) -> F64:
    """A figure by the most that honest calls of the group had in the learning days."""
    learned = (at < scenario.judged_ms) & (scenario.calls.label == 0)
    most = np.ones(int(group.max()) + 1)
    np.maximum.at(most, group[learned], value[learned])
    found: F64 = value / most[group]
    return found


def _tuned(scenario: Scenario, at: I64, ratio: F64, name: str, false_max: int) -> list[Told]:
    """The alerts of the lowest factor that has no more false alerts than allowed."""
    n = len(scenario.calls.start)
    row = np.arange(len(at)) % n
    judged = np.flatnonzero(at >= scenario.judged_ms)
    judged = judged[np.argsort(at[judged], kind="stable")]
    for factor in FACTORS.tolist():
        over = judged[ratio[judged] >= factor]
        told = _suppressed(scenario, at[over], row[over], name)
        if sum(t.label <= 0 for t in told) <= false_max:
            return told
    return []


def _suppressed(scenario: Scenario, at: I64, row: I64, name: str) -> list[Told]:
    last: dict[int, int] = {}
    told = []
    labels, accounts = scenario.calls.label[row].tolist(), scenario.calls.account[row].tolist()
    for when, label, account in zip(at.tolist(), labels, accounts, strict=True):
        if when - last.get(account, -(2**62)) > QUIET_MS:
            subject = scenario.world.accounts.name[account]
            told.append(Told(when, label, name, subject, "critical", False))
        last[account] = when
    return told


def _in_the_last(group: I64, at: I64, span_ms: int) -> I64:
    """Per call how many of its group there were in the span up to it."""
    order = np.lexsort((at, group))
    rank = np.unique(group[order], return_inverse=True)[1]
    base = int(at.min())
    code = rank * (int(at.max()) - base + span_ms + 1) + (at[order] - base)
    floor = np.maximum(code - span_ms + 1, rank * (int(at.max()) - base + span_ms + 1))
    count = np.empty(len(at), np.int64)
    count[order] = np.arange(len(at)) - np.searchsorted(code, floor) + 1
    return count


def _sum_in_the_last(group: I64, at: I64, value: I64, span_ms: int) -> F64:
    order = np.lexsort((at, group))
    rank = np.unique(group[order], return_inverse=True)[1]
    base = int(at.min())
    width = int(at.max()) - base + span_ms + 1
    code = rank * width + (at[order] - base)
    total = np.concatenate([[0], np.cumsum(value[order])])
    first = np.searchsorted(code, np.maximum(code - span_ms + 1, rank * width))
    out = np.empty(len(at), np.float64)
    out[order] = total[1:] - total[first]
    return out


def _concurrent(group: I64, start: I64, end: I64) -> I64:
    """Per call how many of its group are in progress when it begins, itself included."""
    n = len(start)
    which = np.concatenate([group, group])
    at = np.concatenate([start, end])
    step = np.concatenate([np.ones(n, np.int64), -np.ones(n, np.int64)])
    order = np.lexsort((step, at, which))
    running = np.cumsum(step[order])
    begins = np.flatnonzero(np.diff(which[order], prepend=-1))
    before = np.where(begins > 0, running[begins - 1], 0)
    running -= before[np.cumsum(np.diff(which[order], prepend=-1) != 0) - 1]
    found = np.empty(2 * n, np.int64)
    found[order] = running
    return found[:n]


def _run_length(calls: Calls, at: I64) -> I64:
    """Per call how many calls in a row the account has made to the same destination."""
    order = np.lexsort((at, calls.account))
    account, dest = calls.account[order], calls.dest[order]
    new = np.ones(len(at), bool)
    new[1:] = (account[1:] != account[:-1]) | (dest[1:] != dest[:-1])
    begin = np.maximum.accumulate(np.where(new, np.arange(len(at)), 0))
    length = np.empty(len(at), np.int64)
    length[order] = np.arange(len(at)) - begin + 1
    return length
