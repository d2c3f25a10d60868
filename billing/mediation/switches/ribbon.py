"""Ribbon (Sonus) GSX and SBC accounting files, ACT: STOP is a call, ATTEMPT an unanswered one.

START and INTERMEDIATE records are skipped, and whatever else the file holds. Durations count 10 ms;
the answer is the start plus what passed until service was established. The id is the gateway and
its accounting id. Times are the node's local time: the source's zone, not the record's.
"""

from collections import Counter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.mediation.switches import causes
from billing.mediation.switches.clock import AMERICAN, instants_ms
from billing.mediation.switches.columns import Flaws, Table, flags, is_blank, scaled, whole
from billing.mediation.switches.csv_reader import CsvReader
from billing.mediation.switches.csv_table import Form, read_table
from billing.mediation.switches.draft import Draft, known_pdd, texts_of
from billing.mediation.switches.lines import Records, begins
from billing.mediation.switches.reader import Read
from kernels.layout import I64

UNIT_MS: Final = 10
STOP: Final = {
    1: "record",
    2: "gateway",
    3: "accounting_id",
    6: "start_date",
    7: "start_time",
    9: "to_alerting",
    10: "to_service",
    14: "service_duration",
    15: "reason",
    20: "calling",
    21: "called",
    31: "route",
    34: "trunk_in",
}
"""position in a STOP record, from 1"""
ATTEMPT: Final = {
    1: "record",
    2: "gateway",
    3: "accounting_id",
    6: "start_date",
    7: "start_time",
    9: "to_alerting",
    12: "reason",
    17: "calling",
    18: "called",
    28: "route",
    31: "trunk_in",
}
WIDTH_MIN: Final = 34
OTHERS: Final = {
    "start": (b"START,",),
    "intermediate": (b"INTERMEDIATE,",),
    "event": (b"REBOOT,", b"SW_CHANGE,"),
    "header": (b"Sonus Networks", b"Ribbon"),
}
"""lines that are no calls, by what they begin with"""


def _columns(places: dict[int, str]) -> tuple[str, ...]:
    return tuple(places.get(at, "") for at in range(1, max(places) + 1))


STOP_FORM: Final = Form(",", True, _columns(STOP), WIDTH_MIN, 1_000)
ATTEMPT_FORM: Final = Form(",", True, _columns(ATTEMPT), WIDTH_MIN - 3, 1_000)


def _together(stops: Read, attempts: Read) -> Read:
    """Both kinds of rows in the order of their records."""
    at = np.concatenate([stops.at, attempts.at])
    columns = {
        name: pa.concat_arrays([stops.table.text(name), attempts.table.text(name)])
        for name in stops.table.columns
    }
    order = np.argsort(at, kind="stable")
    joined = Table(columns, np.concatenate([stops.table.line, attempts.table.line]))
    stops.unread.at.extend(attempts.unread.at)
    stops.unread.why.extend(attempts.unread.why)
    return Read(joined.take(order), at[order], stops.unread)


class Ribbon(CsvReader):
    """STOP and ATTEMPT records."""

    def _choose(self, records: Records, which: I64, skipped: Counter[str]) -> I64:
        kept = np.ones(len(which), np.bool_)
        for kind, words in OTHERS.items():
            for word in words:
                held = begins(records, word)[which] if len(which) else kept[:0]
                skipped[kind] += int(held.sum())
                kept &= ~held
        return which[kept]

    def _read(self, records: Records, which: I64) -> Read:
        if not len(which):
            return Read(*read_table(records, which, STOP_FORM))
        stop, attempt = (begins(records, word)[which] for word in (b"STOP,", b"ATTEMPT,"))
        read = Read(*read_table(records, which[stop], STOP_FORM))
        strange = which[~stop & ~attempt]
        read.unread.at.extend(strange.tolist())
        read.unread.why.extend(["neither START, STOP, ATTEMPT nor INTERMEDIATE"] * len(strange))
        if not attempt.any():
            return read
        return _together(read, Read(*read_table(records, which[attempt], ATTEMPT_FORM)))

    def _draft(self, table: Table, found: Flaws) -> Draft:
        answered = flags(pc.equal(table.text("record"), "STOP"))
        day, clock = table.text("start_date"), table.text("start_time")
        stamps = pc.binary_join_element_wise(day, clock, " ")
        started_at = instants_ms(stamps, (AMERICAN,), self.source.clock, "start_time", found)
        passed_ms = scaled(table.text("to_service"), UNIT_MS, "to_service", found)
        spoken_ms = scaled(table.text("service_duration"), UNIT_MS, "service_duration", found)
        alerting = table.text("to_alerting")
        pdd_ms = scaled(alerting, UNIT_MS, "to_alerting", found)
        reason = whole(table.text("reason"), "reason", found)
        texts = texts_of(table, {f: (f,) for f in ("calling", "called", "trunk_in")})
        gateway, number = table.text("gateway"), table.text("accounting_id")
        found.note(is_blank(number), "missing", "accounting_id", number, "required")
        texts["call_id"] = pc.binary_join_element_wise(gateway, number, "-")
        texts["trunk_out"] = pc.replace_substring_regex(table.text("route"), "^[^:]*:", "")
        return Draft(
            answered_at=np.where(started_at > 0, started_at + passed_ms, 0),
            duration_ms=spoken_ms,
            sip_code=causes.responses(answered & (spoken_ms > 0), causes.of_causes(reason)),
            pdd_ms=known_pdd(np.where(pdd_ms > 0, pdd_ms, -1)),
            **texts,
        )
