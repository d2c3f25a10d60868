"""What goes wrong in a run, and how the run is set up: all of it follows from the seed."""

from random import Random
from typing import NamedTuple

from tests.simulation.chance import Odds
from tests.simulation.world import ROWS_MAX, World

MANY = 1_000
"""ids that a memory holds which forgets nothing here"""
ALL_H = 1_000.0
NONE = Odds(slow_s=0.001)


class Fault(NamedTuple):
    """At a time, something happens to one of the workers or to a part they need."""

    at_s: float
    kind: str
    which: int
    size: float
    """seconds, or callbacks until the crash"""


KINDS = (
    *("crash", "crash", "crash", "freeze", "freeze", "freeze", "stall", "stall", "replace"),
    *("join", "clickhouse down", "broker down", "bug", "poster crash", "poster freeze"),
    *("disk full", "disk full"),
)


class Plan(NamedTuple):
    """The set-up of one run."""

    workers: int
    odds: Odds
    faults: tuple[Fault, ...]
    patient: bool
    """whether a worker that gives partitions back waits for its work in progress"""
    batch_max: int
    store_batch_max: int
    queue_max: int
    dedupe_calls: int
    dedupe_window_h: float
    other_logs: bool
    """whether ClickHouse has calls of an earlier broker, so that no memory is known to be whole"""
    slice_rows: int


CALM = Plan(1, NONE, (), True, 8, 64, 64, MANY, ALL_H, False, 3_000)
"""Nothing goes wrong."""


def plan(seed: int, world: World) -> Plan:
    """The plan of a seed."""
    random = Random(f"plan {seed}")
    odds = Odds(
        random.choice((0.001, 0.05, 0.5, 3.0)),
        *(random.choice((0.0, 0.0, 0.1, 0.3)) for _ in range(5)),
    )
    batch_max = random.choice((1, 2, 3, 5, 8))
    forgets = world.forgets and random.random() < 0.8
    least = ROWS_MAX * batch_max
    span_h = world.messages[-1].at_s / 3_600
    return Plan(
        random.choice((1, 1, 2, 2, 3)),
        odds,
        tuple(_faults(random, world)),
        random.random() < 0.8,
        batch_max,
        random.choice((1, 4, 16, 16)),
        random.choice((2, 8, 64)),
        random.choice((least, least, 2 * least)) if forgets else MANY,
        span_h * random.choice((0.1, 0.5)) if forgets and random.random() < 0.3 else ALL_H,
        forgets and random.random() < 0.3,
        random.choice((1, 2, 3_000)),
    )


def _faults(random: Random, world: World) -> list[Fault]:
    faults = []
    if random.random() < 0.25:  # zombies: thought dead, with work on its way
        for message in random.sample(world.messages[:-1], random.randint(1, 3)):
            after_s = max(0.0, message.at_s - 0.001)
            faults.append(Fault(after_s, "stall", 0, 7 + random.random() * 7))
        return sorted(faults)
    at_s, last_s = 0.0, world.messages[-1].at_s
    for _ in range(random.choice((0, 1, 2, 3, 5))):
        if not at_s or random.random() < 0.6:
            at_s = random.choice(world.messages).at_s
        at_s = min(at_s, last_s) + random.random() ** 2 * 6
        kind = random.choice(KINDS)
        size = random.random() * 20
        if "crash" in kind:
            size = random.randint(1, 80)
        faults.append(Fault(at_s, kind, random.randrange(4), size))
    return sorted(faults)
