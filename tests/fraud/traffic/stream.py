"""Calls as the facts a watch is told, in the order they arrive."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.fraud.facts import ANSWER, CDR, FACTS, START, STOP
from tests.fraud.traffic.scenario import Scenario
from tests.fraud.traffic.world import I64

DELAY_MS: Final = 1_500
"""facts arrive up to so much later than they happen; a record up to twice as late again"""
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


def call_ids(n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """Hashes of n calls, in order of the calls."""
    return (np.arange(n, dtype=np.uint64) + np.uint64(1)) * _MIX


def facts_of(scenario: Scenario, starts: bool, seed: int = 0) -> pa.Table:
    """All facts in order of arrival: START, ANSWER, STOP and CDR, or CDRs alone, which know no
    ringing time."""
    calls, rng = scenario.calls, np.random.default_rng([seed, 5])
    n = len(calls.start)
    answer, end = calls.start + calls.setup, calls.start + calls.setup + calls.duration
    every = np.arange(n)
    parts: list[tuple[int, I64, I64]] = [(CDR, every, end)]
    if starts:
        talked = np.flatnonzero(calls.answered)
        parts += [(START, every, calls.start), (STOP, every, end), (ANSWER, talked, answer[talked])]
    kind = np.concatenate([np.full(len(rows), k) for k, rows, _ in parts])
    call = np.concatenate([rows for _, rows, _ in parts])
    at = np.concatenate([when for _, _, when in parts])
    late = rng.integers(0, DELAY_MS, len(at)) * np.where(kind == CDR, 3, 1)
    order = np.lexsort((kind, at + late))
    return _table(scenario, kind[order], call[order], at[order], (at + late)[order], starts)


def batches(facts: pa.Table, rows: int = 20_000) -> Iterator[pa.Table]:
    """The facts in pieces."""
    for begin in range(0, len(facts), rows):
        yield facts.slice(begin, rows)


def _table(
    scenario: Scenario, kind: I64, call: I64, at: I64, arrived: I64, starts: bool
) -> pa.Table:
    calls, world = scenario.calls, scenario.world
    vendors = [f"vendor-{i}" for i in range(world.vendor_chance.shape[1])]
    over = (kind == STOP) | (kind == CDR)
    zero = np.zeros(len(kind), np.int64)
    columns = {
        "kind": pa.array(kind, pa.int8()),
        "at_ms": at,
        "arrived_ms": arrived,
        "call": call_ids(len(calls.start))[call],
        "customer": _names(list(world.accounts.name), calls.account[call]),
        "vendor": _names(vendors, calls.vendor[call]),
        "calling": _digits(calls.a[call]),
        "called": _digits(calls.b[call]),
        "destination": _names(list(world.destinations.name), calls.dest[call]),
        "nanos_per_min": world.destinations.rate[calls.dest[call]],
        "duration_ms": np.where(over, calls.duration[call], zero),
        "sell_nanos": np.where(kind == CDR, scenario.sell_nanos[call], zero),
        "setup_ms": np.where(over & starts, calls.setup[call], zero),
        "sip_code": np.where(over, calls.sip[call], zero),
    }
    return pa.table([pa.array(v) for v in columns.values()], schema=FACTS)


def _names(names: list[str], rows: I64) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(rows))


def _digits(numbers: I64) -> pa.Array:
    texts = pc.cast(pa.array(numbers), pa.string())
    return pc.if_else(pa.array(numbers > 0), texts, "")
