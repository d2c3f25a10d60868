"""Changes of tables on their way to the changelogs: what is committed must be there first."""

import asyncio
from typing import Any

from faust.transport import producer
from faust.transport.drivers import aiokafka as driver


class ProducerBuffer(producer.ProducerBuffer):
    """Messages on their way from tables to their changelogs."""

    max_messages = 1_000

    def __post_init__(self) -> None:
        super().__post_init__()
        self._unsent: set[Any] = set()

    def put(self, fut: Any) -> None:
        """Add a message; the future is done when the broker has acknowledged it."""
        self._unsent.add(fut)
        fut.add_done_callback(self._unsent.discard)
        super().put(fut)

    async def flush(self) -> None:
        """Wait until the broker has acknowledged all put so far; Faust gives up after 0.1 s.

        A message the broker refuses for good ends the process (`Monitor.on_send_error`).
        """
        if unsent := set(self._unsent):
            await asyncio.wait(unsent)

    async def wait_until_ebb(self) -> None:
        """Wait until few are unsent; Faust waits 0.1 s and writes two lines to the log each time.

        Not with `asyncio.wait_for`, which may swallow a cancellation.
        """
        while len(self._unsent) > self.max_messages:
            await asyncio.wait(self._unsent, return_when=asyncio.FIRST_COMPLETED)


class Producer(driver.Producer):
    """Faust's producer, whose `flush` before a commit waits for the tables' changelogs."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.buffer = ProducerBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app
