"""From facts to events: whatever a call was told by, it becomes one ATTEMPT, one MINUTE for each
minute of talk that begins, and one END, each once.

A call that a START (or an ANSWER) opens costs its rate for every minute begun, when it begins, so
that money is known while it runs. A call known by its CDR alone is attempt, money and end in one
instant. What is said of a call after its end changes nothing: duplicates, a START that comes after
the STOP, an ANSWER after the CDR. A STOP of an unknown call only remembers that it is over; its
CDR will tell the rest.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from billing.fraud.facts import ANSWER, CDR, IDENTITY, START, STOP, Rows
from kernels.layout import I64

ATTEMPT, MINUTE, END = range(3)
MINUTE_MS: Final = 60_000
CALL_MS_MAX: Final = 12 * 3_600_000
"""a call of which no end was heard is taken to have ended then"""
MEMORY_MS: Final = 1_800_000
"""how long the end of a call is remembered"""
CALLS_MAX: Final = 500_000
"""calls remembered; beyond, the ended ones go first, then the oldest"""

_RUNNING: Final = -1
CALL: Final = np.dtype(
    [
        *IDENTITY,
        ("start", "i8"),
        ("answer", "i8"),
        ("end", "i8"),
        ("counted", "?"),
    ]
)
EVENT: Final = np.dtype(
    [
        ("at", "i8"),
        ("kind", "i1"),
        *IDENTITY,
        ("nanos", "i8"),
        ("pledge", "i8"),
        ("answered", "?"),
        ("duration", "i8"),
        ("delay", "i8"),
        ("ring", "i8"),
        ("sip", "i8"),
    ]
)
"""nanos: money of MINUTE and END events. pledge: exposure, by which detectors judge: an attempt
pledges its first minute whether it is answered or not, so that a burst shows while it rings. Of an
END, delay: INVITE to answer; ring: INVITE to the end of an unanswered call; 0 unknown, in ms."""
_SAME: Final = [name for name, _ in IDENTITY]
Flags = npt.NDArray[np.bool_]


class _Part(NamedTuple):
    """Facts sorted by call, their groups, and for each group the call as known before."""

    facts: Rows
    begin: I64
    group: I64
    known: Rows
    """one row of CALL per group; counted and end say what was known"""
    fresh: Flags
    """per group: never heard of"""


class Calls:
    """The calls that run, and those that ended lately, in order of their hash."""

    def __init__(self) -> None:
        self.rows = np.zeros(0, CALL)

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, facts: Rows, begin_ms: int, end_ms: int) -> Rows:
        """The events of facts in order of time, all within [begin_ms, end_ms), in order of time.

        The spans of two takes may not overlap, and none may be left out between them.
        """
        part = self._grouped(facts)
        now, attempts, ends = _told(part)
        others = np.ones(len(self.rows), bool)
        others[np.searchsorted(self.rows["call"], now["call"][~part.fresh])] = False
        self.rows = np.concatenate([self.rows[others], now])
        self.rows = self.rows[np.argsort(self.rows["call"], kind="stable")]
        minutes = _minutes(self.rows, begin_ms, end_ms)
        events = np.concatenate([attempts, minutes, ends])
        ordered: Rows = events[np.lexsort((events["call"], events["kind"], events["at"]))]
        return ordered

    def forget(self, now_ms: int) -> None:
        """Drop what is over and remembered long enough, and what is beyond CALLS_MAX."""
        rows = self.rows
        over = (rows["end"] != _RUNNING) & (rows["end"] < now_ms - MEMORY_MS)
        rows = rows[~over & (rows["start"] > now_ms - CALL_MS_MAX - MEMORY_MS)]
        if len(rows) > CALLS_MAX:
            order = np.lexsort((rows["call"], -rows["start"], rows["end"] != _RUNNING))
            rows = rows[np.sort(order[:CALLS_MAX])]
        self.rows = rows

    def _grouped(self, facts: Rows) -> _Part:
        order = np.argsort(facts["call"], kind="stable")
        facts = facts[order]
        calls, begin, group = np.unique(facts["call"], return_index=True, return_inverse=True)
        at = np.searchsorted(self.rows["call"], calls)
        inside = at < len(self.rows)
        fresh = np.ones(len(calls), bool)
        fresh[inside] = self.rows["call"][at[inside]] != calls[inside]
        known = np.zeros(len(calls), CALL)
        known["end"] = known["answer"] = _RUNNING
        known[~fresh] = self.rows[at[~fresh]]
        return _Part(facts, begin.astype(np.int64), group, known, fresh)


def _first(wanted: Flags, part: _Part) -> I64:
    """Per group the row of the first wanted fact, or the number of facts."""
    n = len(part.facts)
    if not n:
        return np.zeros(0, np.int64)
    at = np.where(wanted, np.arange(n), n)
    return np.minimum.reduceat(at, part.begin)


def _told(part: _Part) -> tuple[Rows, Rows, Rows]:
    """The calls as they are known now, the attempts and the ends among the facts."""
    facts, known, fresh = part.facts, part.known, part.fresh
    n, kind = len(facts), facts["kind"]
    row = np.arange(n)
    opens = fresh & np.isin(kind[part.begin], (START, ANSWER))
    live = opens | (~fresh & known["counted"] & (known["end"] == _RUNNING))
    stop = _first((kind == STOP) | (kind == CDR), part)
    answered = _first((kind == ANSWER) & (row < stop[part.group]) if n else row > n, part)
    cdr = _first(kind == CDR, part)
    alone = (fresh & ~opens | ~fresh & ~known["counted"]) & (cdr < n)
    lost = fresh & ~opens & ~alone

    now = known.copy()
    whole = np.where(alone, np.minimum(cdr, n - 1), part.begin)
    for name in _SAME:
        now[name] = np.where(fresh | alone, facts[name][whole], known[name])
    at = facts["at"]
    now["start"] = np.where(fresh | alone, at[whole], known["start"])
    picked = live & (answered < n) & (known["answer"] == _RUNNING)
    now["answer"][picked] = at[answered[picked]]
    ended = live & (stop < n)
    now["end"][ended] = at[stop[ended]]
    now["end"][alone | lost] = at[whole[alone | lost]]
    now["counted"] |= opens | alone

    attempts = _events(now[opens | alone], ATTEMPT, now["start"][opens | alone])
    ends = np.concatenate(
        [_ends(now[ended], facts[stop[ended]]), _record(now[alone], facts[cdr[alone]])]
    )
    return now, attempts, ends


def _events(calls: Rows, kind: int, at: I64) -> Rows:
    out = np.zeros(len(calls), EVENT)
    for name in _SAME:
        out[name] = calls[name]
    out["kind"], out["at"] = kind, at
    if kind == ATTEMPT:
        out["pledge"] = calls["rate"]
    return out


def _ends(calls: Rows, facts: Rows) -> Rows:
    """Ends of calls that were seen to begin; an answer nobody told is paid at the end."""
    out = _events(calls, END, calls["end"])
    told = calls["answer"] != _RUNNING
    out["answered"] = told | (facts["duration"] > 0)
    talk = np.where(told, calls["end"] - calls["answer"], 0)
    out["duration"] = np.where(facts["duration"] > 0, facts["duration"], talk)
    begun = -(-out["duration"] // MINUTE_MS)
    out["nanos"] = np.where(told, 0, calls["rate"] * begun)
    out["pledge"] = np.maximum(out["nanos"] - calls["rate"], 0)
    setup = np.where(told, calls["answer"], calls["end"]) - calls["start"]
    setup = np.where(facts["setup"] > 0, facts["setup"], setup)
    out["delay"] = np.where(out["answered"], setup, 0)
    out["ring"] = np.where(out["answered"], 0, setup)
    out["sip"] = facts["sip"]
    return out


def _record(calls: Rows, facts: Rows) -> Rows:
    """Ends of calls that only their CDR tells of."""
    out = _events(calls, END, calls["end"])
    out["answered"] = facts["duration"] > 0
    out["duration"] = facts["duration"]
    out["nanos"] = facts["sell"]
    out["pledge"] = np.maximum(facts["sell"] - calls["rate"], 0)
    setup = facts["setup"]
    out["delay"] = np.where(out["answered"], setup, 0)
    out["ring"] = np.where(out["answered"], 0, setup)
    out["sip"] = facts["sip"]
    return out


def _minutes(calls: Rows, begin_ms: int, end_ms: int) -> Rows:
    """A MINUTE for each minute of talk that begins within [begin_ms, end_ms)."""
    talks = calls[(calls["answer"] != _RUNNING) & calls["counted"]]
    answer = talks["answer"]
    until = np.where(talks["end"] == _RUNNING, end_ms, np.minimum(talks["end"], end_ms))
    until = np.minimum(until, answer + CALL_MS_MAX)
    first = np.maximum(0, -(-(begin_ms - answer) // MINUTE_MS))
    count = np.maximum(0, -(-(until - answer) // MINUTE_MS) - first)
    which = np.repeat(np.arange(len(talks)), count)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which]
    out = _events(talks[which], MINUTE, answer[which] + nth * MINUTE_MS)
    out["nanos"] = talks["rate"][which]
    out["pledge"] = np.where(nth > 0, out["nanos"], 0)
    return out
