"""Demo calls: a day of them or a gentle stream, seeded, with dirt mixed in and accounted for.

Pure: the same arguments give the same bytes; time is an argument. Calls are made in large blocks
of columns and handed out in batches.
"""

from calendar import timegm
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from deploy.traffic.batch import SCHEMA, Batch, Dirt, Fate
from deploy.traffic.digits import numbers, serials
from deploy.traffic.draws import Draw, Fates, Ints, Small, draw_calls, draw_customers, draw_fates
from deploy.traffic.market import DAY_MS, Market, demand, market_of
from deploy.traffic.parties import CUSTOMERS, SWITCHES, UNKNOWN_CUSTOMER, VENDORS

BLOCK_CALLS = 1 << 16
TIME_SLOT_MS = 600_000
PLUS_SHARE = 0.2
RESEND_AFTER_CALLS = 1_500  # mean; the end of a block cuts it off
LIVE_WINDOW_MS = 1_000
CUSTOMER_NAMES = (*(customer.account for customer in CUSTOMERS), UNKNOWN_CUSTOMER)
VENDOR_NAMES = tuple(vendor.account for vendor in VENDORS)
DEFAULT_DIRT = Dirt()


def generate(
    seed: int,
    calls: int,
    start: date | int,
    *,
    span_ms: int = DAY_MS,
    run: str | None = None,
    batch_calls: int = 1_000,
    dirt: Dirt = DEFAULT_DIRT,
    deck_seed: int = 1,
) -> Iterator[Batch]:
    """`calls` calls answered in [start, start + span_ms), in order, in batches of `batch_calls`.

    `start` is a day (from midnight UTC) or epoch milliseconds. Re-sent records come on top of
    `calls`. `run` starts each call id; without it the seed and the start do, so the same seed and
    start with another number of calls would use ids again for other calls.
    """
    if calls < 0 or span_ms < 1 or batch_calls < 1:
        raise ValueError(f"calls {calls}, span_ms {span_ms}, batch_calls {batch_calls}: too small")
    start_ms = start if isinstance(start, int) else timegm(start.timetuple()) * 1_000
    prefix = f"{run if run is not None else f's{seed}-{start_ms // 1_000:x}'}-"
    market = market_of(deck_seed)
    rng = np.random.default_rng([seed, 3])
    edges_ms = np.arange(start_ms, start_ms + span_ms + TIME_SLOT_MS, TIME_SLOT_MS)
    edges_ms[-1] = start_ms + span_ms
    busy = demand((edges_ms[:-1] + edges_ms[1:]) // 2) * np.diff(edges_ms)[:, None]
    load = np.concatenate([[0.0], np.cumsum(busy.sum(axis=1))])
    for first in range(0, calls, BLOCK_CALLS):
        n = min(BLOCK_CALLS, calls - first)
        at = (np.arange(first, first + n) + rng.random(n)) / calls * load[-1]
        answered_ms = np.interp(at, load, edges_ms).astype(np.int64).clip(max=edges_ms[-1] - 1)
        slot = np.searchsorted(load, at, side="right").clip(1, len(busy)) - 1
        fate, resent = draw_fates(rng, n, dirt)
        draw = draw_calls(market, rng, draw_customers(rng, busy, slot), fate)
        ids = serials(prefix, first, _has_id(fate))
        records = _records(market, rng, ids, draw, answered_ms, fate)
        yield from _cut(_resend(rng, Batch(records, fate), resent), batch_calls)


def live_batch(
    rng: np.random.Generator,
    now_ms: int,
    calls: int,
    *,
    run: str = "live",
    dirt: Dirt = DEFAULT_DIRT,
    deck_seed: int = 1,
) -> Batch:
    """`calls` calls that ended in the second up to `now_ms`: answered_at + duration <= now_ms.

    Call ids hold `run`, `now_ms` and a random word, so that the batches of a run stay apart.
    """
    market = market_of(deck_seed)
    busy, slot = demand(np.array([now_ms])), np.zeros(calls, dtype=np.int64)
    fate, resent = draw_fates(rng, calls, dirt)
    draw = draw_calls(market, rng, draw_customers(rng, busy, slot), fate)
    ended_ms = now_ms - np.sort(rng.integers(LIVE_WINDOW_MS, size=calls))[::-1]
    ids = serials(f"{run}-{now_ms:x}-{int(rng.integers(1 << 32)):08x}-", 0, _has_id(fate))
    answered_ms = ended_ms - draw.duration_ms.clip(0)
    records = _records(market, rng, ids, draw, answered_ms, fate)
    return _resend(rng, Batch(records, fate), resent)


def _has_id(fate: Fates) -> npt.NDArray[np.bool_]:
    return np.isin(fate, (Fate.NO_CALL_ID, Fate.GARBAGE), invert=True)


def _records(
    market: Market,
    rng: np.random.Generator,
    ids: Any,
    draw: Draw,
    answered_ms: Ints,
    fate: Fates,
) -> Any:
    """The columns of SCHEMA; the malformed rows get their nulls here."""
    garbage = fate == Fate.GARBAGE
    plus = rng.random((2, len(fate)), dtype=np.float32) < PLUS_SHARE
    columns = {
        "call_id": ids,
        "switch": _names(SWITCHES, draw.switch, garbage),
        "answered_at": _values("answered_at", answered_ms, garbage | (fate == Fate.BAD_TIME)),
        "duration_ms": _values("duration_ms", draw.duration_ms, garbage),
        "calling": numbers(market.plan, 2 * draw.calling + plus[0], rng, ~garbage),
        "called": numbers(market.plan, 2 * draw.called + plus[1], rng, ~garbage),
        "customer": _names(CUSTOMER_NAMES, draw.customer, garbage),
        "vendor": _names(VENDOR_NAMES, draw.vendor, garbage),
        "sip_code": _values("sip_code", draw.sip_code, garbage),
        "pdd_ms": _values("pdd_ms", draw.pdd_ms, garbage),
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def _names(names: tuple[str, ...], index: Small, null: npt.NDArray[np.bool_]) -> Any:
    numbered = pa.array(index, mask=null)
    return pa.DictionaryArray.from_arrays(numbered, pa.array(names)).cast(pa.string())


def _values(column: str, values: npt.NDArray[Any], null: npt.NDArray[np.bool_]) -> Any:
    mask = null if null.any() else None
    return pa.array(values, mask=mask).cast(SCHEMA.field(column).type)


def _resend(rng: np.random.Generator, batch: Batch, rows: Ints) -> Batch:
    """Put each of these rows in once more, as it is, some calls later."""
    if not len(rows):
        return batch
    n = len(batch.fate)
    later = rows + 1 + rng.exponential(RESEND_AFTER_CALLS, len(rows)).astype(np.int64)
    at = later.clip(max=n)
    order = np.insert(np.arange(n), at, rows)
    again = np.insert(np.zeros(n, dtype=bool), at, True)
    fate = batch.fate[order]
    fate[again] = Fate.DUPLICATE
    return Batch(batch.records.take(pa.array(order)), fate)


def _cut(block: Batch, batch_calls: int) -> Iterator[Batch]:
    for row in range(0, len(block.fate), batch_calls):
        records = block.records.slice(row, batch_calls)
        yield Batch(records, block.fate[row : row + batch_calls])
