"""How messages get from the broker to the agents, and which of them count as done.

Faust 0.15.3 makes four asyncio tasks for every message, to be able to give up waiting for a full
queue when a rebalance begins. Here one such race covers a whole chunk of messages.

Where Faust 0.15.3 would lose messages, and what holds here instead (see test_recovery.py):

- It commits past a message still in work when a later one is done, or when messages it dropped
  itself look like a gap of compaction. Here an offset is committed only when every message handed
  to an agent before it is done; nothing is concluded from a gap.
- It takes records that a fetch brought before a rebalance or a seek for new ones, and when no
  partition is active fetches from all. Here a fetch asks for named partitions, no position moves
  while it lasts, and what it brings when the flow has stopped since is dropped and read again.
- When the flow stops it cancels the task that hands messages over, and swallows that where the task
  waits for a commit or for the changelogs: it goes on after the rebalance, with messages that have
  been dropped before it missing. Here it is cancelled until it has ended, no position moves before
  that, and nothing enters an agent's queue while the flow is stopped.
- A fetch loop cancelled in a rebalance, as by a process told to end, passes for a crash, and a
  crashed app does not wait for its agents. Here the loop ends, and the agents are waited for
  (test_cancelled.py; Faust's own loop did not show it there, ours did).
- An agent that is cancelled at its work has its batch acknowledged, and the last commit takes it.
  Here nothing is committed after that (`abandon`).
- A queue that gets room again resumes its partition, also one that is paused for a recovery. Here
  a pause lasts until it is ended.
- Before a commit it waits 0.1 s for the changelogs of the tables; streams/changelogs.py waits.
- After a rebalance it goes back to the committed offset of each partition, and where there is none
  stays where it is. Here such a partition is read from its beginning.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.utils.queues import ThrowableQueue
from yarl import URL

from streams.changelogs import Producer
from streams.retry import stop_the_process

CHUNK_MESSAGES = 100
"""Messages between two turns of the event loop."""
FETCH_S = 0.02
"""A fetch waits for partitions whose queues have room; those that get room meanwhile wait too."""
FULL_S = 0.005
POLL_S = 0.01
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

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek the partitions that are committed to their committed offsets, or to the beginning.

        Returns the committed offsets; changelogs are never committed and stay where they are.
        """
        found: Mapping[TP, int] = await self.call_thread(self._back, self._ensure_consumer())
        return found

    async def _back(self, consumer: AIOKafkaConsumer) -> Mapping[TP, int]:
        acked = self.app.topics.acks_enabled_for
        sources = [tp for tp in consumer.assignment() if acked(tp.topic)]
        if not sources:
            return {}
        committed: Mapping[TP, int] = await consumer.seek_to_committed(*sources)
        if unread := [tp for tp, offset in committed.items() if not offset]:
            await consumer.seek_to_beginning(*unread)
        return committed

    async def _highwaters(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """The ends of partitions of ours, whose last records a recovery must not leave out.

        Asked for them, the embedded broker counts the last batch as one message; what it says with
        each fetch is right, and a fetch follows every assignment.
        """
        consumer = self._ensure_consumer()
        ends: Mapping[TP, int] = await consumer.end_offsets(partitions)
        for tp, end in ends.items():
            while end and consumer.highwater(tp) is None:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(POLL_S)
        return {tp: max(end, consumer.highwater(tp) or 0) for tp, end in ends.items()}


class Consumer(driver.Consumer):
    """Hands messages over in chunks; knows which are in work."""

    _n_acked: int

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_work: dict[TP, deque[Any]] = defaultdict(deque)
        """Messages handed over since the last commit or seek, in order of their offsets."""
        self._moving = asyncio.Lock()
        self._held: set[TP] | None = None
        self._abandoned = False

    def abandon(self) -> None:
        """Commit nothing any more: an agent was cancelled at its work, which Faust acknowledges."""
        self._abandoned = True

    def _filter_committable_offsets(self, tps: Iterable[TP]) -> dict[TP, int]:
        return {} if self._abandoned else super()._filter_committable_offsets(tps)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust would complain of idle streams, by times that `Monitor` does not keep."""

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetch loop: read what came, hand it to the agents' queues, until stopped."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                await asyncio.sleep(0)
                for chunk in _chunks(self.scheduler.iterate(await self._fetched())):
                    if not await self._hand_over(chunk):
                        break
        except self.consumer_stopped_errors:
            if not self.transport.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not fetcher.should_stop:
                raise

    async def _fetched(self) -> Mapping[TP, list[Any]]:
        """What came for the active partitions; nothing when the flow has stopped meanwhile."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        # A copy, and never an empty one: the client reads the set later, in its own thread, and
        # takes an empty set for all partitions.
        active = frozenset(self._get_active_partitions())
        if not active:
            await asyncio.sleep(FULL_S)
            return {}
        async with self._moving:
            generation = self.app.consumer_generation_id
            records: Mapping[TP, list[Any]] = await self._getmany(active, FETCH_S)
        same = self.flow_active and generation == self.app.consumer_generation_id
        return records if same else {}

    async def _hand_over(self, chunk: list[tuple[TP, Any]]) -> bool:
        """False if a rebalance (or the end) came first: the rest is read again after it."""
        async with self._moving:
            delivery = asyncio.create_task(self._deliver(chunk))
            try:
                raced = await self.wait_first(delivery, self.suspend_flow.wait())
            finally:
                while not delivery.done():
                    # More than once: Faust goes on after a cancellation in `commit`.
                    delivery.cancel()
                    await asyncio.sleep(0)
        return not raced.stopped and not self.suspend_flow.is_set()

    async def _deliver(self, chunk: list[tuple[TP, Any]]) -> None:
        """Put the messages on the agents' queues, in order, waiting where one is full."""
        for tp, record in chunk:
            read = self._read_offset[tp]
            if read is not None and record.offset < read:
                continue
            if self._commit_every is not None and self._n_acked >= self._commit_every:
                self._n_acked = 0
                await self.commit()
            message = self._to_message(tp, record)
            if self.app.topics.acks_enabled_for(tp.topic):
                self._in_work[tp].append(message)
            await self.callback(message)
            self._read_offset[tp] = record.offset

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self._in_work if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """The offset to commit: beyond the last message before the first that is not done.

        A message that Faust skips without an agent having seen it is not done, acked or not.
        """
        in_work, offset = self._in_work[tp], None
        while in_work and in_work[0].acked and in_work[0].tracked:
            offset = in_work.popleft().offset + 1
        if in_work and not in_work[0].tracked and any(m.tracked for m in in_work):
            stop_the_process("hand-over: an agent was given a message, and none before it")
        # Faust's own record of the same, which nothing else empties.
        self._acked.pop(tp, None)
        self._acked_index.pop(tp, None)
        return offset

    async def perform_seek(self) -> None:
        """Go back to what is committed; what was handed over and is not committed comes again."""
        async with self._moving:
            self._in_work.clear()
            await super().perform_seek()

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Seek partitions to specific offsets and wait."""
        async with self._moving:
            await super().seek_wait(partitions)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit what is done, then forget the partitions."""
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._in_work.pop(tp, None)

    def on_buffer_drop(self, tp: TP) -> None:
        """An agent's queue has room again; that does not end a pause of the partition."""
        if tp in self._paused_partitions:
            self._buffered_partitions.discard(tp)
        else:
            super().on_buffer_drop(tp)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Fetch from these partitions again; inside `resuming_last`, at its end."""
        if self._held is None:
            super().resume_partitions(tps)
        else:
            self._held.update(tps)

    @contextmanager
    def resuming_last(self) -> Iterator[None]:
        """Hold back `resume_partitions` until the block has ended well."""
        self._held = set()
        try:
            yield
            held = self._held
        finally:
            self._held = None
        self.resume_partitions(held)


def _chunks(records: Iterator[tuple[TP, Any]]) -> Iterator[list[tuple[TP, Any]]]:
    while chunk := list(islice(records, CHUNK_MESSAGES)):
        yield chunk


class Queue(ThrowableQueue[Any]):
    """An agent's queue. What comes while the flow is stopped is dropped and read again."""

    def _put(self, item: Any) -> None:
        if self._flow_control.is_active():
            super()._put(item)


class Transport(driver.Transport):
    """Faust's aiokafka transport with the consumer and the producer above."""

    Consumer: Callable[..., Any] = Consumer
    Producer: Callable[..., Any] = Producer

    def __init__(self, brokers: list[URL], app: faust.App, fetch_wait_ms: int) -> None:
        super().__init__(brokers, app)
        self.fetch_wait_ms = fetch_wait_ms
        # Faust asks its app for every queue it makes.
        app.FlowControlQueue = partial(Queue, flow_control=app.flow_control)


class Monitor(faust.Monitor):
    """Counts nothing per message: the stream's own metrics are in deploy/runtime/metrics.py."""

    def on_send_error(self, *_: Any) -> None:
        """A change of a table did not reach its changelog: the process must not go on."""
        stop_the_process("changelog")

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
