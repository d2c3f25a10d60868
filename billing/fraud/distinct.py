"""How many distinct values each key has had, without keeping them: HyperLogLog, one row a key.

Flajolet, Fusy, Gandouet and Meunier (2007), with linear counting while registers are empty. The
standard error is 1.04 / sqrt(REGISTERS), 6.5 %. A value seen again changes nothing, so a replay
cannot count twice.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from kernels.layout import I64, U8, U64

INDEX_BITS: Final = 8
REGISTERS: Final = 1 << INDEX_BITS
_ALPHA: Final = 0.7213 / (1 + 1.079 / REGISTERS)


def scramble(values: U64) -> U64:
    """A 64-bit mix (splitmix64), so that neighbouring numbers have unrelated bits."""
    out = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    out = (out ^ (out >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    out = (out ^ (out >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return out ^ (out >> np.uint64(31))


def observe(registers: U8, key: I64, values: I64) -> None:
    """Note that row key[i] has had values[i]. registers: shape (keys, REGISTERS), changed."""
    mixed = scramble(values.view(np.uint64))
    index = (mixed & np.uint64(REGISTERS - 1)).astype(np.int64)
    rest = (mixed >> np.uint64(INDEX_BITS)) & np.uint64((1 << 32) - 1)
    _, exponent = np.frexp(rest.astype(np.float64))
    rank = (33 - exponent).astype(np.uint8)  # 1 + leading zeros of 32 bits
    np.maximum.at(registers, (key, index), rank)


def estimate(registers: U8) -> npt.NDArray[np.float64]:
    """About how many distinct values each row has had."""
    raw = _ALPHA * REGISTERS**2 / np.sum(np.exp2(-registers.astype(np.float64)), axis=1)
    empty = np.sum(registers == 0, axis=1)
    linear = REGISTERS * np.log(REGISTERS / np.maximum(empty, 1))
    found: npt.NDArray[np.float64] = np.where((raw <= 2.5 * REGISTERS) & (empty > 0), linear, raw)
    return found
