"""What a worker does with a task: read, rate, compare; of an apply, write down and post.

Whatever is done is done again without harm: the ledger and the charges are written by key, and what
has been posted shows no difference the next time.
"""

import socket
import time
from os import getpid
from typing import Final, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.tariff import Tariff
from clickhouse import rerate_read, rerate_write
from clickhouse.client import ClickHouseRefused
from clickhouse.rerate_scope import Span, Wanted
from clickhouse.tables import RERATE_DELTA
from kernels import BatchError, gpu
from rerate.chunk import Read, Rerated, rerate
from rerate.figures import Figures
from rerate.prices import SIDE_OF, NoPrices, Prices, load, tariff_of
from rerate.scope import Scope
from rerate.task import Phase, Task

WORKER: Final = f"{socket.gethostname()}:{getpid()}"


class Pricing(NamedTuple):
    """What tasks of one digest are priced from."""

    digest: str
    prices: Prices
    tariff: Tariff


def wanted(scope: Scope, priced: Prices) -> Wanted:
    """The calls of a scope; its decks become the accounts that have them."""
    return Wanted(
        scope.from_ms,
        scope.to_ms,
        scope.customers,
        scope.vendors,
        scope.switches,
        scope.codes,
        scope.calls,
        None if scope.status == "any" else scope.status == "suspended",
        _of_decks(scope, priced) if scope.decks else None,
    )


def _of_decks(scope: Scope, priced: Prices) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The customers and the vendors that have one of the scope's decks."""
    found: dict[str, list[str]] = {"sell": [], "buy": []}
    for account in priced.accounts:
        side = SIDE_OF[account.role]
        if scope.side in ("both", side) and account.deck in scope.decks:
            found[side].append(account.account)
    return tuple(found["sell"]), tuple(found["buy"])


class Worker:
    """Does tasks, one after another; for one thread. Keeps the tariff of the last run."""

    def __init__(self, client: Client, threads: int = 0) -> None:
        self._client, self._threads = client, threads
        self._pricing: Pricing | None = None

    def do(self, task: Task) -> int:
        """Do a chunk of a step that is open, and say so in rerate_chunk; returns its calls.

        Prices that cannot be had are said there too, as the chunk's refusal. Raises ClickHouseDown
        (nothing half done: do the task again).
        """
        if not rerate_write.is_open(self._client, task.step):
            return 0
        begin_s, read_ms = time.monotonic(), rerate_read.now_ms(self._client)
        calls, figures, refusal = 0, Figures(), ""
        span = Span(task.chunk.day, task.chunk.begin, task.chunk.end)
        if task.phase is Phase.ROLL_BACK:
            rerate_write.post_back(self._client, task.step, task.undoes, span)
            calls = task.chunk.calls
        else:
            try:
                found = self._rerated(task, span)
            except (NoPrices, BatchError, ClickHouseRefused) as error:
                refusal = str(error)
            else:
                calls, figures = found.calls, found.figures
                if task.phase is Phase.APPLY:
                    self._apply(task, span, found)
        row = {
            "step": task.step,
            "round": task.turn,
            "chunk": task.chunk.id,
            "run": task.run,
            "calls": calls,
            "figures": figures.encode(),
            "refusal": refusal,
            "device": "CUDA" if gpu.takes(calls) else "CPU",
            "worker": WORKER,
            "took_ms": round((time.monotonic() - begin_s) * 1_000),
            "read_at": read_ms,
        }
        rerate_write.write_chunk(self._client, row)
        return calls

    def _rerated(self, task: Task, span: Span) -> Rerated:
        if self._pricing is None or self._pricing.digest != task.digest:
            own = load(self._client, task.digest)
            self._pricing = Pricing(task.digest, own, tariff_of(self._client, own))
        tariff = self._pricing.tariff
        asked = wanted(task.scope, self._pricing.prices)
        read = Read(
            rerate_read.read_calls(self._client, asked, span, tariff.classes is not None),
            rerate_read.read_legs(self._client, asked, span),
        )
        return rerate(read, task.scope.side, tariff, self._threads)

    def _apply(self, task: Task, span: Span, found: Rerated) -> None:
        changes = found.changes
        n = changes.num_rows
        if n:
            own = {"step": task.step, "run": task.run, "new_run": task.run}
            columns = [
                pa.array([own[f.name]], f.type).take(pa.array([0] * n, pa.int32()))
                if f.name in own
                else changes.column(f.name)
                for f in RERATE_DELTA.schema
            ]
            ledger = pa.Table.from_arrays(columns, schema=RERATE_DELTA.schema)
            rerate_write.write_ledger(self._client, ledger)
        # Also without changes: those that a worker wrote down before it died are posted here.
        rerate_write.post(self._client, task.step, span)
