"""A run cut into chunks: each a stretch of one day's calls in the order they are stored in.

The chunks of a day cover every key it could hold, (customer, answered_at) from the first to beyond
the last, so that a call that arrives during the run lies in exactly one of them.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import groupby
from typing import Final, NamedTuple

from billing.instants import DAY_MS

HOUR_MS: Final = 3_600_000


class Slot(NamedTuple):
    """Calls of one customer in one hour."""

    day: int
    """days since 1970, UTC"""
    customer: str
    hour: int
    calls: int


class Key(NamedTuple):
    """A place in the order of a day's calls."""

    customer: str
    answered_ms: int


class Chunk(NamedTuple):
    """The calls of a day from one key to before another."""

    id: str
    """32 hexadecimal digits: the same run, day and keys have the same"""
    day: int
    begin: Key
    end: Key | None
    """None: to the end of the day's calls"""
    calls: int
    """when it was planned"""

    def holds(self, slot: Slot) -> bool:
        """Whether it has a key of a slot."""
        first_ms = slot.day * DAY_MS + slot.hour * HOUR_MS
        first, last = Key(slot.customer, first_ms), Key(slot.customer, first_ms + HOUR_MS - 1)
        return (
            slot.day == self.day and self.begin <= last and (self.end is None or first < self.end)
        )


def plan(run: str, days: Iterable[int], slots: Iterable[Slot], calls_max: int) -> list[Chunk]:
    """The chunks of a run, by day and key. Every one of the days has one, calls or not.

    days: since 1970. slots: at most one for each day, customer and hour, in any order. A chunk has
    more than calls_max calls only if it is one slot.
    """
    own = {day: list(group) for day, group in groupby(sorted(slots), key=lambda slot: slot.day)}
    return [chunk for day in days for chunk in _day(run, day, own.get(day, []), calls_max)]


def _day(run: str, day: int, slots: list[Slot], calls_max: int) -> Iterator[Chunk]:
    begin, calls = Key("", day * DAY_MS), 0
    for slot in slots:
        if calls and calls + slot.calls > calls_max:
            end = Key(slot.customer, day * DAY_MS + slot.hour * HOUR_MS)
            yield _chunk(run, day, begin, end, calls)
            begin, calls = end, 0
        calls += slot.calls
    yield _chunk(run, day, begin, None, calls)


def _chunk(run: str, day: int, begin: Key, end: Key | None, calls: int) -> Chunk:
    named = repr((run, day, tuple(begin), end and tuple(end)))
    return Chunk(blake2b(named.encode(), digest_size=16).hexdigest(), day, begin, end, calls)
