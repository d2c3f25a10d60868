"""Replay one seed with a trace, or run a range of them: python -m tests.simulation --seed N"""

import argparse
import sys
import time
from collections import Counter

from tests.simulation.checks import Violation
from tests.simulation.replay import simulate


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
    began, failed, faults = time.perf_counter(), Counter[str](), Counter[str]()
    for seed in range(first, last):
        try:
            faults.update(simulate(seed).faults_seen)
        except Violation as broken:
            failed[broken.promise] += 1
            print(f"{str(broken)[:300]}\n  replay: python -m tests.simulation --seed {seed}")
    took = time.perf_counter() - began
    print(
        f"{last - first} seeds in {took:.1f} s: {60 * (last - first) / took:.0f} a minute;", end=" "
    )
    print(f"{sum(faults.values())} faults {dict(faults)}; failed: {dict(failed) or 'none'}")
    return int(bool(failed))


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
