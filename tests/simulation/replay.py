"""Seeds: which world and plan each one means, and the run of it with all checks."""

from collections import Counter
from functools import lru_cache

from tests.simulation.checks import Violation, differing, tables
from tests.simulation.plan import CALM, plan
from tests.simulation.run import Simulation
from tests.simulation.store import Row
from tests.simulation.world import world

PLANS_OF_A_WORLD = 8
"""seeds in a row that share their input, and so the run without faults it is held against"""


@lru_cache(maxsize=4)
def calm_tables(number: int) -> dict[str, list[Row]]:
    """The final tables of a world when nothing goes wrong. Raises Violation."""
    run = Simulation(world(number), CALM, number)
    run.run()
    return tables(run)


def simulate(seed: int, trace: bool = False) -> Simulation:
    """The run of a seed, checked. Raises Violation with the run as its `of`."""
    of = world(seed // PLANS_OF_A_WORLD)
    run = Simulation(of, plan(seed, of), seed, trace)
    try:
        run.run()
        if of.published_s is None:
            calm = calm_tables(of.number)
            for name, rows in tables(run).items():
                differing("P5", dict(enumerate(rows)), dict(enumerate(calm[name])), name)
    except Violation as broken:
        broken.of = run  # type: ignore[attr-defined]
        raise
    return run


def part(seeds: range) -> tuple[Counter[str], list[tuple[int, str, str]]]:
    """The faults of these seeds, and (seed, promise, what) of those that failed."""
    faults, failed = Counter[str](), []
    for seed in seeds:
        try:
            faults.update(simulate(seed).faults_seen)
        except Violation as broken:
            failed.append((seed, broken.promise, str(broken)[:300]))
    return faults, failed
