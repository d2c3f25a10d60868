"""Yeti: CSV exports of CDR history, with a header and the columns in any order.

One row is one routing attempt; its id is the row's own `id` (or `uuid`, or `local_tag` with
`routing_attempt` as the leg). Customer and vendor are the account ids of the row, unless a rule
says otherwise. Times have an offset; one without is in the source's zone. A duration has the
milliseconds of connect and end where these agree with its seconds.
"""

from typing import Final

import numpy as np

from billing.mediation.switches import causes
from billing.mediation.switches.clock import ISO, instants_ms
from billing.mediation.switches.columns import Flaws, Table, is_blank, scaled
from billing.mediation.switches.csv_reader import HeadedReader
from billing.mediation.switches.draft import (
    Draft,
    either,
    finer,
    known_pdd,
    note_missing,
    texts_of,
)

TEXTS: Final = {
    "call_id": ("id", "uuid", "local_tag"),
    "leg": ("routing_attempt",),
    "calling": ("src_prefix_in", "src_prefix_routing"),
    "called": ("dst_prefix_in", "dst_prefix_routing"),
    "customer": ("customer_acc_id", "customer_id"),
    "vendor": ("vendor_acc_id", "vendor_id"),
    "trunk_in": ("orig_gw_id",),
    "trunk_out": ("term_gw_id",),
    "ip_in": ("auth_orig_ip", "sign_orig_ip"),
    "ip_out": ("sign_term_ip",),
    "lrn": ("lrn",),
}
OTHERS: Final = (
    *("time_start", "time_connect", "time_end", "duration", "pdd"),
    *("legb_disconnect_code", "lega_disconnect_code", "internal_disconnect_code"),
)


class Yeti(HeadedReader):
    """CDR exports."""

    WANTED = frozenset([*(n for names in TEXTS.values() for n in names), *OTHERS])
    NEEDED = (
        frozenset(TEXTS["call_id"]),
        frozenset(TEXTS["called"]),
        frozenset(["time_start"]),
        frozenset(["duration"]),
    )

    def _draft(self, table: Table, found: Flaws) -> Draft:
        start, connect, end = (
            instants_ms(table.text(name), (ISO,), self.source.clock, name, found)
            for name in ("time_start", "time_connect", "time_end")
        )
        at = either(connect, start)
        note_missing(at, table.text("time_start"), "time_start", found)
        seconds_ms = scaled(table.text("duration"), 1_000, "duration", found)
        answered = (connect > 0) & (seconds_ms > 0)
        pdd = table.text("pdd")
        pdd_ms = np.where(is_blank(pdd), -1, scaled(pdd, 1_000, "pdd", found))
        codes = (causes.numbers_of(table.text(name)) for name in OTHERS[5:])
        return Draft(
            answered_at=at,
            duration_ms=np.where(answered, finer(seconds_ms, connect, end), 0),
            sip_code=causes.responses(answered, *codes),
            pdd_ms=known_pdd(pdd_ms),
            **texts_of(table, TEXTS),
        )
