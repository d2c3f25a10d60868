"""FreeSWITCH's channel variables to calls: those of mod_json_cdr and of a mod_cdr_csv template.

One record is one channel. Its id is `uuid`. A channel that another one originated (`direction`
outbound and an `originator`) is the other leg of a call that has its own record, and is skipped.
A duration keeps its milliseconds: `billmsec`, else `billusec`, else `billsec`.
"""

from collections import Counter
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.mediation.switches import causes
from billing.mediation.switches.clock import ISO, epoch_ms, instants_ms
from billing.mediation.switches.columns import Flaws, Table, flags, is_blank, scaled, whole
from billing.mediation.switches.csv_reader import CsvReader
from billing.mediation.switches.draft import (
    Draft,
    either,
    known_pdd,
    note_missing,
    only,
    texts_of,
)
from billing.mediation.switches.json_reader import JsonReader
from billing.mediation.switches.source import Source
from kernels.layout import I64

TEXTS: Final = {
    "call_id": ("uuid",),
    "calling": ("caller_id_number", "sip_from_user", "ani"),
    "called": ("sip_req_user", "destination_number"),
    "customer": ("accountcode",),
    "trunk_in": ("trunk_in", "sip_gateway", "sofia_profile_name"),
    "ip_in": ("sip_network_ip", "sip_received_ip", "network_addr"),
    "trunk_out": ("trunk_out", "lcr_carrier"),
    "lrn": ("lrn",),
}
NUMBERS: Final = (
    *("billmsec", "billusec", "billsec", "progressmsec", "progress_mediamsec"),
    *("answer_uepoch", "answer_epoch", "answer_stamp"),
    *("start_uepoch", "start_epoch", "start_stamp"),
)
REASONS: Final = (
    *("sip_term_status", "last_bridge_proto_specific_hangup_cause"),
    *("proto_specific_hangup_cause", "sip_invite_failure_status"),
    *("hangup_cause_q850", "hangup_cause", "bridge_channel", "last_arg", "direction", "originator"),
)
CALLER: Final = ("caller_id_number", "destination_number", "network_addr", "ani")
"""also in the caller profile of a JSON record"""
ALL: Final = frozenset([*(n for names in TEXTS.values() for n in names), *NUMBERS, *REASONS])
TEMPLATE: Final = (
    *("caller_id_name", "caller_id_number", "destination_number", "context", "start_stamp"),
    *("answer_stamp", "end_stamp", "duration", "billsec", "hangup_cause", "uuid", "bleg_uuid"),
    *("accountcode", "read_codec", "write_codec"),
)
"""the template `example` that mod_cdr_csv comes with"""
DURATIONS: Final = (("billmsec", 1, 1), ("billusec", 1, 1_000), ("billsec", 1_000, 1))
"""a variable, milliseconds of its unit, and what they are divided by"""
GATEWAY: Final = r"^.*?sofia/gateway/(?P<name>[^/,|]+)/.*$"
REMOTE: Final = r"^[^,|]*@(?P<host>[^/,|]+)$"


def draft_of(table: Table, source: Source, found: Flaws) -> Draft:
    """What the variables of n channels say of their calls."""
    duration_ms = _duration_ms(table, found)
    answered = duration_ms > 0
    answered_at = _instant_ms(table, "answer", source, found)
    started_at = _instant_ms(table, "start", source, found)
    at = either(only(answered, answered_at), started_at)
    note_missing(at, table.text("start_stamp"), "start_epoch", found)
    code = causes.responses(
        answered,
        *(causes.digits_of(table.text(name)) for name in REASONS[:4]),
        causes.of_causes(causes.numbers_of(table.text("hangup_cause_q850"))),
        causes.of_causes(causes.of_names(table.text("hangup_cause"), causes.CAUSE_OF_NAME)),
    )
    ring = table.first("progressmsec", "progress_mediamsec")
    pdd_ms = whole(ring, "progressmsec", found)
    texts = texts_of(table, TEXTS)
    gateway = _named(table.text("last_arg"), GATEWAY, "name")
    texts["trunk_out"] = pc.if_else(
        pa.array(is_blank(texts["trunk_out"])), gateway, texts["trunk_out"]
    )
    texts["ip_out"] = _named(table.text("bridge_channel"), REMOTE, "host")
    return Draft(
        answered_at=at,
        duration_ms=duration_ms,
        sip_code=code,
        pdd_ms=known_pdd(np.where(pdd_ms > 0, pdd_ms, -1)),
        **texts,
    )


def _duration_ms(table: Table, found: Flaws) -> I64:
    present = set(table.columns)
    result = np.zeros(len(table.line), np.int64)
    known = np.zeros(len(table.line), np.bool_)
    for name, per_unit, parts in DURATIONS:
        if name not in present or known.all():
            continue
        texts = table.text(name)
        here = ~is_blank(texts) & ~known
        wanted = pc.if_else(pa.array(here), texts, "")
        result[here] = (scaled(wanted, per_unit, name, found) // parts)[here]
        known |= here
    blank = pa.repeat("", len(known))
    found.note(~known, "missing", "billmsec", blank, "required (or billusec, billsec)")
    return result


def _instant_ms(table: Table, what: str, source: Source, found: Flaws) -> I64:
    """answer_uepoch, else answer_epoch, else answer_stamp; 0 = not answered."""
    result = np.zeros(len(table.line), np.int64)
    for name, per_s in ((f"{what}_uepoch", 1_000_000), (f"{what}_epoch", 1)):
        if name in table.columns:
            result = either(result, epoch_ms(table.text(name), name, found, per_s))
    if f"{what}_stamp" in table.columns and not result.all():
        stamps = pc.if_else(pa.array(result == 0), table.text(f"{what}_stamp"), "")
        result = either(result, instants_ms(stamps, (ISO,), source.clock, f"{what}_stamp", found))
    return result


def _named(texts: pa.Array, pattern: str, group: str) -> pa.Array:
    """A part of each text, "" where the pattern does not fit."""
    if is_blank(texts).all():
        return texts
    parts = pc.extract_regex(texts, pattern)
    return pc.fill_null(pc.struct_field(parts, group), "")


def _without_b_legs(table: Table, skipped: Counter[str]) -> I64:
    outbound = flags(pc.equal(table.text("direction"), "outbound"))
    b_leg = outbound & ~is_blank(table.text("originator"))
    skipped["b_leg"] += int(b_leg.sum())
    return np.flatnonzero(~b_leg)


class FreeSwitchJson(JsonReader):
    """mod_json_cdr: a document a channel, alone or many in a file, URL-encoded values or not."""

    ENCODED = True

    def _paths(self) -> dict[str, tuple[str, ...]]:
        paths: dict[str, tuple[str, ...]] = {name: (f"variables.{name}",) for name in ALL}
        for name in CALLER:
            paths[name] = (f"callflow.0.caller_profile.{name}", f"variables.{name}")
        return paths

    def _calls_of(self, table: Table, skipped: Counter[str]) -> I64:
        return _without_b_legs(table, skipped)

    def _draft(self, table: Table, found: Flaws) -> Draft:
        return draft_of(table, self.source, found)


class FreeSwitchCsv(CsvReader):
    """mod_cdr_csv with a template; `columns` names its variables in order."""

    COLUMNS = TEMPLATE
    WANTED = ALL
    WIDTH_MIN = WIDTH_MAX = len(TEMPLATE)
    LENIENT = True

    def _calls_of(self, table: Table, skipped: Counter[str]) -> I64:
        return _without_b_legs(table, skipped)

    def _draft(self, table: Table, found: Flaws) -> Draft:
        return draft_of(table, self.source, found)
