"""Oracle (Acme Packet) session border controllers: local CDR files of RADIUS accounting records.

Type 2 (stop) is a call; 1 (start) and 3 (interim) are skipped. The id is the accounting session id.
Positions are those of a stop record with all attributes; `columns` names others. Times are written
as "10:00:00.123 UTC NOV 23 2026": UTC and GMT are taken as written, any other word for a zone is
the source's zone. A duration has the milliseconds of connect and disconnect where these agree with
the seconds of Acct-Session-Time.
"""

from collections import Counter
from typing import Final

import numpy as np

from billing.mediation.switches import causes
from billing.mediation.switches.clock import H323, instants_ms
from billing.mediation.switches.columns import Flaws, Table, scaled
from billing.mediation.switches.csv_reader import CsvReader
from billing.mediation.switches.draft import Draft, either, finer, note_missing, texts_of
from billing.mediation.switches.lines import Records, begins
from billing.mediation.switches.reader import Read
from kernels.layout import I64

TEXTS: Final[dict[str, tuple[str, ...]]] = {
    "call_id": ("acct_session_id",),
    "calling": ("calling_station_id",),
    "called": ("called_station_id",),
    "trunk_in": ("ingress_realm",),
    "trunk_out": ("egress_realm",),
    "ip_in": ("ingress_remote_addr",),
    "ip_out": ("egress_remote_addr",),
}
OTHERS: Final = {"start": (b"1,", b'"1",'), "interim": (b"3,", b'"3",'), "event": (b"7,", b"8,")}
STOPS: Final = (b"2,", b'"2",')


class Acme(CsvReader):
    """Stop records."""

    COLUMNS = (
        *("status", "", "", "acct_session_id", "", "", "", "", ""),
        *("calling_station_id", "called_station_id", "", "acct_session_time"),
        *("setup_time", "connect_time", "disconnect_time", "disconnect_cause"),
        *("", "", "", "", "egress_realm", "ingress_realm"),
    )
    WIDTH_MIN = 23
    LENIENT = True

    def _choose(self, records: Records, which: I64, skipped: Counter[str]) -> I64:
        for kind, words in OTHERS.items():
            for word in words:
                if len(which):
                    held = begins(records, word)[which]
                    skipped[kind] += int(held.sum())
                    which = which[~held]
        return which

    def _read(self, records: Records, which: I64) -> Read:
        stop = np.zeros(len(which), np.bool_)
        for word in STOPS:
            stop |= begins(records, word)[which] if len(which) else stop
        read = super()._read(records, which[stop])
        strange = which[~stop].tolist()
        read.unread.at.extend(strange)
        read.unread.why.extend(["the status is neither 1, 2 nor 3"] * len(strange))
        return read

    def _draft(self, table: Table, found: Flaws) -> Draft:
        clock = self.source.clock
        setup, connect, disconnect = (
            instants_ms(table.text(name), (H323,), clock, name, found)
            for name in ("setup_time", "connect_time", "disconnect_time")
        )
        at = either(connect, setup)
        note_missing(at, table.text("setup_time"), "setup_time", found)
        seconds_ms = scaled(table.text("acct_session_time"), 1_000, "acct_session_time", found)
        answered = connect > 0
        duration_ms = np.where(answered, finer(seconds_ms, connect, disconnect), 0)
        cause = causes.numbers_of(table.text("disconnect_cause"))
        return Draft(
            answered_at=at,
            duration_ms=duration_ms,
            sip_code=causes.responses(answered & (duration_ms > 0), causes.of_causes(cause)),
            pdd_ms=np.full(len(at), -1, np.int64),
            **texts_of(table, TEXTS),
        )
