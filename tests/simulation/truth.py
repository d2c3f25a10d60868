"""What the final tables must say, computed from what was sent and from nothing else."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from typing import NamedTuple

from tests.simulation.market import Charge, charge
from tests.simulation.world import Call, Fate, World, world

Place = tuple[int, int, int]
"""partition, offset in cdr.raw, row"""


class Receipt(NamedTuple):
    """The count of one message."""

    calls: int
    accepted: int
    dead: int
    duplicate: int
    calls_ms: int
    accepted_ms: int
    dead_ms: int
    duplicate_ms: int


class Truth(NamedTuple):
    """What must become of a world."""

    calls: dict[bytes, tuple[Place, Call, tuple[Charge, ...]]]
    """by cdr_id; the last are the charges that are right: two if decks changed meanwhile"""
    dead: dict[Place, str]
    receipts: dict[tuple[int, int], Receipt]
    accepted: dict[tuple[int, int], set[int]]
    """rows of a message that must be in cdr.rated"""


def cdr_id(call: Call) -> bytes:
    """The id of a call, as docs/delivery.md says."""
    return blake2b("\0".join(call.id).encode(), digest_size=16).digest()


def _part(fate: Fate) -> str:
    return fate.what if fate.what in ("accepted", "duplicate") else "dead"


def _receipt(fates: tuple[Fate, ...]) -> Receipt:
    count, ms = Counter(map(_part, fates)), Counter[str]()
    for fate in fates:
        ms[_part(fate)] += fate.duration_ms
    parts = ("accepted", "dead", "duplicate")
    counts, talk_ms = ([of[p] for p in parts] for of in (count, ms))
    return Receipt._make([len(fates), *counts, ms.total(), *talk_ms])


def _charges(of: World, call: Call) -> tuple[Charge, ...]:
    asked = (call.customer, call.vendor, call.called, call.answered_ms, call.duration_ms)
    late = (False,) if of.published_s is None else (False, True)
    return tuple(charge(of.market, late_too, *asked) for late_too in late)


def _fates(of: World) -> Iterator[tuple[Place, Fate]]:
    for partition, offset, message in of.at():
        for fate in message.fates:
            yield (partition, offset, fate.row), fate


@cache
def truth(number: int) -> Truth:
    """What must become of the world of a number."""
    of = world(number)
    made = Truth({}, {}, {}, {})
    for partition, offset, message in of.at():
        made.receipts[partition, offset] = _receipt(message.fates)
        made.accepted[partition, offset] = {f.row for f in message.fates if f.what == "accepted"}
    for place, fate in _fates(of):
        if fate.what == "accepted":
            assert fate.call is not None
            made.calls[cdr_id(fate.call)] = (place, fate.call, _charges(of, fate.call))
        elif fate.what != "duplicate":
            made.dead[place] = fate.what
    return made
