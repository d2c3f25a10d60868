"""Asterisk's Master.csv (cdr_csv): 16 columns, and up to five more where the switch is told so.

The id is `uniqueid`, or channel and start where the switch does not write it; the leg is
`sequence`, or the channel dialled, as a call forwarded or tried twice has several records.
Times are the switch's local time unless it has `usegmtime`.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.mediation.switches import causes
from billing.mediation.switches.clock import ISO, instants_ms
from billing.mediation.switches.columns import Flaws, Table, flags, is_blank, scaled
from billing.mediation.switches.csv_reader import CsvReader
from billing.mediation.switches.draft import Draft, either, note_missing, only, texts_of
from kernels.text_parts import before_last

RESPONSES: Final = {"NO ANSWER": 480, "BUSY": 486, "FAILED": 503, "CONGESTION": 503}
TEXTS: Final = {
    "leg": ("sequence", "dstchannel"),
    "calling": ("src",),
    "called": ("dst",),
    "customer": ("accountcode",),
}
PEER_END: Final = "-"
"""behind it the name of a channel has a number of its own"""


class Asterisk(CsvReader):
    """cdr_csv."""

    COLUMNS = (
        *("accountcode", "src", "dst", "", "", "channel", "dstchannel", "", "", "start", "answer"),
        *("", "", "billsec", "disposition", "", "uniqueid", "", "", "", "sequence"),
    )
    WIDTH_MIN = 16
    WIDTH_MAX = 21

    def _draft(self, table: Table, found: Flaws) -> Draft:
        """dispositions other than ANSWERED are attempts, whatever `billsec` says."""
        answered = flags(pc.equal(table.text("disposition"), "ANSWERED"))
        clock = self.source.clock
        started_at = instants_ms(table.text("start"), (ISO,), clock, "start", found)
        answered_at = instants_ms(table.text("answer"), (ISO,), clock, "answer", found)
        at = either(only(answered, answered_at), started_at)
        note_missing(at, table.text("start"), "start", found)
        duration_ms = scaled(table.text("billsec"), 1_000, "billsec", found)
        texts = texts_of(table, TEXTS)
        texts["call_id"] = _ids(table)
        texts["trunk_in"] = before_last(table.text("channel"), PEER_END)
        texts["trunk_out"] = before_last(table.text("dstchannel"), PEER_END)
        return Draft(
            answered_at=at,
            duration_ms=only(answered, duration_ms),
            sip_code=causes.responses(
                answered, causes.of_names(table.text("disposition"), RESPONSES)
            ),
            pdd_ms=np.full(len(at), -1, np.int64),
            **texts,
        )


def _ids(table: Table) -> pa.Array:
    unique = table.text("uniqueid")
    nothing = is_blank(unique)
    if not nothing.any():
        return unique
    made = pc.binary_join_element_wise(table.text("channel"), table.text("start"), "@")
    return pc.if_else(pa.array(nothing), made, unique)
