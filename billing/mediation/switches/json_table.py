"""JSON documents to columns of text: each column is a path of keys and places, such as "a.b.0.c".

A document that is no JSON object is a dead letter. What a path leads to becomes text as it was
written; an object or a list there, and nothing there, are "".
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

import msgspec
import numpy as np
import pyarrow as pa

from billing.mediation.switches.columns import Table
from billing.mediation.switches.csv_table import Unread
from billing.mediation.switches.lines import DOCUMENT_BYTES_MAX, Records
from kernels.layout import I64

STEPS_MAX: Final = 16
"""keys and places of one path"""
PLACES_MAX: Final = 100
"""of a list that a path may name"""
FORM: Final = b"cdr="
"""how a posted form with one document begins"""
_decoder: Final = msgspec.json.Decoder()


def read_documents(
    records: Records, which: I64, paths: Mapping[str, tuple[str, ...]], encoded: bool = False
) -> tuple[Table, I64, Unread]:
    """(what the paths of a name lead to, the first that leads somewhere; as csv_table.read_table).

    encoded: whether "%2B" stands for "+" in values, and a document may be that of a posted form.
    """
    ways = list(dict.fromkeys(path for named in paths.values() for path in named))
    parents = list(dict.fromkeys(tuple(way.split(".")[:-1]) for way in ways))
    leaves = [(parents.index(tuple(way.split(".")[:-1])), way.split(".")[-1]) for way in ways]
    rows: list[int] = []
    found: list[list[str]] = []
    unread = Unread([], [])
    for at in which.tolist():
        try:
            document = _document(_posted(records.raw(at)) if encoded else records.raw(at))
        except ValueError as error:
            unread.at.append(at)
            unread.why.append(str(error))
            continue
        rows.append(at)
        held = [_at(document, parent) for parent in parents]
        values = [held[parent].get(leaf, "") for parent, leaf in leaves]
        found.append([v if type(v) is str else _text(v) for v in values])
    columns = zip(*found, strict=True) if found else [()] * len(ways)
    arrays = [pa.array(_decoded(c) if encoded else c, pa.string()) for c in columns]
    table = Table(dict(zip(ways, arrays, strict=True)), records.line[np.array(rows, np.int64)])
    named = {name: table.first(*way) for name, way in paths.items()}
    return Table(named, table.line), np.array(rows, np.int64), unread


def _posted(raw: bytes) -> bytes:
    """A document without the dress of an HTML form that it may have been posted in."""
    if not raw.startswith(FORM):
        return raw
    return unquote_to_bytes(raw[len(FORM) :].replace(b"+", b" "))


def _document(raw: bytes) -> dict[str, Any]:
    """One JSON object. Raises ValueError."""
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise ValueError(f"longer than {DOCUMENT_BYTES_MAX} bytes")
    try:
        document = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    return document


def _at(document: Any, way: tuple[str, ...]) -> dict[str, Any]:
    """The object a path leads to, a list as an object of its places; {} if there is none."""
    for step in way:
        document = _object(document).get(step)
    return _object(document)


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(place): value[place] for place in range(min(len(value), PLACES_MAX))}
    return {}


def _decoded(texts: Iterable[str]) -> list[str]:
    return [unquote(text) if "%" in text else text for text in texts]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""
