"""JSON documents to columns of text: each column is a path of keys and places, such as "a.b.0.c".

A document that is no JSON object is a dead letter. What a path leads to becomes text as it was
written; an object or a list there, and nothing there, are "".
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import numpy as np
import pyarrow as pa

from billing.mediation.switches.columns import Table
from billing.mediation.switches.csv_table import Unread
from billing.mediation.switches.lines import DOCUMENT_BYTES_MAX, Records
from kernels.layout import I64

STEPS_MAX: Final = 16
"""keys and places of one path"""
_decoder: Final = msgspec.json.Decoder()


def read_documents(
    records: Records, which: I64, paths: Mapping[str, tuple[str, ...]], encoded: bool = False
) -> tuple[Table, I64, Unread]:
    """(what the paths of a name lead to, the first that leads somewhere; as csv_table.read_table).

    encoded: whether "%2B" stands for "+" in values.
    """
    steps = {name: [path.split(".") for path in named] for name, named in paths.items()}
    texts: dict[str, list[str]] = {name: [] for name in steps}
    rows: list[int] = []
    unread = Unread([], [])
    for at in which.tolist():
        raw = records.raw(at)
        try:
            document = _document(raw)
        except ValueError as error:
            unread.at.append(at)
            unread.why.append(str(error))
            continue
        rows.append(at)
        for name, ways in steps.items():
            text = next((t for t in (_at(document, way) for way in ways) if t), "")
            texts[name].append(unquote(text) if encoded and "%" in text else text)
    columns = {name: pa.array(found, pa.string()) for name, found in texts.items()}
    kept = np.array(rows, np.int64)
    return Table(columns, records.line[kept]), kept, unread


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


def _at(document: Any, way: list[str]) -> str:
    for step in way:
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isascii() and step.isdecimal():
            place = int(step)
            document = document[place] if place < len(document) else None
        else:
            return ""
    if isinstance(document, str):
        return document
    if isinstance(document, bool):
        return "true" if document else "false"
    return str(document) if isinstance(document, int | float) else ""
