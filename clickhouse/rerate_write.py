"""What a re-rating writes: the ledger of changes, the charges that follow from it, done chunks.

Charges are only ever written from the ledger, by one statement; a part of a chunk is never seen.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from clickhouse.client import asking, insert_arrow
from clickhouse.rerate_scope import ANSWER_S_MAX, Span, asked, instant, span_where
from clickhouse.tables import (
    CHARGE,
    LIVE_VERSIONS,
    PRICED,
    RERATE_CHUNK,
    RERATE_DELTA,
    RERATE_PRICES,
    RERATE_STEP,
)

CHUNK_ROWS_MAX: Final = 1 << 24
"""Rows that one insert may write: it has to be one block, because blocks are seen one by one."""
_ONE_BLOCK: Final = {
    "max_insert_threads": 1,
    "max_threads": 1,
    "max_block_size": CHUNK_ROWS_MAX,
    "max_insert_block_size": CHUNK_ROWS_MAX,
    "min_insert_block_size_rows": CHUNK_ROWS_MAX,
    "min_insert_block_size_bytes": 1 << 36,
    "optimize_on_insert": 0,
    "async_insert": 0,
    "max_execution_time": ANSWER_S_MAX,
}
_KEY: Final = tuple(name for name in CHARGE.columns if name not in (*PRICED, "version"))


def write_ledger(client: Client, rows: pa.Table) -> None:
    """Write changes down, of one day: all of them or none. The same rows again change nothing."""
    insert_arrow(client, RERATE_DELTA, rows)


def post(client: Client, step: int, span: Span) -> None:
    """Make the charges of a span what a step's ledger says, all at once; not if it is over."""
    _post(client, step, step, "new", span)


def post_back(client: Client, step: int, undone: int, span: Span) -> None:
    """Make the charges of a span what they were before a step that this one undoes."""
    _post(client, step, undone, "old", span)


def _post(client: Client, step: int, ledger: int, which: str, span: Span) -> None:
    columns = [*_KEY, *PRICED, "version"]
    values = [*_KEY, *(f"{which}_{name}" for name in PRICED), str(LIVE_VERSIONS + step)]
    query = f"""
        INSERT INTO charge ({", ".join(columns)}) SELECT {", ".join(values)}
        FROM rerate_delta FINAL
        WHERE step = {int(ledger)} AND {span_where(span)}
          AND (SELECT argMax(state, changed_at) FROM rerate_step WHERE step = {int(step)})
              != 'closed'
          AND {int(step)} NOT IN (SELECT undoes FROM rerate_step)
    """
    with asking():
        client.command(query, settings=dict(_ONE_BLOCK))


def write_chunk(client: Client, row: dict[str, Any]) -> None:
    """Say what became of a chunk; row: a row of rerate_chunk."""
    insert_arrow(client, RERATE_CHUNK, pa.Table.from_pylist([row], schema=RERATE_CHUNK.schema))


def done_chunks(client: Client, step: int, turn: int) -> dict[str, int]:
    """The chunks of a step's round that are done -> their calls."""
    query = f"""
        SELECT chunk, calls FROM rerate_chunk FINAL
        WHERE step = {int(step)} AND round = {int(turn)} AND refusal = ''
    """
    return {str(chunk): int(calls) for chunk, calls in asked(client, query)}


def refusals(client: Client, step: int, since_ms: int) -> list[str]:
    """Why chunks of a step were refused since an instant."""
    query = f"""
        SELECT DISTINCT refusal FROM rerate_chunk FINAL
        WHERE step = {int(step)} AND refusal != '' AND done_at >= {instant(since_ms)}
        ORDER BY refusal
    """
    return [str(text) for (text,) in asked(client, query)]


def figures_of(client: Client, step: int) -> list[str]:
    """The figures of a step's chunks, in the order of the chunks' ids."""
    query = f"SELECT figures FROM rerate_chunk FINAL WHERE step = {int(step)} ORDER BY round, chunk"
    return [str(text) for (text,) in asked(client, query)]


class Posted(NamedTuple):
    """Sums of a step's ledger in one leg and currency."""

    leg: str
    currency: str
    legs: int
    delta_nanos: int


def posted(client: Client, step: int) -> list[Posted]:
    """What a step changes by its ledger. A leg that changes its currency counts in both."""
    query = f"""
        SELECT toString(leg), currency, sum(legs), sum(nanos) FROM
        (
            SELECT leg, new_currency AS currency, toInt64(count()) AS legs,
                   sum(toInt128(new_nanos)) AS nanos
            FROM rerate_delta FINAL WHERE step = {int(step)} GROUP BY leg, currency
            UNION ALL
            SELECT leg, old_currency AS currency,
                   toInt64(countIf(old_currency != new_currency)) AS legs,
                   -sum(toInt128(old_nanos)) AS nanos
            FROM rerate_delta FINAL WHERE step = {int(step)} GROUP BY leg, currency
        )
        GROUP BY leg, currency ORDER BY leg, currency
    """
    return [Posted(str(leg), str(c), int(n), int(d)) for leg, c, n, d in asked(client, query)]


def later_run(client: Client, step: int, live_steps: Sequence[int]) -> int | None:
    """A run one of whose later steps (live_steps, not undone) touched legs that a step changed."""
    if not live_steps:
        return None
    query = f"""
        SELECT min(run) FROM rerate_delta FINAL
        WHERE step IN ({",".join(str(int(s)) for s in live_steps)})
          AND (cdr_id, leg) IN (SELECT cdr_id, leg FROM rerate_delta WHERE step = {int(step)})
    """
    return int(asked(client, query)[0][0]) or None


def set_step(client: Client, step: int, run: int, phase: str, state: str, undoes: int) -> None:
    """Say what workers may do for a step: "open", "paused" or "closed".

    undoes: of a roll-back the apply that it takes back, which is over from then on; else 0.
    """
    row = {"step": step, "run": run, "phase": phase, "state": state, "undoes": undoes}
    insert_arrow(client, RERATE_STEP, pa.Table.from_pylist([row], schema=RERATE_STEP.schema))


def state_of(client: Client, step: int) -> str:
    """What workers may do for a step: "open", "paused", "closed"; "" if it was never begun."""
    query = f"""
        SELECT if({int(step)} IN (SELECT undoes FROM rerate_step), 'closed',
                  argMax(state, changed_at))
        FROM rerate_step WHERE step = {int(step)}
    """
    return str(asked(client, query)[0][0])


def last_step(client: Client) -> tuple[int, int]:
    """The highest step and the highest run there ever were, 0 if none."""
    step, run = asked(client, "SELECT max(step), max(run) FROM rerate_step")[0]
    return int(step), int(run)


def save_prices(client: Client, digest: str, body: str) -> None:
    """Keep what a run prices from."""
    row = {"digest": digest.encode(), "body": body}
    insert_arrow(client, RERATE_PRICES, pa.Table.from_pylist([row], schema=RERATE_PRICES.schema))


def load_prices(client: Client, digest: str) -> str | None:
    """What a run prices from, None if it is not there."""
    with asking():
        found = client.query(
            "SELECT body FROM rerate_prices WHERE digest = {digest:String} LIMIT 1",
            parameters={"digest": digest},
        ).result_rows
    return str(found[0][0]) if found else None
