"""cdr.raw -> cdr.rated, cdr.dead, cdr.receipt."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from aiokafka.errors import KafkaError

from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN
from billing.mediation import Message
from billing.mediation.mediate import ARROW, COLLECTED_DEAD, CSV, kind_of
from clickhouse.client import ClickHouseDown
from deploy.runtime import metrics
from streams import topics, wire
from streams.agents.alarm import FloodAlarm
from streams.dead_letters import Allowance, DeadLimits
from streams.decks import Reference
from streams.memory import Memory
from streams.retry import stop_the_process, until_done
from streams.step import Outcome, Place, Raw, TakenIn, learn, settle, take_in

LINE_BYTES_MIN = 64
"""What a CSV line counts for at least."""
KEY_BYTES_SHOWN = 64
STEP_BYTES_MAX = 2 * 1024 * 1024
"""Payload of one step; a batch of more is cut, so that memory stays bounded."""
ARROW_BYTES_MIN = 128 * 1024
"""What an Arrow message counts for at least: 16 of them, ROWS_MAX rows each, fit the id memory."""

LETTER_BYTES = 256
"""What a dead letter takes besides its texts."""

Send = Callable[[str, int, bytes], Awaitable[Any]]
"""(topic, partition, value) -> the broker's record of it, with its offset, once acknowledged"""
Lookup = Callable[[TakenIn], Awaitable[dict[bytes, Place]]]
"""the late calls that are rated already, as far as the memory does not know them"""
Remember = Callable[[int, Memory | None], Awaitable[Memory]]
"""(partition, its memory from before) -> its memory up to the end of cdr.rated"""


class RateAgent:
    """Takes batches of events of cdr.raw; owns the memory of ids of its partitions."""

    def __init__(
        self,
        log: str,
        reference: Reference,
        send: Send,
        lookup: Lookup,
        remember: Remember,
        threads: int,
        limits: DeadLimits,
    ) -> None:
        self._log, self._reference, self._threads = log, reference, threads
        self._send, self._lookup, self._remember = send, lookup, remember
        self._memory: dict[int, Memory] = {}
        self._doubted: set[int] = set()
        self._limits, self._allowances = limits, dict[int, Allowance]()
        self._alarm = FloodAlarm(limits.flood_dead, limits.flood_percent)

    def doubt(self, partitions: Iterable[int]) -> None:
        """Another worker may have taken calls into these partitions, or may from now on."""
        self._doubted.update(partitions)

    def keep(self, partitions: Collection[int]) -> None:
        """Forget the partitions that are none of these: another worker has them."""
        self._memory = {p: m for p, m in self._memory.items() if p in partitions}
        self._alarm.keep(partitions)

    async def run(self, events: Sequence[Any]) -> None:
        """Process a batch; returns when everything it led to is acknowledged by the broker."""
        try:
            by_partition: dict[int, list[Raw]] = {}
            for event in events:
                by_partition.setdefault(event.message.partition, []).append(raw_of(event.message))
            for partition, raws in by_partition.items():
                for chunk in chunks(raws):
                    await self._step(partition, chunk)
        except Exception:
            stop_the_process("rate")

    async def _recalled(self, partition: int) -> Memory:
        """The memory of a partition, brought up to date where it is in doubt."""
        before = self._memory.get(partition)
        if before is not None and partition not in self._doubted:
            return before
        self._doubted.discard(partition)  # at once: a doubt that comes while reading counts anew
        memory = await until_done(
            "remember", (KafkaError, ClickHouseDown), lambda: self._remember(partition, before)
        )
        self._memory[partition] = memory
        return memory

    async def _step(self, partition: int, raws: list[Raw]) -> None:
        memory = await self._recalled(partition)
        with metrics.STEP_SECONDS.labels("rate").time():
            taken = take_in(self._log, partition, raws, memory.seen, memory.next_rated)
            stored: dict[bytes, Place] = {}
            if len(taken.late):
                stored = await until_done(
                    "lookup", (KafkaError, ClickHouseDown), lambda: self._lookup(taken)
                )
                learn(taken, stored, memory.seen)
            allowance = self._allowances.setdefault(partition, Allowance(self._limits.bytes_per_s))
            tariff = self._reference.tariff
            outcome = settle(taken, stored, tariff, self._threads, allowance)
        offsets, _, _ = await asyncio.gather(
            self._send_all(topics.RATED, partition, wire.slices(outcome.rated)),
            self._send_all(topics.DEAD, partition, letters(outcome.dead)),
            self._send_all(topics.RECEIPT, partition, [outcome.receipts]),
        )
        memory.wrote(offsets)
        if not memory.complete:
            self.doubt([partition])
        _count(outcome)
        self._alarm.look(partition, raws, outcome)
        metrics.OLDEST_SECONDS.set(time.time() - raws[0].received_ms / 1_000)

    async def _send_all(
        self, topic: str, partition: int, batches: Iterable[pa.RecordBatch]
    ) -> list[int]:
        """Send one after another, so that rows stand in the topic in the order of cdr.raw.

        Returns the offsets at which they stand.
        """
        offsets = []
        for batch in batches:
            sent = _sending(self._send, topic, partition, wire.encode(batch))
            offsets.append((await until_done("send", (KafkaError,), sent)).offset)
        return offsets


def raw_of(message: Any) -> Raw:
    """A message of cdr.raw as Faust hands it over; nothing in its envelope can make this fail."""
    headers = message.headers or ()
    pairs = dict(headers.items() if isinstance(headers, dict) else headers)
    kind = pairs.get("content-type") or b""
    received_ms = int((message.timestamp or 0) * 1_000 + 0.5)
    return Raw(
        Message(message.value or b"", kind.decode("ascii", "replace")),
        message.offset,
        min(max(received_ms, INSTANT_MS_MIN), INSTANT_MS_MAX - 1),
        (message.key or b"")[:KEY_BYTES_SHOWN].decode(errors="replace"),
    )


def _weight(raw: Raw) -> int:
    """Bytes a message counts for: a small one may hold many records."""
    payload, kind = raw.message.payload, kind_of(raw.message)
    lines = payload.count(b"\n") + payload.count(b"\r") if kind == CSV else 0
    rows = ARROW_BYTES_MIN if kind in (ARROW, COLLECTED_DEAD) else 0
    return max(len(payload), LINE_BYTES_MIN * lines, rows)


def chunks(raws: list[Raw]) -> Iterator[list[Raw]]:
    """The messages in steps of at most STEP_BYTES_MAX."""
    chunk: list[Raw] = []
    size = 0
    for raw in raws:
        if chunk and size + _weight(raw) > STEP_BYTES_MAX:
            yield chunk
            chunk, size = [], 0
        chunk.append(raw)
        size += _weight(raw)
    yield chunk


def _sending(send: Send, topic: str, partition: int, value: bytes) -> Callable[[], Awaitable[Any]]:
    return lambda: send(topic, partition, value)


def letters(dead: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Dead letters in batches that fit a message."""
    texts = [pc.binary_length(dead.column(name)) for name in ("raw", "value", "detail")]
    sizes = np.sum([length.to_numpy() for length in texts], axis=0) + LETTER_BYTES
    filled = np.cumsum(sizes) // wire.LETTERS_BYTES_PER_MESSAGE
    ends = [*(np.flatnonzero(np.diff(filled)) + 1).tolist(), dead.num_rows]
    for start, end in pairwise([0, *ends]):
        if end > start:
            yield dead.slice(start, end - start)


def _count(outcome: Outcome) -> None:
    for name in ("rated", "suspended", "dead", "duplicate"):
        metrics.CALLS.labels(name).inc(_total(outcome.receipts, name))
        metrics.SECONDS.labels(name).inc(_total(outcome.receipts, f"{name}_ms") / 1_000)
    for counter, batch in ((metrics.DEAD, outcome.dead), (metrics.SUSPENDED, outcome.rated)):
        for entry in batch.column("reason").value_counts().to_pylist():
            if entry["values"]:
                counter.labels(entry["values"]).inc(entry["counts"])


def _total(batch: pa.RecordBatch, name: str) -> int:
    return int(batch.column(name).to_numpy().sum())
