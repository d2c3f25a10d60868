"""Facts from what the platform says of calls: events of switches, and rated calls."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.cdr import cdr_id
from billing.credit.call_events import CallEvent
from billing.deck import DeckVersion
from billing.fraud.facts import ANSWER, CDR, FACTS, START, STOP
from kernels.layout import I64

Price = Callable[[CallEvent], tuple[str, int]]
"""(destination, nanos a minute) of a call; ("", 0) where it has no price"""
KINDS: Final = {"start": START, "answer": ANSWER, "stop": STOP}
"""an update says nothing that a watch does not know"""


def call_of(identity: bytes) -> int:
    """A call as a watch names it: the first half of its cdr_id."""
    return int.from_bytes(identity[:8], "little")


def identity_of(call: int) -> str:
    """The first half of a cdr_id, in hexadecimal, of a call in an alert."""
    return call.to_bytes(8, "little").hex()


def facts_of_events(events: Sequence[CallEvent], arrived_ms: int, price: Price) -> pa.Table:
    """The events that are facts, in their order. The price is asked of starts and answers."""
    rows = []
    for event in events:
        kind = KINDS.get(event.event)
        if kind is None:
            continue
        destination, nanos_per_min = price(event) if kind != STOP else ("", 0)
        rows.append(
            {
                "kind": kind,
                "at_ms": event.at_ms,
                "arrived_ms": arrived_ms,
                "call": call_of(cdr_id(event.switch, event.call_id, event.leg)),
                "customer": event.customer,
                "vendor": event.vendor,
                "calling": event.calling,
                "called": event.called,
                "destination": destination,
                "nanos_per_min": nanos_per_min,
                "duration_ms": event.duration_ms,
                "sell_nanos": 0,
                "setup_ms": 0,
                "sip_code": 0,
            }
        )
    return pa.Table.from_pylist(rows, schema=FACTS)


def facts_of_rated(
    rated: pa.Table, arrived_ms: int, versions: Mapping[int, DeckVersion]
) -> pa.Table:
    """Rows of cdr.rated as facts of kind CDR, in their order.

    versions: the deck versions, for the price of a minute; 0 of one that is not among them.
    """
    n = rated.num_rows
    identity = rated.column("cdr_id").combine_chunks().cast(pa.binary())
    calls = np.frombuffer(b"".join(part[:8] for part in identity.to_pylist()), "<u8")
    answered_ms = rated.column("answered_at").cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
    duration_ms = rated.column("duration_ms").cast(pa.int64())
    unknown = np.zeros(n, np.int64)
    columns = {
        "kind": np.full(n, CDR, np.int8),
        "at_ms": pc.add(answered_ms, duration_ms),
        "arrived_ms": np.full(n, arrived_ms, np.int64),
        "call": calls,
        "destination": _texts(rated, "sell_destination"),
        "nanos_per_min": _per_minute(rated, versions),
        "duration_ms": duration_ms,
        "sell_nanos": pc.fill_null(rated.column("sell_nanos"), 0),
        "setup_ms": unknown,
        "sip_code": pc.fill_null(rated.column("sip_code").cast(pa.int64()), 0),
    }
    columns |= {name: _texts(rated, name) for name in ("customer", "vendor", "calling", "called")}
    return pa.table({name: columns[name] for name in FACTS.names}, schema=FACTS)


def _texts(rated: pa.Table, name: str) -> pa.ChunkedArray:
    return pc.fill_null(rated.column(name).cast(pa.string()), "")


def _per_minute(rated: pa.Table, versions: Mapping[int, DeckVersion]) -> I64:
    """The sell rate of a minute in the account's currency."""
    names = ("sell_deck_version", "sell_rate_row", "sell_fx_num", "sell_fx_den")
    version, row, num, den = (
        pc.fill_null(rated.column(name).cast(pa.int64()), 0).to_numpy() for name in names
    )
    found = np.zeros(rated.num_rows, np.int64)
    for number in np.unique(version):
        known = versions.get(int(number))
        if known is None or not known.rates.num_rows:
            continue
        own = (version == number) & (row < known.rates.num_rows)
        rates = known.rates.column("next_rate_nanos").to_numpy()
        found[own] = rates[row[own]]
    converted = np.flatnonzero((num != den) & (den > 0) & (found != 0))
    for i in converted:  # beyond 64 bits on the way
        found[i] = int(found[i]) * int(num[i]) // int(den[i])
    return found
