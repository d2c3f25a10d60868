"""A workbook that is a zip (XLSX, ODS): its parts, unpacked piece by piece.

What a header claims about a part's size is not believed: pieces are counted as they come.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from billing.sheets.limits import PARTS_MAX, RATIO_FROM_BYTES, RATIO_MAX

PIECE_BYTES: Final = 4 * 1024 * 1024
_ENCRYPTED: Final = 1


class Refused(Exception):
    """Why a workbook may not be read."""


def parts_of(data: bytes) -> list[zipfile.ZipInfo]:
    """The parts of a package. Raises Refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Refused(f"a damaged workbook ({error}): ask for it again") from None
    if len(parts) > PARTS_MAX:
        raise Refused(f"more than {PARTS_MAX} parts")
    if len({part.filename for part in parts}) != len(parts):
        raise Refused("two parts of one name")
    return parts


def unpacked(data: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part's bytes in pieces of PIECE_BYTES, however many it has."""
    begin = part.header_offset
    head = data[begin : begin + 30]
    if len(head) < 30 or part.flag_bits & _ENCRYPTED:
        raise Refused("protected by a password or damaged: save it without one")
    start = (
        begin + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    )
    packed = memoryview(data)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        for at in range(0, len(packed), PIECE_BYTES):
            yield bytes(packed[at : at + PIECE_BYTES])
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise Refused("packed in an unusual way: save it again in Excel or LibreOffice")
    unpacker = zlib.decompressobj(-15)
    try:
        piece, total = unpacker.decompress(packed, PIECE_BYTES), 0
        while piece:
            total += len(piece)
            if total > RATIO_FROM_BYTES and total > RATIO_MAX * part.compress_size:
                raise Refused(f"a part that unpacks to more than {RATIO_MAX} times its size")
            yield piece
            piece = unpacker.decompress(unpacker.unconsumed_tail, PIECE_BYTES)
    except zlib.error as error:
        raise Refused(f"a damaged workbook ({error}): ask for it again") from None
