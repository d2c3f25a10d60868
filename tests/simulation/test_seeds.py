"""The promises hold in every seed: 500 in the default run, 20,000 more under `slow`."""

from collections import Counter

import pytest

from tests.simulation.checks import Violation
from tests.simulation.plan import KINDS
from tests.simulation.replay import simulate

DEFAULT = range(500)
MORE = range(500, 20_500)


def kept(seeds: range) -> Counter[str]:
    """Run the seeds; the faults that happened."""
    faults = Counter[str]()
    for seed in seeds:
        try:
            faults.update(simulate(seed).faults_seen)
        except Violation as broken:
            replay = f"python -m tests.simulation --seed {seed}"
            pytest.fail(f"{broken}\nreplay: {replay}", pytrace=False)
    return faults


def test_every_promise_is_kept_whatever_goes_wrong() -> None:
    faults = kept(DEFAULT)
    assert set(faults) == set(KINDS), "a kind of fault that never happens proves nothing"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(MORE.start, MORE.stop, 1_000))
def test_every_promise_is_kept_in_many_more_seeds(first: int) -> None:
    kept(range(first, first + 1_000))


@pytest.mark.parametrize("seed", [3, 105, 713])
def test_a_seed_replays(seed: int) -> None:
    first, second = (simulate(seed, trace=True) for _ in range(2))
    assert first.trace == second.trace != []
