"""The input of a simulation and an account of its own of what must become of each record.

A world is a list of messages with the partition, the place and the time at which they arrive, so
their offsets are known before anything runs. `Fate` is what the sender knows of each record it
sent: a call for the first time, the same again, another call under the same id, or no call.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import NamedTuple

import msgspec
import pyarrow as pa

from billing.cdr import CALLS, INSTANT
from billing.mediation.fields import COLUMNS
from billing.mediation.mediate import ARROW, ARROW_MARK, CSV, JSON
from tests.simulation.market import (
    CUSTOMERS,
    MARKETS,
    NO_DECK,
    SWITCH_MS,
    VENDORS,
    Market,
    market,
)

ROWS_MAX = 4
"""records of one message"""
LATE_MS_MAX = 72 * 3_600_000
AHEAD_MS_MAX = 59_000
DAYS_MS = 595_000_000
"""a call of almost seven days"""


class Call(NamedTuple):
    """A call as its sender knows it."""

    call_id: str
    switch: str
    leg: str
    customer: str
    vendor: str
    calling: str
    called: str
    answered_ms: int
    duration_ms: int

    @property
    def id(self) -> tuple[str, str, str]:
        """What tells it from other calls."""
        return self.switch, self.call_id, self.leg

    @property
    def content(self) -> tuple[str, str, str, str, int, int]:
        """What makes two calls of one id differ."""
        return self[3:9]


class Fate(NamedTuple):
    """What must become of a record: "accepted", "duplicate" or a reason of a dead letter."""

    row: int
    what: str
    duration_ms: int
    call: Call | None


class Sent(NamedTuple):
    """A message of cdr.raw, in the order it arrives in its partition."""

    at_s: float
    partition: int
    content_type: str
    payload: bytes
    fates: tuple[Fate, ...]


@dataclass(frozen=True)
class World:
    """All that arrives, and the decks that price it."""

    number: int
    partitions: int
    start_ms: int
    messages: tuple[Sent, ...]
    market: Market
    published_s: float | None
    """when one more deck version arrives while calls run, None = never"""
    forgets: bool
    """whether small memories are allowed: no id comes back with another answer time"""

    def at(self) -> Iterator[tuple[int, int, Sent]]:
        """(partition, offset, message)"""
        count = [0] * self.partitions
        for message in self.messages:
            yield message.partition, count[message.partition], message
            count[message.partition] += 1


class _Sender:
    """Makes up records and keeps count of what must become of them."""

    def __init__(self, random: Random, partitions: int, forgets: bool, spread_ms: int) -> None:
        self._random, self._forgets, self._spread_ms = random, forgets, spread_ms
        self._sent: list[list[Call]] = [[] for _ in range(partitions)]
        self._first: dict[tuple[str, str, str], Call] = {}

    def _instants(self, now_ms: int) -> tuple[int, int]:
        """(answered_ms, duration_ms) of a call that is reported now."""
        random = self._random
        durations = (0, 1_000, 60_000, random.randrange(1, 600_000), random.randrange(1, 9_000))
        duration_ms = random.choice(durations)
        kind = random.random()
        if kind < 0.3:
            answered_ms = SWITCH_MS + random.choice((-1, 0, 1))
        elif kind < 0.5:
            answered_ms = now_ms - random.randrange(LATE_MS_MAX)
        else:
            answered_ms = now_ms - duration_ms - random.randrange(self._spread_ms)
        latest_ms = now_ms - duration_ms + (AHEAD_MS_MAX if kind > 0.95 else 0)
        return min(answered_ms, latest_ms), duration_ms

    def _new(self, now_ms: int, name: str) -> Call:
        random = self._random
        customer = random.choice((*CUSTOMERS, *CUSTOMERS, NO_DECK, "nobody"))
        vendor = random.choice((*VENDORS, *VENDORS, *VENDORS, "someone", ""))
        called = random.choice(("49301", "+4915", "004930", "4477", "1212", "33142", "8816"))
        answered_ms, duration_ms = self._instants(now_ms)
        if called == "8816" and random.random() < 0.5:
            duration_ms = DAYS_MS + random.randrange(1_000_000)
            answered_ms = now_ms - duration_ms
        switch, leg = random.choice(("", "ams1")), random.choice(("", "", "b"))
        calling = random.choice(("", "331", "anonymous"))
        return Call(name, switch, leg, customer, vendor, calling, called, answered_ms, duration_ms)

    def _changed(self, call: Call) -> Call:
        """Another call under the same id."""
        random = self._random
        fields: list[dict[str, object]] = [
            {"customer": "cara" if call.customer != "cara" else "acme"},
            {"vendor": "volt" if call.vendor != "volt" else "telco"},
            {"called": call.called + "7"},
            {"calling": call.calling + "7"},
            {"duration_ms": max(0, call.duration_ms + random.choice((-1, 1, 1_000, -60_000)))},
        ]
        if not self._forgets:
            fields.append({"answered_ms": call.answered_ms - 1})
        return call._replace(**random.choice(fields))  # type: ignore[arg-type]

    def call(self, partition: int, now_ms: int, name: str) -> Call:
        """A call that is new, or was sent before, or stands under an id that was."""
        random, sent = self._random, self._sent[partition]
        kind = random.random()
        if sent and kind < 0.45:
            made = random.choice(sent)
            if kind < 0.15:
                made = self._changed(made)
                if made.answered_ms + made.duration_ms > now_ms + AHEAD_MS_MAX:
                    made = random.choice(sent)
        else:
            made = self._new(now_ms, name)
        sent.append(made)
        return made

    def fate(self, row: int, call: Call) -> Fate:
        """What must become of a call that is sent now."""
        first = self._first.get(call.id)
        if first is None:
            self._first[call.id] = call
            return Fate(row, "accepted", call.duration_ms, call)
        what = "duplicate" if first.content == call.content else "conflict"
        return Fate(row, what, call.duration_ms, call)


def _record(call: Call) -> dict[str, object]:
    fields = call._asdict()
    return {**fields, "answered_at": fields.pop("answered_ms")}


def _poison(random: Random, call: Call) -> tuple[bytes, Fate]:
    """A JSON message that is no call."""
    record = _record(call)
    kind = random.randrange(6)
    if kind == 0:
        return msgspec.json.encode(record)[:-3], Fate(0, "unreadable", 0, None)
    if kind == 1:
        del record["customer"]
        return msgspec.json.encode(record), Fate(0, "missing", 0, None)
    if kind == 2:
        record["called"] = "sip:alice"
        return msgspec.json.encode(record), Fate(0, "invalid", call.duration_ms, None)
    if kind == 3:
        record["duration_ms"] = -5
        return msgspec.json.encode(record), Fate(0, "invalid", 0, None)
    if kind == 4:
        return ARROW_MARK + b"not a stream", Fate(0, "unreadable", 0, None)
    return b"", Fate(0, "unreadable", 0, None)


def _arrow(calls: list[Call]) -> bytes:
    columns: dict[str, pa.Array] = {
        name: pa.array([getattr(c, name) for c in calls])
        for name in ("call_id", "switch", "leg", "customer", "vendor", "calling", "called")
    }
    at = pa.array([c.answered_ms for c in calls], pa.int64())
    columns |= {"answered_at": at.view(INSTANT)}
    columns |= {"duration_ms": pa.array([c.duration_ms for c in calls], pa.int64())}
    batch = pa.RecordBatch.from_pydict({n: columns[n] for n in CALLS.names if n in columns})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _line(call: Call) -> str:
    return ",".join(
        str(text)
        for text in (
            *(call.call_id, call.switch, call.leg, call.answered_ms, call.duration_ms),
            *(call.calling, call.called, call.customer, call.vendor, "200", ""),
        )
    )


def _message(
    random: Random, sender: _Sender, partition: int, now_ms: int, number: int
) -> tuple[str, bytes, tuple[Fate, ...]]:
    kind = random.random()
    calls = [
        sender.call(partition, now_ms, f"c{number}-{i}") for i in range(random.randint(1, ROWS_MAX))
    ]
    if kind < 0.5:
        call = calls[0]
        known = sender.fate(0, call)
        return random.choice((JSON, "")), msgspec.json.encode(_record(call)), (known,)
    if kind < 0.62:
        payload, fate = _poison(random, calls[0])
        return "", payload, (fate,)
    broken = random.randrange(len(calls)) if random.random() < 0.3 else -1
    if kind < 0.72:
        lines = [_line(c) if i != broken else "no,call" for i, c in enumerate(calls)]
        flaw = Fate(broken, "unreadable", 0, None)
        head = random.choice(([], [",".join(COLUMNS)]))
        fates = tuple(flaw if i == broken else sender.fate(i, c) for i, c in enumerate(calls))
        return CSV, "\n".join([*head, *lines, ""]).encode(), fates
    rows = [c if i != broken else c._replace(called="x") for i, c in enumerate(calls)]
    fates = tuple(
        Fate(i, "invalid", c.duration_ms, None) if i == broken else sender.fate(i, c)
        for i, c in enumerate(calls)
    )
    return random.choice((ARROW, "")), _arrow(rows), fates


@cache
def world(number: int) -> World:
    """The world of a number, always the same."""
    random = Random(f"world {number}")
    partitions, forgets = random.choice((1, 1, 2)), random.random() < 0.85
    pause_s = random.choice((0.05, 1.0, 20.0, 600.0))
    start_ms = SWITCH_MS + random.randrange(3_600_000)
    sender = _Sender(random, partitions, forgets, max(1, int(pause_s * 4_000)))
    messages, at_s = [], 1.0
    for i in range(random.randint(6, 13)):
        at_s = round(at_s + 0.002 + random.random() ** 2 * 2 * pause_s, 3)
        partition = random.randrange(partitions)
        now_ms = start_ms + round(at_s * 1_000)
        messages.append(Sent(at_s, partition, *_message(random, sender, partition, now_ms, i)))
    published_s = at_s * random.random() if random.random() < 0.2 else None
    return World(
        number,
        partitions,
        start_ms,
        tuple(messages),
        market(number % MARKETS),
        published_s,
        forgets,
    )
