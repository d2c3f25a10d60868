"""Numbers to digits, and the union decimal trie of all dial codes.

A number is looked up by its first six digits in one wide table and then digit by digit; a match
longer than the number itself is undone by walking up to its parents, so "44" never matches "440".
"""

import hashlib

import numba as nb
import numpy as np
import pyarrow as pa

from kernels.layout import DIGITS_MAX, I32, I64, U8, U64, DialCodes, read_only

TOP_DIGITS = 6
_POW10 = 10 ** np.arange(DIGITS_MAX + 1, dtype=np.uint64)


@nb.njit(nogil=True, cache=True)
def _parse(offsets: I64, data: U8, digits: U64, count: U8) -> None:
    zero, ten = np.uint64(48), np.uint64(10)
    for i in range(len(digits)):
        start, end = offsets[i], offsets[i + 1]
        if end > start and data[start] == 43:
            start += 1
        elif end > start + 1 and data[start] == 48 and data[start + 1] == 48:
            start += 2
        value, n, usable = np.uint64(0), 0, True
        for j in range(start, end):
            byte = data[j]
            if byte < 48 or byte > 57:
                usable = False
                break
            if n < DIGITS_MAX:
                value = value * ten + (np.uint64(byte) - zero)
                n += 1
        if not usable or n == 0:
            digits[i], count[i] = 0, 0
            continue
        for _ in range(DIGITS_MAX - n):
            value *= ten
        digits[i], count[i] = value, n


def parse_numbers(numbers: pa.Array) -> tuple[U64, U8]:
    """Digits padded to 15 and digit counts of n numbers (string array, no nulls).

    A leading "+" or "00" is dropped, digits beyond the 15th are ignored (no code is longer);
    anything else than digits, and nothing at all, gives count 0.
    """
    numbers = numbers.cast(pa.large_string())
    n = len(numbers)
    digits, count = np.empty(n, np.uint64), np.empty(n, np.uint8)
    if n:
        _, offsets_buffer, data_buffer = numbers.buffers()
        offsets = np.frombuffer(offsets_buffer, np.int64, n + 1, numbers.offset * 8)
        data = np.frombuffer(data_buffer, np.uint8) if data_buffer else np.empty(0, np.uint8)
        _parse(read_only(offsets), read_only(data), digits, count)
    return digits, count


@nb.njit(cache=True)
def _parents(digits: U64, length: U8, pow10: U64) -> I32:
    parent = np.zeros(len(digits), np.int32)
    for i in range(2, len(digits)):
        p = np.int32(i - 1)
        while p > 0:
            unit = pow10[DIGITS_MAX - length[p]]
            if length[p] < length[i] and digits[p] // unit == digits[i] // unit:
                break
            p = parent[p]
        parent[i] = p
    return parent


@nb.njit(cache=True)
def _trie(digits: U64, length: U8, pow10: U64) -> tuple[I32, I32]:
    top = np.zeros(np.int64(pow10[TOP_DIGITS]), np.int32)
    branch = np.zeros((64, 10), np.int32)
    used = 0
    for i in range(1, len(digits)):
        n = np.int64(length[i])
        at = np.int64(digits[i] // pow10[DIGITS_MAX - TOP_DIGITS])
        if n <= TOP_DIGITS:
            top[at : at + np.int64(pow10[TOP_DIGITS - n])] = i
            continue
        slot = top[at]
        if slot >= 0:
            branch[used, :] = slot
            slot = ~np.int32(used)
            top[at] = slot
            used += 1
        for depth in range(TOP_DIGITS, n):
            if used + 1 >= len(branch):
                grown = np.zeros((2 * len(branch), 10), np.int32)
                grown[: len(branch)] = branch
                branch = grown
            row = ~slot
            digit = np.int64(digits[i] // pow10[DIGITS_MAX - 1 - depth] % np.uint64(10))
            if depth == n - 1:
                branch[row, digit] = i
                break
            slot = branch[row, digit]
            if slot >= 0:
                branch[used, :] = slot
                slot = ~np.int32(used)
                branch[row, digit] = slot
                used += 1
    return top, branch[: max(used, 1)].copy()


def build_dialcodes(digits: U64, length: U8) -> DialCodes:
    """The trie of the distinct codes among n codes (digits padded to 15, length 1..15)."""
    if len(length) and (length.min() < 1 or length.max() > DIGITS_MAX):
        raise ValueError(f"dial codes have 1 to {DIGITS_MAX} digits")
    key = np.unique(digits * np.uint64(16) + length.astype(np.uint64))
    digits = np.concatenate([np.zeros(1, np.uint64), key // np.uint64(16)])
    length = np.concatenate([np.zeros(1, np.uint8), (key % np.uint64(16)).astype(np.uint8)])
    epoch = hashlib.blake2b(key.tobytes(), digest_size=8).digest()
    top, branch = _trie(digits, length, _POW10)
    return DialCodes(
        digits=read_only(digits),
        length=read_only(length),
        parent=read_only(_parents(digits, length, _POW10)),
        top=read_only(top),
        branch=read_only(branch),
        epoch=int.from_bytes(epoch, "little"),
    )
