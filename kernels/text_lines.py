"""Lines of text as ranges of bytes: which are oddly quoted, their fields, some put together."""

import numba as nb
import numpy as np
import numpy.typing as npt

from kernels.layout import I64, U8, read_only

QUOTE = 34
RETURN = 13
NEWLINE = 10
Flags = npt.NDArray[np.bool_]


@nb.njit(nogil=True, cache=True)
def _odd(held: U8, start: I64, end: I64, delimiter: np.uint8, quoted: bool, odd: Flags) -> None:
    for i in range(len(start)):
        inside, fresh, at, until = False, True, start[i], end[i]
        while at < until:
            byte = held[at]
            if byte == RETURN:
                odd[i] = True
                break
            if not quoted:
                at += 1
                continue
            if byte == QUOTE:
                if not inside:
                    if not fresh:
                        odd[i] = True
                        break
                    inside = True
                elif at + 1 < until and held[at + 1] == QUOTE:
                    at += 1
                else:
                    inside = False
                    if at + 1 < until and held[at + 1] != delimiter:
                        odd[i] = True
                        break
                fresh = False
            else:
                fresh = not inside and byte == delimiter
            at += 1
        if inside:
            odd[i] = True


def odd_lines(data: bytes, start: I64, end: I64, delimiter: str, quoted: bool) -> Flags:
    """Which of n lines, bytes start..end, have a carriage return or quotes RFC 4180 has not.

    quoted: whether quotes mean anything. Raises ValueError for a range outside the bytes.
    """
    odd = np.zeros(len(start), np.bool_)
    held = _held(data, start, end)
    _odd(held, read_only(start), read_only(end), np.uint8(ord(delimiter)), quoted, odd)
    return odd


@nb.njit(nogil=True, cache=True)
def _fields(
    held: U8, start: I64, end: I64, delimiter: np.uint8, quoted: bool, most: int, found: I64
) -> None:
    for i in range(len(start)):
        inside, width, stop = False, 1, end[i]
        for at in range(start[i], end[i]):
            byte = held[at]
            if quoted and byte == QUOTE:
                inside = not inside
            elif byte == delimiter and not inside:
                if width == most:
                    stop = at
                width += 1
        found[i, 0], found[i, 1] = width, stop


def fields(
    data: bytes, start: I64, end: I64, delimiter: str, quoted: bool, most: int
) -> tuple[I64, I64]:
    """(how many fields each of n lines has, where the first `most` of them end).

    Of lines that are not odd. Raises ValueError as `odd_lines`.
    """
    found = np.empty((len(start), 2), np.int64)
    held = _held(data, start, end)
    mark = np.uint8(ord(delimiter))
    _fields(held, read_only(start), read_only(end), mark, quoted, most, found)
    return found[:, 0], found[:, 1]


@nb.njit(nogil=True, cache=True)
def _gather(held: U8, start: I64, end: I64, out: U8) -> None:
    to = 0
    for i in range(len(start)):
        for at in range(start[i], end[i]):
            out[to] = held[at]
            to += 1
        out[to] = NEWLINE
        to += 1


def gathered(data: bytes, start: I64, end: I64) -> U8:
    """The bytes of n lines, each followed by a newline. Raises ValueError as `odd_lines`."""
    out = np.empty(int((end - start).sum()) + len(start), np.uint8)
    _gather(_held(data, start, end), read_only(start), read_only(end), out)
    return out


def _held(data: bytes, start: I64, end: I64) -> U8:
    if len(start) and not (start.min() >= 0 and (start <= end).all() and end.max() <= len(data)):
        raise ValueError("a line outside the bytes it is said to be of")
    return read_only(np.frombuffer(data, np.uint8))
