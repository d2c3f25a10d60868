"""Cisco Unified Communications Manager: CDR flat files, with a row of names and one of types.

The id is `pkid`. Records other than type 1 (call management records are type 2) are skipped.
Instants are epoch seconds in UTC; `duration` counts seconds. A call that was not answered has the
Q.850 cause of the side that has one. Trunks are the device names of both sides.
"""

from collections import Counter
from typing import Final

import numpy as np
import pyarrow.compute as pc

from billing.mediation.switches import causes
from billing.mediation.switches.clock import epoch_ms
from billing.mediation.switches.columns import Flaws, Table, flags, is_blank, scaled
from billing.mediation.switches.csv_reader import HeadedReader
from billing.mediation.switches.csv_table import Form
from billing.mediation.switches.draft import Draft, either, note_missing, texts_of
from billing.mediation.switches.lines import Records, begins
from billing.mediation.switches.reader import Read
from kernels.layout import I64

PLACES: Final = {
    0: "cdrrecordtype",
    4: "datetimeorigination",
    8: "callingpartynumber",
    11: "origcause_value",
    29: "originalcalledpartynumber",
    30: "finalcalledpartynumber",
    33: "destcause_value",
    47: "datetimeconnect",
    48: "datetimedisconnect",
    50: "pkid",
    55: "duration",
    56: "origdevicename",
    57: "destdevicename",
}
"""by position from 0, in every release; used where the row of names is missing"""
BY_POSITION: Final = tuple(PLACES.get(at, "") for at in range(max(PLACES) + 1))
NAMED: Final = frozenset(PLACES.values())
TEXTS: Final = {
    "call_id": ("pkid",),
    "calling": ("callingpartynumber",),
    "called": ("finalcalledpartynumber", "originalcalledpartynumber"),
    "trunk_in": ("origdevicename",),
    "trunk_out": ("destdevicename",),
}
TYPES: Final = b"INTEGER,"


class Cucm(HeadedReader):
    """Flat files of the CDR on-demand or billing server interface."""

    COLUMNS = BY_POSITION
    WANTED = NAMED
    NEEDED = tuple(frozenset([name]) for name in ("cdrrecordtype", "pkid", "duration"))

    def _choose(self, records: Records, which: I64, skipped: Counter[str]) -> I64:
        which = super()._choose(records, which, skipped)
        if not len(which):
            return which
        types = begins(records, TYPES)[which]
        skipped["header"] += int(types.sum())
        return which[~types]

    def _form(self) -> Form:
        if self._names:
            return super()._form()
        return Form(",", True, BY_POSITION, len(BY_POSITION), self.WIDTH_MAX)

    def _read(self, records: Records, which: I64) -> Read:
        return super(HeadedReader, self)._read(records, which)

    def _calls_of(self, table: Table, skipped: Counter[str]) -> I64:
        other = pc.not_equal(table.text("cdrrecordtype"), "1")
        numbered = pc.match_substring_regex(table.text("cdrrecordtype"), "^[0-9]+$")
        left_out = flags(pc.and_(other, numbered))
        skipped["other_type"] += int(left_out.sum())
        return np.flatnonzero(~left_out)

    def _draft(self, table: Table, found: Flaws) -> Draft:
        kind = table.text("cdrrecordtype")
        found.note(
            flags(pc.not_equal(kind, "1")), "invalid", "cdrrecordtype", kind, "not a record type"
        )
        begun_at = epoch_ms(table.text("datetimeorigination"), "datetimeorigination", found, 1)
        connected_at = epoch_ms(table.text("datetimeconnect"), "datetimeconnect", found, 1)
        at = either(connected_at, begun_at)
        note_missing(at, table.text("datetimeorigination"), "datetimeorigination", found)
        duration_ms = scaled(table.text("duration"), 1_000, "duration", found)
        found.note(is_blank(table.text("pkid")), "missing", "pkid", table.text("pkid"), "required")
        answered = connected_at > 0
        ended = [causes.numbers_of(table.text(f"{side}cause_value")) for side in ("dest", "orig")]
        return Draft(
            answered_at=at,
            duration_ms=np.where(answered, duration_ms, 0),
            sip_code=causes.responses(
                answered & (duration_ms > 0), *(causes.of_causes(cause) for cause in ended)
            ),
            pdd_ms=np.full(len(at), -1, np.int64),
            **texts_of(table, TEXTS),
        )
