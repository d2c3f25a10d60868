"""A model of a Faust app without tables: what streams.rater builds on, and nothing else of it.

Kept from Faust 0.15.3: the book-keeping of acknowledgements and committable offsets (its own code),
one queue per topic, take_events() that acknowledges a batch however its body ends, and the order of
a rebalance: stop the flow, empty the queues, wait for work in progress, commit, tell the app,
join again, seek to the committed offsets.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import faust.transport.consumer
from aiokafka import TopicPartition

from streams import topics
from tests.simulation.broker import Fenced, Record
from tests.simulation.clients import Producer

if TYPE_CHECKING:
    from tests.simulation.process import Process

FAUST: Any = faust.transport.consumer.Consumer
COMMIT_S = 1.0


class Message:
    """As Faust's: a record of a partition on its way through an agent; timestamp in seconds."""

    def __init__(self, tp: TopicPartition, record: Record) -> None:
        self.tp, self.topic, self.partition = tp, tp.topic, tp.partition
        self.offset, self.timestamp = record.offset, record.timestamp / 1_000
        self.key, self.value, self.headers = None, record.value, record.headers
        self.acked = False


class Acks:
    """Which offsets may be committed: Faust's own code over Faust's own attributes."""

    ack = FAUST.ack
    _new_offset = FAUST._new_offset
    _filter_committable_offsets = FAUST._filter_committable_offsets
    _should_commit = FAUST._should_commit

    def __init__(self) -> None:
        self.app = SimpleNamespace(topics=SimpleNamespace(acks_enabled_for=lambda _topic: True))
        self._unacked_messages: dict[Message, None] = _Ordered()
        self._waiting_for_ack: asyncio.Future[None] | None = None
        self._n_acked = 0
        self._acked: dict[TopicPartition, list[int]] = defaultdict(list)
        self._acked_index: dict[TopicPartition, set[int]] = defaultdict(set)
        self._gap: dict[TopicPartition, list[int]] = defaultdict(list)
        self._committed_offset: dict[TopicPartition, int | None] = defaultdict(lambda: None)

    def forget(self, partitions: list[TopicPartition]) -> None:
        """As Consumer.on_partitions_revoked begins."""
        for tp in partitions:
            for kept in (self._gap, self._acked, self._acked_index, self._committed_offset):
                cast(Any, kept).pop(tp, None)


class _Ordered(dict[Message, None]):
    def discard(self, message: Message) -> None:
        """As of a set, but in the order of arrival."""
        self.pop(message, None)


class Consumer(Acks):
    """A member of the group: reads its partitions into the agents' queues, commits what is done."""

    def __init__(self, process: "Process", app: "App") -> None:
        super().__init__()
        self.of, self.process, self.of_app = process.of, process, app
        self.name = process.name
        self.queues: dict[str, deque[Message]] = {topic: deque() for topic in topics.STREAMS}
        self.news = {topic: asyncio.Event() for topic in topics.STREAMS}
        self.wake, self.done, self._told = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._position: dict[TopicPartition, int] = {}
        self._assigned: list[TopicPartition] = []
        self._generation = 0
        self._committing = asyncio.Lock()
        self._flow = self._stopping = False

    def told_to_rejoin(self) -> None:
        """By a heartbeat, which a frozen process reads when it thaws."""
        self.process.later(0.0, self._told.set)

    async def run(self) -> None:
        """Join, work until told to join again, give everything back; until stopped."""
        while True:
            self._told.clear()
            self._generation, owned = await self.of.group.join(self)
            await self._seek(owned)
            await self._told.wait()
            await self._give_back()
            if self._stopping:
                self.of.group.leave(self.name)
                return

    def stop(self) -> None:
        """Finish what is in work, then leave."""
        self._stopping = True
        self._told.set()

    async def _seek(self, owned: frozenset[int]) -> None:
        await asyncio.sleep(self.of.chance.delay_s())
        partitions = [TopicPartition(t, p) for t in topics.STREAMS for p in sorted(owned)]
        committed = self.of.group.committed
        self._position = {tp: committed.get(tp, 0) for tp in partitions}
        self._committed_offset.update({tp: committed.get(tp) or None for tp in partitions})
        for handler in self.of_app.on_partitions_assigned.handlers:
            await handler(self.of_app, set(partitions))
        self._assigned, self._flow = partitions, True
        self.of.note(self.name, f"generation {self._generation}: partitions {sorted(owned)}")
        self.wake.set()

    async def _give_back(self) -> None:
        self._flow = False
        revoked, self._assigned = self._assigned, []
        self.of.note(self.name, "gives its partitions back")
        for queue in self.queues.values():
            for message in queue:
                self._unacked_messages.pop(message, None)
            queue.clear()
        self.forget(revoked)
        self._assigned = revoked
        while self._unacked_messages and self.of.plan.patient:
            self.done.clear()
            await self.commit()
            self._unacked_messages = _Ordered(
                (m, None) for m in self._unacked_messages if not m.acked
            )
            if self._unacked_messages:
                await self.done.wait()
        await self.commit()
        for handler in self.of_app.on_partitions_revoked.handlers:
            await handler(self.of_app, set(revoked))
        self._assigned = []

    async def fetch(self) -> None:
        """For ever: what stands in the log into the queues, as far as they have room."""
        chance = self.of.chance
        while True:
            await self.wake.wait()
            self.wake.clear()
            await asyncio.sleep(chance.delay_s())
            for tp in chance.shuffled(list(self._assigned)):
                queue, log = self.queues[tp.topic], self.of.logs.records[tp]
                while self._flow and self._position[tp] < len(log):
                    if len(queue) >= self.of.plan.queue_max:
                        break
                    message = Message(tp, log[self._position[tp]])
                    self._position[tp] += 1
                    self._unacked_messages[message] = None
                    queue.append(message)
                    self.news[tp.topic].set()

    async def take(self, topic: str, events_max: int, within_s: float) -> AsyncIterator[list[Any]]:
        """As Stream.take_events: a batch is acknowledged when its body ends, in whatever way."""
        chance, queue = self.of.chance, self.queues[topic]
        while True:
            while not queue:
                self.news[topic].clear()
                await self.news[topic].wait()
            plan = self.of.plan
            batch_max = plan.batch_max if topic == topics.RAW else plan.store_batch_max
            some = chance.between(1, min(events_max, batch_max))
            events = [SimpleNamespace(message=queue.popleft())]
            await asyncio.sleep(min(within_s, chance.delay_s()))
            while queue and len(events) < some:
                events.append(SimpleNamespace(message=queue.popleft()))
            self.wake.set()
            try:
                yield events
            finally:
                for event in events:
                    self.ack(event.message)
                self.done.set()
                self.process.commit_soon()

    async def commit(self) -> None:
        """Commit what is done without a gap, as Consumer.commit: one at a time."""
        async with self._committing:
            waiting = sum(map(len, self._acked.values()))
            offsets = self._filter_committable_offsets(list(self._acked))
            if 0 < sum(map(len, self._acked.values())) < waiting:
                self.process.commit_soon()  # Faust's timer comes again anyway
            offsets = {tp: offset for tp, offset in offsets.items() if tp in self._assigned}
            if not offsets:
                return
            await asyncio.sleep(self.of.chance.delay_s())
            try:
                self.of.group.commit(self.name, self._generation, offsets)
            except Fenced as error:
                self.of.note(self.name, f"commit refused: {error}")
                self._told.set()
            else:
                self.of.note(self.name, f"committed {_short(offsets)}")
            self._committed_offset.update(offsets)


def _short(offsets: dict[TopicPartition, int]) -> str:
    return " ".join(f"{tp.topic}[{tp.partition}]={offset}" for tp, offset in offsets.items())


class Signal:
    """As faust.Signal: coroutines that are told."""

    def __init__(self) -> None:
        self.handlers: list[Callable[..., Awaitable[None]]] = []

    def connect(self, weak: bool = True) -> Callable[[Any], Any]:
        """A decorator."""

        def connected(handler: Any) -> Any:
            self.handlers.append(handler)
            return handler

        return connected


class App:
    """As faust.App, as far as streams.rater.build goes."""

    def __init__(self, process: "Process") -> None:
        self.process = process
        self.producer = Producer(process.of)
        self.on_partitions_revoked, self.on_partitions_assigned = Signal(), Signal()
        self.consumer = Consumer(process, self)
        self.agents: list[Callable[[], Awaitable[None]]] = []

    def topic(self, name: str, **_: Any) -> str:
        """A source for an agent."""
        return name

    def agent(self, source: str, name: str, concurrency: int) -> Callable[[Any], Any]:
        """A decorator. One batch after another, as concurrency says."""
        assert concurrency == 1, name

        def added(function: Callable[[Any], Awaitable[None]]) -> Any:
            def take(events_max: int, within: float) -> AsyncIterator[list[Any]]:
                return self.consumer.take(source, events_max, within)

            if source in topics.STREAMS:  # of what others say nothing comes: nobody says it here
                self.agents.append(lambda: function(SimpleNamespace(take_events=take)))
            return function

        return added
