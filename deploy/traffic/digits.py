"""Telephone numbers and call ids as Arrow strings, made for a whole block at once.

A number starts as a 16-byte template of its dial code: the code's own digits, then room. A block
of random digits is masked into the room, two 64-bit words a number, and cut to the number's length.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from deploy.traffic.dialcodes import DialCode

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

NUMBER_BYTES_MAX = 16  # "+" and 15 digits
SERIAL_DIGITS = 12
SERIALS = 10**SERIAL_DIGITS
# Row i is the ASCII text of i in four digits, as one 32-bit word.
FOUR_DIGITS = np.frombuffer(b"".join(b"%04d" % i for i in range(10_000)), dtype=np.uint32)


class NumberPlan(NamedTuple):
    """Templates of all codes: row 2i is code i, row 2i+1 the same with a plus in front."""

    fixed: Words
    room: Words
    length: Bytes


def number_plan(codes: list[tuple[str, int]]) -> NumberPlan:
    """Templates for (prefix, digits of the whole number), in the order given."""
    fixed = np.zeros((2 * len(codes), NUMBER_BYTES_MAX), dtype=np.uint8)
    room = np.zeros_like(fixed)
    length = np.zeros(len(fixed), dtype=np.uint8)
    for i, (prefix, digits) in enumerate(codes):
        for plus in (0, 1):
            start = b"+" * plus + prefix.encode()
            length[2 * i + plus] = digits + plus
            fixed[2 * i + plus, : len(start)] = np.frombuffer(start, dtype=np.uint8)
            room[2 * i + plus, len(start) :] = 0xFF
    return NumberPlan(fixed.view(np.uint64), room.view(np.uint64), length)


def plan_of(codes: tuple[DialCode, ...], extra: tuple[str, int]) -> NumberPlan:
    """The plan of all dial codes and, as the last one, a code that no deck has."""
    return number_plan([*((code.prefix, code.digits) for code in codes), extra])


def numbers(
    plan: NumberPlan, rows: Ints, rng: np.random.Generator, valid: npt.NDArray[np.bool_]
) -> Any:
    """One number for each template row, null where not valid: an Arrow string array."""
    groups = rng.integers(10_000, size=(len(rows), 4), dtype=np.uint16)
    words = FOUR_DIGITS[groups].view(np.uint64)
    words &= plan.room[rows]
    words |= plan.fixed[rows]
    length = plan.length[rows]
    text = words.view(np.uint8).reshape(-1, NUMBER_BYTES_MAX)
    data = text[np.arange(NUMBER_BYTES_MAX) < length[:, None]]
    return _strings(np.cumsum(length, dtype=np.int32), data, valid)


def serials(prefix: str, first: int, valid: npt.NDArray[np.bool_]) -> Any:
    """`prefix` and a 12-digit count from `first`, null where not valid: an Arrow string array."""
    if not 0 <= first <= SERIALS - len(valid):
        raise ValueError(f"serial {first}: at most {SERIALS} calls a run")
    start = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    count = np.arange(first, first + len(valid), dtype=np.int64)
    groups = np.stack([count // 10**8, count // 10**4 % 10**4, count % 10**4], axis=1)
    text = np.empty((len(valid), len(start) + SERIAL_DIGITS), dtype=np.uint8)
    text[:, : len(start)] = start
    text[:, len(start) :] = FOUR_DIGITS[groups].view(np.uint8)
    ends = np.arange(1, len(valid) + 1, dtype=np.int32) * text.shape[1]
    return _strings(ends.astype(np.int32), text.reshape(-1), valid)


def _strings(ends: npt.NDArray[np.int32], data: Bytes, valid: npt.NDArray[np.bool_]) -> Any:
    offsets = np.concatenate([np.zeros(1, dtype=np.int32), ends])
    bitmap = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    buffers = [bitmap, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(valid), buffers)
