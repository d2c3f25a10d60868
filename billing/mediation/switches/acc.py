"""The acc module of Kamailio and OpenSIPS: INVITE and BYE records, paired to calls.

Formats say how a record becomes a row of NAMES; this does the rest. A dialog is Call-ID and both
tags, in whatever order, as either side may hang up. Its call has the Call-ID as its id and the
INVITE's From tag as its leg: parallel branches and re-sent files keep their ids. An INVITE answered
with 300 or more is an attempt at once. Durations are the BYE's time less the INVITE's.
"""

from collections import Counter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN
from billing.mediation.switches import causes
from billing.mediation.switches.clock import epoch_ms
from billing.mediation.switches.columns import Flags, Flaws, Table, flags, is_blank, whole
from billing.mediation.switches.draft import Draft, texts_of
from billing.mediation.switches.lines import Records
from billing.mediation.switches.pairing import Events, Paired, pair
from billing.mediation.switches.reader import Read, Reader
from billing.mediation.switches.taken import Dead
from kernels.layout import I64

KEPT: Final = ("method", "from_tag", "callid", "time")
TEXTS: Final = {
    "call_id": ("callid",),
    "leg": ("from_tag",),
    "calling": ("calling", "src_user", "src"),
    "called": ("called", "dst_ouser", "dst_user", "dst"),
    "customer": ("customer", "account"),
    "vendor": ("vendor",),
    "trunk_in": ("trunk_in",),
    "trunk_out": ("trunk_out",),
    "ip_in": ("ip_in", "src_ip"),
    "ip_out": ("ip_out", "dst_ip", "dst_domain"),
    "lrn": ("lrn",),
}
NAMES: Final = frozenset(
    [*KEPT, "to_tag", "sip_code", "sip_reason", *(n for names in TEXTS.values() for n in names)]
)
WAITS: Final = pa.schema(
    [
        *((name, pa.string()) for name in sorted(NAMES - {"to_tag", "sip_reason"})),
        *((name, pa.string()) for name in ("dialog", "reason")),
        *((name, pa.int64()) for name in ("line", "at_ms")),
        ("raw", pa.binary()),
    ]
)
"""a record that waits, with its bytes, should it wait in vain"""


class AccReader(Reader):
    """Pairs what a format reads; its state is what waits."""

    def _restore(self, kept: bytes) -> None:
        if not kept:
            self._waits, self._clock_ms = pa.RecordBatch.from_pylist([], WAITS), 0
            return
        clock, _, waits = kept.partition(b"\n")
        with pa.ipc.open_stream(waits) as stream:
            self._waits = stream.read_next_batch()
        self._clock_ms = int(clock)
        if not self._waits.schema.equals(WAITS):
            raise ValueError("the records that wait are of another version: read the file anew")

    def _kept(self) -> bytes:
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(sink, WAITS, options=options) as stream:
            stream.write_batch(self._waits)
        waits: bytes = sink.getvalue().to_pybytes()
        return b"%d\n" % self._clock_ms + waits

    @property
    def waiting(self) -> int:
        """INVITEs without a BYE, and BYEs without an INVITE."""
        return self._waits.num_rows  # type: ignore[no-any-return]

    def _finish(
        self, records: Records, read: Read, skipped: Counter[str]
    ) -> tuple[pa.RecordBatch, I64, list[Dead]]:
        table, at = read.table, read.at
        method = table.text("method")
        invite, bye = (flags(pc.equal(method, name)) for name in ("INVITE", "BYE"))
        ended = flags(pc.equal(method, "CANCEL")) | flags(pc.equal(method, "ACK"))
        skipped["other_method"] += int(ended.sum())
        flaws = Flaws()
        strange = ~invite & ~bye & ~ended
        flaws.note(strange, "invalid", "method", method, "neither INVITE nor BYE")
        code = whole(table.text("sip_code"), "sip_code", flaws, None)
        at_ms = self._times(table, flaws)
        bad = flaws.first()
        usable = ~ended
        usable[bad.column("row").to_numpy()] = False
        failed = usable & invite & (code >= 300)
        provisional = usable & ~failed & ((code < 200) | (code >= 300))
        skipped["not_final"] += int(provisional.sum())
        usable &= ~failed & ~provisional
        dead = [
            Dead(int(table.line[row["row"]]), records.raw(at[row["row"]]), *_shown(row), 0)
            for row in bad.to_pylist()
            if not ended[row["row"]]
        ]
        fresh = self._rows(table, at_ms, records, at, usable)
        now = pa.concat_batches([self._waits, fresh])
        paired = self._pair(now, skipped)
        dead += [_unpaired(row) for row in now.take(pa.array(paired.old)).to_pylist()]
        calls, lines, letters = self._calls(
            now, paired, self._rows(table, at_ms, records, at, failed)
        )
        return calls, lines, dead + letters

    def _times(self, table: Table, flaws: Flaws) -> I64:
        texts = table.text("time")
        flaws.note(is_blank(texts), "missing", "time", texts, "required")
        at_ms = epoch_ms(texts, "time", flaws)
        outside = (at_ms < INSTANT_MS_MIN) | (at_ms >= INSTANT_MS_MAX)
        flaws.note(outside, "invalid", "time", texts, "outside the years 2000 to 2099")
        return at_ms

    def _rows(
        self, table: Table, at_ms: I64, records: Records, at: I64, which: Flags
    ) -> pa.RecordBatch:
        """Some rows as records that may wait."""
        rows = np.flatnonzero(which)
        taken = table.take(rows)
        one, other = taken.text("from_tag"), taken.text("to_tag")
        low, high = pc.min_element_wise(one, other), pc.max_element_wise(one, other)
        made = {
            "dialog": pc.binary_join_element_wise(taken.text("callid"), low, high, "\n"),
            "reason": taken.text("sip_reason"),
            "line": pa.array(taken.line),
            "at_ms": pa.array(at_ms[rows]),
            "raw": pa.array([records.raw(i) for i in at[rows].tolist()], pa.binary()),
        }
        columns = [made[n] if n in made else taken.text(n) for n in WAITS.names]
        return pa.RecordBatch.from_arrays(columns, schema=WAITS)

    def _pair(self, now: pa.RecordBatch, skipped: Counter[str]) -> Paired:
        at_ms = now.column("at_ms").to_numpy()
        is_bye = flags(pc.equal(now.column("method"), "BYE"))
        size = pc.binary_length(now.column("raw")).to_numpy().astype(np.int64)
        events = Events(now.column("dialog"), is_bye, at_ms, size)
        paired = pair(events, self._clock_ms, self.source.pair_age_ms)
        skipped["bye"] += len(paired.bye)
        skipped["repeated"] += len(paired.repeated)
        self._clock_ms = max(self._clock_ms, int(at_ms.max()) if len(at_ms) else 0)
        self._waits = pa.concat_batches([now.take(pa.array(paired.waiting))])
        return paired

    def _calls(
        self, now: pa.RecordBatch, paired: Paired, failed: pa.RecordBatch
    ) -> tuple[pa.RecordBatch, I64, list[Dead]]:
        """Pairs and failed attempts, in the order of their INVITEs' lines."""
        rows = pa.concat_batches([now.take(pa.array(paired.invite)), failed])
        ended_ms = np.concatenate(
            [now.column("at_ms").to_numpy()[paired.bye], failed.column("at_ms").to_numpy()]
        )
        order = pa.array(np.argsort(rows.column("line").to_numpy(), kind="stable"))
        rows, ended_ms = rows.take(order), ended_ms[order.to_numpy()]
        names = [n for n in rows.schema.names if pa.types.is_string(rows.schema.field(n).type)]
        table = Table({n: rows.column(n) for n in names}, rows.column("line").to_numpy())
        found = Flaws()
        draft = self._draft_of(table, rows.column("at_ms").to_numpy(), ended_ms, found)
        raw = rows.column("raw")
        return self._finisher.finish(draft, table.line, lambda row: raw[row].as_py(), found)

    def _draft_of(self, table: Table, at_ms: I64, ended_ms: I64, found: Flaws) -> Draft:
        code = whole(table.text("sip_code"), "sip_code", found)
        answered = code < 300
        spoken_ms = np.where(answered, ended_ms - at_ms, 0)
        found.note(spoken_ms < 0, "invalid", "time", table.text("time"), "BYE before the INVITE")
        return Draft(
            answered_at=at_ms,
            duration_ms=spoken_ms,
            sip_code=causes.responses(answered, code),
            pdd_ms=np.full(len(code), -1, np.int64),
            **texts_of(table, TEXTS),
        )


def _shown(row: dict[str, str]) -> tuple[str, str, str, str]:
    return row["reason"], row["field"], row["value"] or "", row["detail"]


def _unpaired(row: dict[str, object]) -> Dead:
    other = "INVITE" if row["method"] == "BYE" else "BYE"
    line, raw, value = int(str(row["line"])), row["raw"], str(row["callid"])
    assert isinstance(raw, bytes)
    return Dead(line, raw, "unpaired", "callid", value, f"no {other} came for this dialog", 0)
