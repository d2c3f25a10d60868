"""Drafts to calls: numbers by rules, accounts, portability, and the check every call must pass."""

from collections.abc import Callable
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import CALLS, SIP_CODE_MAX, check
from billing.mediation.switches.accounts import Accounts
from billing.mediation.switches.columns import Flaws
from billing.mediation.switches.draft import Draft
from billing.mediation.switches.numbers import apply_numbers, plain_numbers
from billing.mediation.switches.ported import Ported
from billing.mediation.switches.source import Source
from billing.mediation.switches.taken import Dead
from kernels import parse_numbers
from kernels.layout import DURATION_MS_MAX, I64

DETAILS: Final = {
    "answered_at": "the time of the call is missing or outside the years 2000 to 2099"
}


class Finisher:
    """What a source adds to the drafts of its reader."""

    def __init__(self, source: Source, ported: Ported | None) -> None:
        self._source = source
        self._accounts = Accounts(source.rules)
        self._ported = ported

    def finish(
        self, draft: Draft, line: I64, raw: Callable[[int], bytes], found: Flaws
    ) -> tuple[pa.RecordBatch, I64, list[Dead]]:
        """(calls, their lines, dead letters of the others); raw: the bytes of a row's record."""
        source = self._source
        draft = self._accounts.name(plain_numbers(draft), found)
        draft = apply_numbers(draft, source.rules.numbers)
        if self._ported:
            draft = draft._replace(lrn=self._ported.lrns(draft.called))
        calls = _calls(draft, source.switch)
        found.add(check(calls, parse_numbers(draft.called)[1]))
        bad = found.first()
        if not bad.num_rows:
            return calls, line, []
        keep = np.ones(len(line), np.bool_)
        keep[bad.column("row").to_numpy()] = False
        dead = _letters(bad, draft.duration_ms, line, raw)
        return calls.filter(pa.array(keep)), line[keep], dead


def _calls(draft: Draft, switch: str) -> pa.RecordBatch:
    n = len(draft.called)
    code = draft.sip_code
    columns = {
        **draft._asdict(),
        "switch": pa.repeat(switch, n),
        "answered_at": pa.array(draft.answered_at).view(CALLS.field("answered_at").type),
        "duration_ms": pa.array(draft.duration_ms),
        "sip_code": pa.array(np.where((code < 0) | (code > SIP_CODE_MAX), 0, code)),
        "pdd_ms": pa.array(draft.pdd_ms, mask=draft.pdd_ms < 0),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in CALLS.names], schema=CALLS)


def _letters(
    bad: pa.RecordBatch, duration_ms: I64, line: I64, raw: Callable[[int], bytes]
) -> list[Dead]:
    rows = bad.column("row").to_numpy()
    spoken = duration_ms[rows]
    spoken = np.where((spoken >= 0) & (spoken <= DURATION_MS_MAX), spoken, 0)
    texts = (pc.fill_null(bad.column(name), "").to_pylist() for name in bad.schema.names[1:])
    return [
        Dead(at, raw(row), reason, field, value, detail, ms)
        for row, at, ms, reason, field, value, detail in zip(
            rows.tolist(), line[rows].tolist(), spoken.tolist(), *texts, strict=True
        )
    ]
