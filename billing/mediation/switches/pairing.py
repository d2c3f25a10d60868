"""INVITE and BYE records of the same dialog to one call, in bulk, with what still waits as state.

Kept true: at most one record of a dialog waits, at most WAITING_MAX altogether; a record waits no
longer than the source's age limit by the time in the records; what waits in vain becomes a dead
letter. Where a file is cut changes nothing, except for which records go first beyond WAITING_MAX.

Of a dialog a record of the kind that waits already is a repetition, and skipped. A BYE may come
first. `waiting` and new rows are one sequence; a dialog's rows are looked at in their order.
"""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.mediation.switches.columns import Flags
from kernels.layout import I64

WAITING_MAX: Final = 200_000
WAITING_BYTES_MAX: Final = 128 * 1024 * 1024
NOBODY: Final = -1


class Events(NamedTuple):
    """n records in their order: dialog by text, INVITE or BYE, when (milliseconds)."""

    dialog: pa.Array
    is_bye: Flags
    at_ms: I64
    size: I64
    """bytes"""


class Paired(NamedTuple):
    """What became of the records, as their places."""

    invite: I64
    bye: I64
    """for each call"""
    repeated: I64
    old: I64
    """waited in vain"""
    waiting: I64


def pair(events: Events, clock_ms: int, age_ms: int, waiting_max: int = WAITING_MAX) -> Paired:
    """Pair all records; clock_ms: the latest time seen before the new ones."""
    n = len(events.at_ms)
    now = np.maximum.accumulate(np.maximum(events.at_ms, clock_ms)) if n else events.at_ms
    codes = events.dialog.dictionary_encode().indices.to_numpy().astype(np.int64)
    order = np.argsort(codes, kind="stable")
    first = np.flatnonzero(np.diff(codes[order], prepend=-1))
    size = np.diff(np.append(first, n))
    until = events.at_ms + age_ms
    one, two = order[first[size == 1]], first[size == 2]
    a, b = order[two], order[two + 1]
    fits = (events.is_bye[a] != events.is_bye[b]) & (now[b] <= until[a])
    invite = np.where(events.is_bye[a], b, a)[fits]
    bye = np.where(events.is_bye[a], a, b)[fits]
    more = Leftovers(events, now, until)
    for begin, count in zip(first.tolist(), size.tolist(), strict=True):
        if count > 2:
            more.follow(order[begin : begin + count].tolist())
    for x, y in zip(a[~fits].tolist(), b[~fits].tolist(), strict=True):
        more.follow([x, y])
    waiting = np.concatenate([one, np.array(more.waiting, np.int64)])
    late = until[waiting] < (now[-1] if n else clock_ms)
    old = np.concatenate([waiting[late], np.array(more.old, np.int64)])
    waiting = np.sort(waiting[~late])
    over = _over(events.size[waiting], waiting_max)
    return Paired(
        np.concatenate([invite, np.array(more.invite, np.int64)]),
        np.concatenate([bye, np.array(more.bye, np.int64)]),
        np.sort(np.array(more.repeated, np.int64)),
        np.sort(np.concatenate([old, waiting[:over]])),
        waiting[over:],
    )


def _over(size: I64, waiting_max: int) -> int:
    """How many of the records that wait, the oldest, are too many or too large together."""
    held = np.cumsum(size[::-1])[::-1]
    return max(0, len(size) - waiting_max, int(np.count_nonzero(held > WAITING_BYTES_MAX)))


class Leftovers:
    """Dialogs that are not simply one INVITE and one BYE, record by record."""

    def __init__(self, events: Events, now: I64, until: I64) -> None:
        self._is_bye, self._now, self._until = events.is_bye, now, until
        self.invite: list[int] = []
        self.bye: list[int] = []
        self.repeated: list[int] = []
        self.old: list[int] = []
        self.waiting: list[int] = []

    def follow(self, records: list[int]) -> None:
        """The records of one dialog in their order."""
        held = NOBODY
        for at in records:
            if held != NOBODY and self._now[at] > self._until[held]:
                self.old.append(held)
                held = NOBODY
            if held == NOBODY:
                held = at
            elif self._is_bye[at] == self._is_bye[held]:
                self.repeated.append(at)
            else:
                self.invite.append(held if self._is_bye[at] else at)
                self.bye.append(at if self._is_bye[at] else held)
                held = NOBODY
        if held != NOBODY:
            self.waiting.append(held)
