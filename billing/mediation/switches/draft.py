"""A draft: what a switch's records say of their calls, before rules say whose calls they are.

Wider than a row of CALLS: it has the trunks and addresses that accounts are found by. Columns of n
calls; flaws are kept beside it.
"""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.cdr import PDD_MS_MAX
from billing.mediation.switches.columns import Flags, Flaws, Table, is_blank
from kernels.layout import I64

SECOND_MS: Final = 1_000


class Draft(NamedTuple):
    """n calls; texts are string arrays without nulls, numbers int64."""

    call_id: pa.Array
    leg: pa.Array
    calling: pa.Array
    called: pa.Array
    answered_at: I64
    """of an attempt the time of the attempt; 0 = the record has none"""
    duration_ms: I64
    sip_code: I64
    pdd_ms: I64
    """-1 = not known"""
    customer: pa.Array
    """as the switch names it, "" = not at all; likewise vendor"""
    vendor: pa.Array
    trunk_in: pa.Array
    trunk_out: pa.Array
    ip_in: pa.Array
    ip_out: pa.Array
    lrn: pa.Array


def texts_of(table: Table, named: dict[str, tuple[str, ...]]) -> dict[str, pa.Array]:
    """Text fields of a draft by the switch's names of them; a field without names is ""."""
    fields = ("call_id", "leg", "calling", "called", "customer", "vendor", "lrn")
    wanted = (*fields, "trunk_in", "trunk_out", "ip_in", "ip_out")
    return {field: table.first(*named.get(field, ())) for field in wanted}


def either(first: I64, second: I64) -> I64:
    """Of each row the first number, or the second where the first is 0."""
    return np.where(first != 0, first, second)


def finer(whole_ms: I64, begin_ms: I64, end_ms: I64) -> I64:
    """Durations counted in whole seconds, as the instants of a call give them in milliseconds.

    The instants count only where they agree with the seconds, rounded up or down.
    """
    between = end_ms - begin_ms
    agree = (begin_ms > 0) & (end_ms > 0) & (np.abs(between - whole_ms) < SECOND_MS)
    return np.where(agree & (whole_ms > 0) & (between > 0), between, whole_ms)


def known_pdd(pdd_ms: I64) -> I64:
    """Post-dial delays; -1 for one that cannot be (it prices nothing, so its call is kept)."""
    return np.where((pdd_ms >= 0) & (pdd_ms <= PDD_MS_MAX), pdd_ms, -1)


def note_missing(present: I64, texts: pa.Array, field: str, found: Flaws) -> None:
    """An instant that is not there, where no flaw says why, is a missing field."""
    found.note((present == 0) & is_blank(texts), "missing", field, texts, "required")


def only(flag: Flags, value: I64) -> I64:
    """Numbers of the rows a flag is set for, 0 for the others."""
    return np.where(flag, value, 0)
