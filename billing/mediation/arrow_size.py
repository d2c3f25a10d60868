"""How many bytes an Arrow IPC stream unpacks to, read from its metadata before it is unpacked.

A compressed buffer begins with its length uncompressed, beyond which Arrow refuses to unpack it.
The metadata of a message is a FlatBuffer; the tables read here are those of Arrow's Message.fbs.
"""

import struct
from typing import Final

import numpy as np
import pyarrow as pa

from billing.errors import BadField

UNPACKED_BYTES_MAX: Final = 8 * 1024 * 1024
"""Of one message; the largest one on the wire has 1 MiB."""
ROW_BYTES_MIN: Final = 4
"""What a call takes on the wire at the very least; without it a few hundred bytes could stand for
20,000 empty rows. The demo's calls take 37, compressed with ZSTD."""
MESSAGES_MAX: Final = 100
"""IPC messages of one stream (schema, dictionaries, record batches); each costs as 50 calls do."""

_HEADER, _DATA, _IS_DELTA, _BUFFERS, _COMPRESSION = 2, 1, 2, 2, 3
"""Places of fields in Message, DictionaryBatch (both) and RecordBatch (both)."""


def check_size(payload: bytes) -> None:
    """Raises BadField if the stream would unpack to more than UNPACKED_BYTES_MAX.

    Also raises struct.error, ValueError and what pyarrow raises, where it is no such stream.
    """
    total = 0
    reader = pa.ipc.MessageReader.open_stream(payload)
    for count, message in enumerate(reader):
        if count == MESSAGES_MAX:
            raise BadField("unreadable", "", count, f"more than {MESSAGES_MAX} Arrow messages")
        if message.type != "schema":
            total += _unpacked_bytes(message)
        refuse_beyond(total)


def refuse_beyond(unpacked_bytes: int) -> None:
    """Raises BadField beyond UNPACKED_BYTES_MAX."""
    if unpacked_bytes > UNPACKED_BYTES_MAX:
        detail = f"unpacks to more than {UNPACKED_BYTES_MAX} bytes"
        raise BadField("unreadable", "", unpacked_bytes, detail)


def _unpacked_bytes(message: pa.ipc.Message) -> int:
    metadata, body = message.metadata.to_pybytes(), message.body
    batch = _child(metadata, _root(metadata), _HEADER)
    if message.type == "dictionary":
        if _place(metadata, batch, _IS_DELTA) and metadata[_place(metadata, batch, _IS_DELTA)]:
            raise BadField("unreadable", "", "", "a dictionary in parts is not taken")
        batch = _child(metadata, batch, _DATA)
    buffers = _buffers(metadata, batch)
    if not _place(metadata, batch, _COMPRESSION):
        return int(buffers[:, 1].sum())
    total = 0
    for offset, length in buffers.tolist():
        if length:
            (unpacked,) = struct.unpack_from("<q", body, offset)
            total += length if unpacked < 0 else unpacked
    return total


def _root(metadata: bytes) -> int:
    return int(struct.unpack_from("<I", metadata)[0])


def _place(metadata: bytes, table: int, field: int) -> int:
    """Where a field of a table stands, 0 if it is absent."""
    vtable = table - struct.unpack_from("<i", metadata, table)[0]
    size = struct.unpack_from("<H", metadata, vtable)[0]
    at = 4 + 2 * field
    within = struct.unpack_from("<H", metadata, vtable + at)[0] if at < size else 0
    return table + within if within else 0


def _child(metadata: bytes, table: int, field: int) -> int:
    """Where the table or vector stands that a field refers to."""
    at = _place(metadata, table, field)
    return at + int(struct.unpack_from("<I", metadata, at)[0])


def _buffers(metadata: bytes, batch: int) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    """(offset, length) of each buffer in the body."""
    if not _place(metadata, batch, _BUFFERS):
        return np.empty((0, 2), np.int64)
    at = _child(metadata, batch, _BUFFERS)
    (count,) = struct.unpack_from("<I", metadata, at)
    return np.frombuffer(metadata, np.int64, 2 * count, at + 4).reshape(-1, 2)
