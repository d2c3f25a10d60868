"""HyperLogLog against exact counts."""

import numpy as np
import pytest

from billing.fraud.distinct import REGISTERS, estimate, observe


def counted(values: np.ndarray[tuple[int, ...], np.dtype[np.int64]], keys: int = 1) -> float:
    registers = np.zeros((keys, REGISTERS), np.uint8)
    observe(registers, np.zeros(len(values), np.int64), values)
    return float(estimate(registers)[0])


@pytest.mark.parametrize("distinct", [10, 100, 1_000, 20_000])
def test_the_error_is_that_of_the_formula(distinct: int) -> None:
    """The root mean square over 40 draws of numbers one after the other, as dialled ranges are."""
    errors = []
    for draw in range(40):
        first = 420_000_000_000 + draw * 1_000_003
        errors.append(counted(first + np.arange(distinct)) / distinct - 1)
    assert float(np.sqrt(np.mean(np.square(errors)))) < 1.3 * 1.04 / np.sqrt(REGISTERS)
    assert abs(float(np.mean(errors))) < 0.04


def test_a_value_seen_again_changes_nothing() -> None:
    values = np.arange(500, dtype=np.int64)
    assert counted(np.concatenate([values, values[::-1], values])) == counted(values)


def test_keys_do_not_mix() -> None:
    registers = np.zeros((2, REGISTERS), np.uint8)
    observe(registers, np.array([1, 1, 1]), np.array([5, 6, 7]))
    assert estimate(registers)[0] == 0
    assert round(float(estimate(registers)[1])) == 3
