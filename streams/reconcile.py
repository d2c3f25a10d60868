"""Balances go to ClickHouse, and from time to time are held against the charges there."""

import asyncio
import time
from functools import partial

import structlog
from clickhouse_connect.driver.client import Client

from clickhouse import balances
from clickhouse.client import ClickHouseDown, connect, insert_arrow
from clickhouse.tables import BALANCE
from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from streams.balance_table import BalanceTable
from streams.retry import stop_the_process, until_done

COMPARE_S = 15.0
COMPARE_SHARE_MAX = 0.05
"""of the time, at most, is spent comparing: it takes longer the more calls are stored"""
SHOWN_MAX = 20

_log = structlog.get_logger()


class Reconciliation:
    """The balances of one worker in ClickHouse."""

    def __init__(self, settings: Settings, table: BalanceTable) -> None:
        self._settings, self._table = settings, table
        self._client: Client | None = None
        self._compare_at_s = 0.0
        self._differed: set[tuple[str, str, str]] = set()

    async def run(self, compare: bool) -> None:
        """Write what has changed; before that, if asked and due, compare what was written before.

        In this order, because the store has had time then for the calls that are compared.
        """
        try:
            if compare and time.monotonic() >= self._compare_at_s:
                await until_done("compare balances", (ClickHouseDown,), self._compare)
            for partition, changed in self._table.changed().items():
                write = partial(self._write, partition, changed)
                await until_done("write balances", (ClickHouseDown,), write)
        except Exception:
            stop_the_process("reconciliation")

    def _connected(self) -> Client:
        self._client = self._client or connect(self._settings)
        return self._client

    async def _write(self, partition: int, changed: balances.Changed) -> None:
        rows = balances.rows(partition, changed)
        await asyncio.to_thread(lambda: insert_arrow(self._connected(), BALANCE, rows))

    async def _compare(self) -> None:
        begin_s = time.monotonic()
        found = await asyncio.to_thread(lambda: balances.compare(self._connected()))
        took_s = time.monotonic() - begin_s
        self._compare_at_s = begin_s + max(COMPARE_S, took_s / COMPARE_SHARE_MAX)
        if not found.behind:
            self._judge(found.differences)

    def _judge(self, differences: list[balances.Line]) -> None:
        """What differs twice running counts: the first time an insert may have been under way."""
        differ = {line[:3] for line in differences}
        standing = [line for line in differences if line[:3] in self._differed]
        self._differed = differ
        metrics.BALANCE_DIFFERENCES.set(len(standing))
        for line in standing[:SHOWN_MAX]:
            _log.error("balance is not the sum of its charges", **line._asdict())
