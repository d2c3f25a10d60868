"""Replay one seed with a trace, or run a range of them: python -m tests.simulation --seed N"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulation.checks import Violation
from tests.simulation.replay import PLANS_OF_A_WORLD, part, simulate

PART = 8 * PLANS_OF_A_WORLD
"""seeds that one core takes at a time"""


def _one(seed: int) -> int:
    try:
        run, broken = simulate(seed, trace=True), None
    except Violation as violation:
        run, broken = violation.of, violation  # type: ignore[attr-defined]
    print(f"world {run.world.number}: {len(run.world.messages)} messages in", end=" ")
    print(f"{run.world.partitions} partitions; {run.plan}")
    print("\n".join(run.trace))
    print(f"seed {seed}: {broken or 'every promise was kept'}")
    return int(broken is not None)


def _many(first: int, last: int) -> int:
    began, faults, promises = time.perf_counter(), Counter[str](), Counter[str]()
    parts = [range(at, min(at + PART, last)) for at in range(first, last, PART)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as cores:
        for seen, failed in cores.map(part, parts):
            faults.update(seen)
            promises.update(promise for _, promise, _ in failed)
            for seed, _, what in failed:
                print(f"{what}\n  replay: python -m tests.simulation --seed {seed}", flush=True)
    took = time.perf_counter() - began
    print(
        f"{last - first} seeds in {took:.1f} s: {60 * (last - first) / took:.0f} a minute;", end=" "
    )
    print(f"{faults.total()} faults {dict(faults)}; failed: {dict(promises) or 'none'}")
    return int(bool(promises))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one and print what happened")
    parser.add_argument("--seeds", default="0:500", help="run these, FIRST:END")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _one(asked.seed)
    first, _, end = asked.seeds.partition(":")
    return _many(int(first), int(end))


if __name__ == "__main__":
    sys.exit(main())
