"""What a worker does with a task: read, rate, compare; of an apply, write down and post.

Whatever is done is done again without harm: the ledger and the charges are written by key, and what
has been posted shows no difference the next time.
"""

import socket
import threading
import time
from collections.abc import Callable
from os import getpid
from typing import Final, NamedTuple

import pyarrow as pa
import structlog
from clickhouse_connect.driver.client import Client

from billing.tariff import Tariff
from clickhouse import rerate_read, rerate_write
from clickhouse.client import ClickHouseDown, ClickHouseRefused
from clickhouse.rerate_scope import Span, Wanted
from clickhouse.tables import RERATE_DELTA
from kernels import BatchError, gpu
from rerate.chunk import Read, Rerated, rerate
from rerate.figures import Figures
from rerate.prices import SIDE_OF, NoPrices, Prices, load, tariff_of
from rerate.scope import Scope
from rerate.task import Phase, Task

_log = structlog.get_logger()
WORKER: Final = f"{socket.gethostname()}:{getpid()}"


class HalfStored(ClickHouseDown):
    """Calls without their charges, or charges without their calls: the store is at work on them."""


class Pricing(NamedTuple):
    """What tasks of one digest are priced from."""

    digest: str
    prices: Prices
    tariff: Tariff

    @property
    def invoiced(self) -> dict[tuple[str, str], int]:
        """(leg, account) -> up to when its calls have been invoiced."""
        return {(SIDE_OF[role], name): ms for role, name, ms in self.prices.invoiced}


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
    """Does tasks, several at once if it is called from several threads. Keeps the last tariff."""

    def __init__(self, connect: Callable[[], Client], threads: int = 0) -> None:
        """connect: a client of its own for each thread."""
        self._connect, self._threads = connect, threads
        self._own, self._compiling = threading.local(), threading.Lock()
        self._pricing: Pricing | None = None

    def do(self, task: Task) -> int | None:
        """Do a chunk and say so in rerate_chunk; returns its calls.

        None if its step is not open, or the chunk was refused.
        What cannot be done for good is said there too, as the chunk's refusal. Raises
        ClickHouseDown (do the task again), HalfStored.
        """
        if not hasattr(self._own, "client"):
            self._own.client = self._connect()
        client: Client = self._own.client
        if rerate_write.state_of(client, task.step) != "open":
            return None
        begin_s, read_ms = time.monotonic(), rerate_read.now_ms(client)
        calls, figures, refusal = 0, Figures(), ""
        try:
            calls, figures = self._done(client, task)
        except ClickHouseDown:
            raise
        except (NoPrices, BatchError, ClickHouseRefused) as error:
            refusal = str(error)
        except Exception as error:  # a bug: this run ends by it, no other does
            _log.exception("a chunk could not be done", run=task.run, chunk=task.chunk.id)
            refusal = f"a bug, see the worker's log: {error!r}"
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
        rerate_write.write_chunk(client, row)
        return None if refusal else calls

    def _done(self, client: Client, task: Task) -> tuple[int, Figures]:
        span = Span(task.chunk.day, task.chunk.begin, task.chunk.end)
        if task.phase is Phase.ROLL_BACK:
            rerate_write.post_back(client, task.step, task.undoes, span)
            return task.chunk.calls, Figures()
        found = self._rerated(client, task, span)
        if task.phase is Phase.APPLY:
            if found.apart:
                raise HalfStored(f"{found.apart:,} calls of chunk {task.chunk.id} are half stored")
            _apply(client, task, span, found.changes)
        return found.calls, found.figures

    def _rerated(self, client: Client, task: Task, span: Span) -> Rerated:
        pricing = self._priced_by(client, task.digest)
        tariff, changes = pricing.tariff, task.phase is Phase.APPLY
        asked = wanted(task.scope, pricing.prices)
        read = Read(
            rerate_read.read_calls(
                client, asked, span, tariff.classes is not None, tariff.asks_lrn
            ),
            rerate_read.read_legs(client, asked, span, whole=changes),
        )
        closed = {} if task.scope.restate else pricing.invoiced
        return rerate(read, task.scope.side, tariff, self._threads, changes, closed)

    def _priced_by(self, client: Client, digest: str) -> Pricing:
        with self._compiling:
            if self._pricing is None or self._pricing.digest != digest:
                own = load(client, digest)
                self._pricing = Pricing(digest, own, tariff_of(client, own))
            return self._pricing


def _apply(client: Client, task: Task, span: Span, changes: pa.Table) -> None:
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
        rerate_write.write_ledger(client, ledger)
    # Also without changes: those that a worker wrote down before it died are posted here.
    rerate_write.post(client, task.step, span)
