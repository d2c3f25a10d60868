"""Sippy softswitch: CSV exports of CDRs, with a header and the columns in any order.

The id is `i_cdr`, or `call_id` where there is none; the names of the columns are those of its
database and interface. `duration` counts seconds, with decimals; the billed duration is not read,
as billing is done here. A `result` from 100 on is a SIP response, a smaller one a Q.850 cause.
"""

from typing import Final

import numpy as np

from billing.mediation.switches import causes
from billing.mediation.switches.clock import H323, ISO, instants_ms
from billing.mediation.switches.columns import Flaws, Table, is_blank, scaled
from billing.mediation.switches.csv_reader import HeadedReader
from billing.mediation.switches.draft import Draft, either, known_pdd, note_missing, texts_of
from kernels.layout import I64

TEXTS: Final = {
    "call_id": ("i_cdr", "call_id", "i_call"),
    "calling": ("cli_in", "cli"),
    "called": ("cld_in", "cld"),
    "customer": ("i_account",),
    "vendor": ("i_vendor",),
    "trunk_in": ("i_account",),
    "trunk_out": ("i_connection",),
    "ip_in": ("remote_ip",),
    "lrn": ("lrn_cld",),
}
FORMS: Final = (ISO, H323)
OTHERS: Final = ("setup_time", "connect_time", "duration", "result", "pdd1xx", "pdd")


class Sippy(HeadedReader):
    """CDR exports of customers and vendors."""

    WANTED = frozenset([*(n for names in TEXTS.values() for n in names), *OTHERS])
    NEEDED = (
        frozenset(["i_cdr", "call_id", "i_call"]),
        frozenset(["cld", "cld_in"]),
        frozenset(["setup_time", "connect_time"]),
        frozenset(["duration"]),
    )

    def _draft(self, table: Table, found: Flaws) -> Draft:
        setup, connect = (
            instants_ms(table.text(name), FORMS, self.source.clock, name, found)
            for name in ("setup_time", "connect_time")
        )
        at = either(connect, setup)
        note_missing(at, table.text("setup_time"), "setup_time", found)
        duration_ms = scaled(table.text("duration"), 1_000, "duration", found)
        answered = duration_ms > 0
        pdd = table.first("pdd1xx", "pdd")
        pdd_ms = np.where(is_blank(pdd), -1, scaled(pdd, 1_000, "pdd", found))
        result: I64 = causes.numbers_of(table.text("result"))
        cause = causes.of_causes(np.where(result < 100, result, 0))
        return Draft(
            answered_at=at,
            duration_ms=duration_ms,
            sip_code=causes.responses(answered, np.where(result >= 100, result, 0), cause),
            pdd_ms=known_pdd(pdd_ms),
            **texts_of(table, TEXTS),
        )
