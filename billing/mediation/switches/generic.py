"""Any CSV or JSON, by a mapping: which column or path each field of a call is in.

`instants` says how times are written, `durations` what a duration counts. `setup_at` stands in for
`answered_at` where that is empty; `cause` is a Q.850 cause, asked where `sip_code` is empty.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from billing.mediation.switches import causes
from billing.mediation.switches.clock import FORMS, epoch_ms, instants_ms
from billing.mediation.switches.columns import Flaws, Table, is_blank, scaled
from billing.mediation.switches.csv_reader import HeadedReader, plain_name
from billing.mediation.switches.csv_table import Form
from billing.mediation.switches.draft import Draft, either, known_pdd, note_missing, texts_of
from billing.mediation.switches.json_reader import JsonReader
from billing.mediation.switches.lines import Records
from billing.mediation.switches.reader import Read
from billing.mediation.switches.source import Source
from kernels.layout import I64

TEXT_FIELDS: Final = (
    *("call_id", "leg", "calling", "called", "customer", "vendor", "lrn"),
    *("trunk_in", "trunk_out", "ip_in", "ip_out"),
)
FIELDS: Final = (
    *TEXT_FIELDS,
    *("answered_at", "setup_at", "duration", "sip_code", "cause", "pdd_ms"),
)
REQUIRED: Final = ("call_id", "called", "answered_at", "duration")
EPOCHS: Final[dict[str, int | None]] = {
    "epoch": None,
    "epoch_s": 1,
    "epoch_ms": 1_000,
    "epoch_us": 1_000_000,
}
UNITS_MS: Final = {"s": (1_000, 1), "ms": (1, 1), "us": (1, 1_000), "10ms": (10, 1)}
"""a duration's milliseconds: times, and then divided by"""


def draft_of(
    table: Table, source: Source, mapped: Mapping[str, tuple[str, ...]], found: Flaws
) -> Draft:
    """What the mapped columns say of n calls."""

    def instants(field: str) -> I64:
        texts, name = table.first(*mapped.get(field, ())), "/".join(mapped.get(field, (field,)))
        if source.instants in EPOCHS:
            return epoch_ms(texts, name, found, EPOCHS[source.instants])
        return instants_ms(texts, FORMS[source.instants], source.clock, name, found)

    answered_at = instants("answered_at")
    at = either(answered_at, instants("setup_at")) if "setup_at" in mapped else answered_at
    name = mapped["answered_at"][0]
    note_missing(at, table.first(*mapped["answered_at"]), name, found)
    times, parts = UNITS_MS[source.durations]
    lasted, name = table.first(*mapped["duration"]), mapped["duration"][0]
    found.note(is_blank(lasted), "missing", name, lasted, "required")
    duration_ms = scaled(lasted, times, name, found) // parts
    answered = duration_ms > 0
    code, cause = (
        causes.numbers_of(table.first(*mapped.get(field, ()))) for field in ("sip_code", "cause")
    )
    pdd = table.first(*mapped.get("pdd_ms", ()))
    pdd_ms = np.where(is_blank(pdd), -1, scaled(pdd, 1, "pdd_ms", found))
    return Draft(
        answered_at=at,
        duration_ms=duration_ms,
        sip_code=np.where(code > 0, code, causes.responses(answered, causes.of_causes(cause))),
        pdd_ms=known_pdd(pdd_ms),
        **texts_of(table, {f: mapped.get(f, ()) for f in TEXT_FIELDS}),
    )


class GenericCsv(HeadedReader):
    """Separated fields, named by a header or by `columns`."""

    def _mapped(self) -> Mapping[str, tuple[str, ...]]:
        if not self.source.header:
            return self.source.fields
        fields = self.source.fields.items()
        return {field: tuple(plain_name(n) for n in names) for field, names in fields}

    def _needed(self) -> tuple[frozenset[str], ...]:
        return tuple(frozenset(self._mapped()[field]) for field in REQUIRED)

    def _wanted(self) -> frozenset[str]:
        return frozenset(name for names in self._mapped().values() for name in names)

    def _learn(self, line: bytes) -> None:
        if self.source.header:
            super()._learn(line)

    def _read(self, records: Records, which: I64) -> Read:
        if self.source.header:
            return super()._read(records, which)
        return super(HeadedReader, self)._read(records, which)

    def _form(self) -> Form:
        source = self.source
        if source.header:
            return super()._form()
        named = tuple(c if c in self._wanted() else "" for c in source.columns)
        return Form(source.delimiter, True, named, len(named), len(named))

    def _draft(self, table: Table, found: Flaws) -> Draft:
        return draft_of(table, self.source, self._mapped(), found)


class GenericJson(JsonReader):
    """Objects whose fields are found by paths."""

    def _paths(self) -> dict[str, tuple[str, ...]]:
        return dict(self.source.fields)

    def _draft(self, table: Table, found: Flaws) -> Draft:
        mapped = {field: (field,) for field in self.source.fields}
        return draft_of(table, self.source, mapped, found)
