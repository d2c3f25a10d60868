"""ClickHouse from many threads: one connection for each of them."""

import asyncio
import threading

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect, insert_arrow
from deploy.runtime.settings import Settings


class Connections:
    """The connections of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._own = settings, threading.local()

    def client(self) -> Client:
        """This thread's own. Raises ClickHouseDown."""
        if not hasattr(self._own, "client"):
            self._own.client = connect(self._settings)
        client: Client = self._own.client
        return client

    async def insert(self, table: str, rows: pa.Table) -> None:
        """Insert rows; returns when they are acknowledged. Raises ClickHouseDown."""
        await asyncio.to_thread(lambda: insert_arrow(self.client(), table, rows))
