"""What a reader made of a piece of a file: calls, dead letters, and how many records were skipped.

records + what waited before == calls + dead letters + skipped + what waits now; always.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

from kernels.layout import I64


class Dead(NamedTuple):
    """A record that is no call: where it stood, its bytes, and why."""

    line: int
    raw: bytes
    reason: str
    """unreadable, missing, invalid, unpaired, account_unknown"""
    field: str
    """the switch's own name of it, where it has one"""
    value: str
    detail: str
    duration_ms: int
    """its talk time if it has one, else 0"""


class Taken(NamedTuple):
    """The result of one take; lines count from 1 in the file."""

    calls: pa.RecordBatch
    """of billing.cdr.CALLS, in the order of their lines"""
    lines: I64
    """for each call the line its record begins in"""
    dead: list[Dead]
    records: int
    skipped: Mapping[str, int]
    """records that are no calls and no fault, by kind: blank, header, start, bye, ..."""
