"""Parts of texts."""

import numba as nb
import numpy as np
import pyarrow as pa

from kernels.layout import I32, U8, read_only


@nb.njit(nogil=True, cache=True)
def _before_last(offsets: I32, data: U8, mark: int, to: I32, out: U8) -> None:
    n = 0
    for i in range(len(to) - 1):
        start, end = offsets[i], offsets[i + 1]
        for at in range(end - 1, start - 1, -1):
            if data[at] == mark:
                end = at
                break
        for at in range(start, end):
            out[n] = data[at]
            n += 1
        to[i + 1] = n


def before_last(texts: pa.Array, mark: str) -> pa.Array:
    """What stands before the last `mark` of n texts (string array, no nulls); all of it without."""
    count = len(texts)
    _, offsets_buffer, data_buffer = texts.buffers()
    if not count or not data_buffer:
        return texts
    offsets = np.frombuffer(offsets_buffer, np.int32, count + 1, texts.offset * 4)
    to, out = np.zeros(count + 1, np.int32), np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    data = read_only(np.frombuffer(data_buffer, np.uint8))
    _before_last(read_only(offsets), data, ord(mark), to, out)
    return pa.StringArray.from_buffers(count, pa.py_buffer(to), pa.py_buffer(out[: to[-1]]))
