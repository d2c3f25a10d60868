"""The partitions of one worker of the fraud watch: read, look, tell, remember.

What is read again after a death, or after leaving, is what the last state had not read, in the same
order. States are written every SNAPSHOT_S and when a partition is given away.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from billing.fraud.rules import Rules
from billing.tariff import Tariff
from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from streams import fraud_state, topics
from streams.credit_messages import now_ms
from streams.credit_table import Message
from streams.fraud_messages import told_by
from streams.fraud_partition import SOURCES, Partition
from streams.membership import heartbeat_s, session_s
from streams.merging import Position
from streams.retry import stop_the_process, until_done

SWEEP_S: Final = 0.5
SETTLE_MS: Final = 1_000
"""a message that came later than another by less than this may be seen before it"""
SNAPSHOT_S: Final = 60.0
FETCH_WAIT_MS: Final = 100
WAITING_BYTES_MAX: Final = 32 * 1024 * 1024
"""of one topic of a partition that wait for their turn; beyond, it is not read on"""

_log = structlog.get_logger()


class _Read(NamedTuple):
    """What was read at once. Where `ends` says that a topic ends, it ended at at_ms or later."""

    at_ms: int
    ends: dict[TopicPartition, int]
    found: dict[TopicPartition, list[Any]]


class Watcher(ConsumerRebalanceListener):
    """A member of the group. tariff: as it is now."""

    def __init__(self, settings: Settings, rules: Rules, tariff: Callable[[], Tariff]) -> None:
        self._settings, self._rules, self._tariff = settings, rules, tariff
        self._partitions: dict[int, Partition] = {}
        self._kept_s: dict[int, float] = {}
        self._written: dict[int, dict[str, Position]] = {}
        self._one = asyncio.Lock()
        """held by who changes what is known of partitions, never while messages are fetched: a
        fetch waits for a rebalance to end, and a rebalance for this"""
        self._generation = 0
        """how often the partitions were given away"""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.broker,
            acks="all",
            max_request_size=topics.MESSAGE_BYTES_MAX,
        )
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.broker,
            group_id=topics.FRAUD,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(RangePartitionAssignor,),
            max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            rebalance_timeout_ms=int(settings.rebalance_timeout_s * 1_000),
            session_timeout_ms=int(session_s(settings) * 1_000),
            heartbeat_interval_ms=int(heartbeat_s(settings) * 1_000),
        )

    async def run(self) -> None:
        """Watch, for ever."""
        try:
            with topics.needing(self._settings, "join the fraud watch"):
                await self._producer.start()
                self._consumer.subscribe(list(SOURCES), listener=self)
                await self._consumer.start()
            while True:
                begun_s = time.monotonic()
                if not await self._sweep():
                    await asyncio.sleep(max(0.0, begun_s + SWEEP_S - time.monotonic()))
        except Exception:
            stop_the_process("fraud watch")
        finally:
            self._partitions.clear()  # a sweep that was cut off leaves states that nobody may keep

    async def leave(self) -> None:
        """Leave the group; whoever takes over reads again what came since the last state."""
        await self._consumer.stop()
        await self._producer.stop()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Write the states and forget the partitions."""
        del revoked  # this way of sharing out gives all away, before all are shared out anew
        async with self._one:
            self._generation += 1
            for number in list(self._partitions):
                if self._moved(number):
                    await self._write(number)
            self._partitions.clear()
            metrics.FRAUD_READY.set(0)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Take partitions over, each from where its state ends."""
        try:
            async with self._one:
                for number in sorted({tp.partition for tp in assigned}):
                    run = partial(self._taken_over, number)
                    self._partitions[number] = await until_done("take over", (KafkaError,), run)
                    self._kept_s[number] = time.monotonic()
                    self._written[number] = dict(self._partitions[number].merge.positions)
                metrics.FRAUD_READY.set(1)
                _log.info("watching", partitions=sorted(self._partitions))
        except Exception:
            stop_the_process("fraud take-over")

    async def _taken_over(self, number: int) -> Partition:
        own = (number, self._settings.partitions, self._rules, self._tariff)
        snapshot = await fraud_state.load(self._settings, number)
        made = Partition(*own)
        if snapshot is not None:
            at = TopicPartition(topics.FRAUD_ALERTS, number)
            told = await fraud_state.read_tail(self._settings, at, start=snapshot.alerts_next)
            try:
                made = Partition(*own, snapshot, map(told_by, told))
            except ValueError as error:
                _log.warning("begins anew", partition=number, why=str(error))
        sources = [TopicPartition(topic, number) for topic in SOURCES]
        begins = await self._consumer.beginning_offsets(sources)
        ends = await self._consumer.end_offsets(sources)
        for tp in sources:
            next_offset, at_ms = made.merge.positions[tp.topic]
            if not begins[tp] <= next_offset <= ends[tp]:
                _log.warning("messages are gone", topic=tp.topic, partition=number,
                             wanted=next_offset, first=begins[tp])  # fmt: skip
                next_offset = begins[tp]
                made.merge.seek(tp.topic, Position(next_offset, at_ms))
            self._consumer.seek(tp, next_offset)
        return made

    async def _sweep(self) -> bool:
        """Read what there is and look at what is due; whether there is more."""
        if not self._partitions:
            return False
        generation = self._generation
        try:
            read = await self._read()
            async with self._one:
                if generation != self._generation:
                    return False  # whoever has the partitions now reads this again
                more = await self._look(read)
                await self._keep()
                return more
        except IllegalStateError:  # the partitions are being given away
            return False

    async def _read(self) -> _Read:
        tps = [TopicPartition(topic, number) for number in self._partitions for topic in SOURCES]
        at_ms = now_ms()
        ends = await until_done(
            "look for new calls", (KafkaError,), lambda: self._consumer.end_offsets(tps)
        )
        for tp in tps:
            held = self._partitions.get(tp.partition)
            full = held is not None and held.merge.bytes[tp.topic] > WAITING_BYTES_MAX
            (self._consumer.pause if full else self._consumer.resume)(tp)
        found = await self._consumer.getmany(*tps, timeout_ms=FETCH_WAIT_MS)
        return _Read(at_ms, ends, found)

    async def _look(self, read: _Read) -> bool:
        at_ms = read.at_ms
        for tp, messages in read.found.items():
            self._partitions[tp.partition].merge.add(tp.topic, messages)
        late_ms = 0
        more = False
        for number, held in self._partitions.items():
            own = [tp for tp in read.ends if tp.partition == number]
            behind = [tp.topic for tp in own if await self._consumer.position(tp) < read.ends[tp]]
            messages_out = await asyncio.to_thread(held.take, at_ms - SETTLE_MS, behind, at_ms)
            await self._send(number, messages_out)
            more |= bool(behind)
            if behind:
                oldest = min(held.merge.positions[topic].at_ms for topic in behind)
                late_ms = max(late_ms, at_ms - oldest if oldest else 0)
        metrics.FRAUD_BEHIND.set(late_ms / 1_000)
        return more

    async def _send(self, number: int, messages: Sequence[Message]) -> None:
        """Send in order; an alert is sent when everything before it is on the broker."""
        for topic, key, value in messages:
            run = partial(self._producer.send_and_wait, topic, value, key, number)
            sent = await until_done("tell of fraud", (KafkaError,), run)
            metrics.SENT.labels(topic).inc()
            if topic == topics.FRAUD_ALERTS:
                self._partitions[number].alert_sent(sent.offset)

    def _moved(self, number: int) -> bool:
        return self._partitions[number].merge.positions != self._written[number]

    async def _keep(self) -> None:
        """Write the states that are due, and at once those of which people have asked something."""
        for number, held in self._partitions.items():
            due = time.monotonic() >= self._kept_s[number] + SNAPSHOT_S
            if held.asked or (due and self._moved(number)):
                await self._write(number)

    async def _write(self, number: int) -> None:
        held = self._partitions[number]
        snapshot = await asyncio.to_thread(held.snapshot)
        for key, value in await asyncio.to_thread(fraud_state.encode, snapshot):
            run = partial(self._producer.send_and_wait, topics.FRAUD_STATE, value, key, number)
            await until_done("keep the watch", (KafkaError,), run)
        self._kept_s[number] = time.monotonic()
        self._written[number] = snapshot.positions
        offsets = {TopicPartition(t, number): p.next_offset for t, p in snapshot.positions.items()}
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):  # only for those who look at the group
            _log.info("offsets were not committed", partition=number)
