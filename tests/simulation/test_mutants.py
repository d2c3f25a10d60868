"""The mutation gate: a planted bug that no seed notices fails it."""

import pytest

from tests.simulation.mutants import MUTANTS, SEEDS_MAX, caught


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_caught(name: str) -> None:
    assert caught(name), f"{SEEDS_MAX} seeds did not notice: {name}"
