"""Numbers without what SIP and people put around and between the digits."""

import numba as nb
import numpy as np
import pyarrow as pa

from kernels.layout import I32, U8, read_only
from kernels.text_lines import Flags

_SPACE, _LESS, _GREATER, _AT, _COLON, _SEMICOLON = b" <>@:;"
_SCHEMES = tuple(read_only(np.frombuffer(s, np.uint8)) for s in (b"sip:", b"sips:", b"tel:"))
_MARK = np.zeros(256, np.bool_)
_MARK[list(b" -./()")] = True
_MARK = read_only(_MARK)


@nb.njit(nogil=True, cache=True)
def _begins(data: U8, start: int, end: int, word: U8) -> bool:
    if end - start < len(word):
        return False
    for i in range(len(word)):
        byte = data[start + i]
        if byte != word[i] and not (65 <= byte <= 90 and byte + 32 == word[i]):
            return False
    return True


@nb.njit(nogil=True, cache=True)
def _plain(
    offsets: I32, data: U8, mark: Flags, sip: U8, sips: U8, tel: U8, to: I32, out: U8
) -> None:
    n = 0
    for i in range(len(to) - 1):
        start, end = offsets[i], offsets[i + 1]
        for at in range(start, end):
            if data[at] == _LESS:
                start = at + 1
                break
        while start < end and data[start] == _SPACE:
            start += 1
        for word in (sip, sips, tel):
            if _begins(data, start, end, word):
                start += len(word)
                break
        for at in range(start, end):
            byte = data[at]
            if byte in (_AT, _COLON, _SEMICOLON, _GREATER):
                break
            if not mark[byte]:
                out[n] = byte
                n += 1
        to[i + 1] = n


def plain_numbers(numbers: pa.Array) -> pa.Array:
    """n numbers (string array, no nulls), "<sip:+44 20@host;user=phone>" being "+4420".

    What stands in angle brackets counts; a scheme in front, and what follows "@", ":" or ";", are
    dropped, as are spaces, "-", ".", "/" and brackets.
    """
    count = len(numbers)
    to = np.zeros(count + 1, np.int32)
    _, offsets_buffer, data_buffer = numbers.buffers()
    if not count or not data_buffer:
        return numbers
    offsets = np.frombuffer(offsets_buffer, np.int32, count + 1, numbers.offset * 4)
    data = np.frombuffer(data_buffer, np.uint8)
    out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    _plain(read_only(offsets), read_only(data), _MARK, *_SCHEMES, to, out)
    return pa.StringArray.from_buffers(count, pa.py_buffer(to), pa.py_buffer(out[: to[-1]]))
