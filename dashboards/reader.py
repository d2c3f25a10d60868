"""ClickHouse for what people ask for: few questions at once, each thread on its own connection.

The live page never comes here: the poller reads for all of it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from clickhouse_connect.driver.client import Client

from clickhouse.client import ClickHouseDown, ClickHouseRefused
from dashboards.api.problems import Unavailable

AT_ONCE_MAX: Final = 4
WAIT_S_MAX: Final = 5.0


class Reader:
    """The connections of one console."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect, self._own = connect, threading.local()
        self._free = threading.BoundedSemaphore(AT_ONCE_MAX)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """This thread's connection. Raises Unavailable: too many ask, or ClickHouse is away."""
        if not self._free.acquire(timeout=WAIT_S_MAX):
            raise Unavailable("Too many questions at once. Ask again in a moment.")
        try:
            if not hasattr(self._own, "client"):
                self._own.client = self._connect()
            yield self._own.client
        except (ClickHouseDown, ClickHouseRefused) as error:
            raise Unavailable(f"ClickHouse did not answer: {error}") from error
        finally:
            self._free.release()
