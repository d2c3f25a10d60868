"""How messages get from the broker's client to the agents: Faust's consumer, handing over cheaper.

Faust 0.15.3 makes four asyncio tasks for every message, to be able to give up waiting for a full
queue when a rebalance begins. Here one such race covers a whole chunk of messages. When the
rebalance wins, the rest of the chunk is not handed over and its offsets count as unread: after the
rebalance Faust seeks to the committed offsets and reads them again.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from yarl import URL

CHUNK_MESSAGES = 100
"""Messages between two turns of the event loop."""
FETCH_S = 0.02
"""A fetch waits for partitions whose queues have room; those that get room meanwhile wait too."""
FULL_S = 0.005
FAUST = "0.15.3"

if faust.__version__ != FAUST:
    raise ImportError(f"streams/transport.py fits Faust {FAUST}, not {faust.__version__}")


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Asks the broker with our own waiting time; Faust has 1.5 s written into it.

    The embedded broker answers a fetch for several partitions only when that time is over.
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = transport.fetch_wait_ms
        return consumer


class Consumer(driver.Consumer):
    """Hands messages over in chunks."""

    _n_acked: int

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetch loop: read what came, hand it to the agents' queues, until stopped."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                await asyncio.sleep(0)
                chunk: list[tuple[TP, Any]] = []
                async for item in self.getmany(timeout=FETCH_S):
                    chunk.append(item)
                    if len(chunk) == CHUNK_MESSAGES:
                        if not await self._hand_over(chunk):
                            break
                        chunk = []
                else:
                    await self._hand_over(chunk)
        except self.consumer_stopped_errors:
            if not self.transport.app.should_stop:
                raise

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109
        """As Faust's, which sleeps a whole second when every partition's queue is full."""
        if self.flow_active and not self._get_active_partitions():
            await asyncio.sleep(FULL_S)
            return {}, set()
        return await super()._wait_next_records(timeout)

    async def _hand_over(self, chunk: list[tuple[TP, Any]]) -> bool:
        """False if a rebalance (or the end) came first."""
        if not chunk:
            return True
        delivering = self._deliver(chunk)
        raced = await self.wait_first(delivering, self.suspend_flow.wait())
        return not raced.stopped and not self.suspend_flow.is_set()

    async def _deliver(self, chunk: list[tuple[TP, Any]]) -> None:
        """Put the messages on the agents' queues, in order, waiting where one is full."""
        for tp, message in chunk:
            read = self._read_offset[tp]
            if read is not None and message.offset < read:
                continue
            if read and message.offset - read > 1 and self.app.topics.acks_enabled_for(tp.topic):
                await self._add_gap(tp, read + 1, message.offset)
            if self._commit_every is not None and self._n_acked >= self._commit_every:
                self._n_acked = 0
                await self.commit()
            await self.callback(message)
            self._read_offset[tp] = message.offset


class Transport(driver.Transport):
    """Faust's aiokafka transport with the consumer above."""

    Consumer: Callable[..., Any] = Consumer

    def __init__(self, broker: str, app: faust.App, fetch_wait_ms: int) -> None:
        super().__init__([URL(f"kafka://{broker}")], app)
        self.fetch_wait_ms = fetch_wait_ms


class Monitor(faust.Monitor):
    """Counts nothing per message: the stream's own metrics are in deploy/runtime/metrics.py."""

    def on_message_in(self, tp: TP, offset: int, message: Any) -> None:
        """A message was handed to a topic."""

    def on_message_out(self, tp: TP, offset: int, message: Any) -> None:
        """A message was acknowledged."""

    def on_stream_event_in(self, tp: TP, offset: int, stream: Any, event: Any) -> None:
        """An event reached an agent."""

    def on_stream_event_out(
        self, tp: TP, offset: int, stream: Any, event: Any, state: Any = None
    ) -> None:
        """An agent is done with an event."""
