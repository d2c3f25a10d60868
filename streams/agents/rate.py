"""cdr.raw -> cdr.rated, cdr.dead, cdr.receipt."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
from aiokafka.errors import KafkaError

from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN
from billing.mediation import Message
from billing.mediation.mediate import ARROW_MARK
from clickhouse.client import ClickHouseDown
from deploy.runtime import metrics
from kernels.seen import Seen
from streams import topics, wire
from streams.decks import Reference
from streams.retry import stop_the_process, until_done
from streams.step import Outcome, Place, Raw, TakenIn, settle, take_in

STEP_BYTES_MAX = 2 * 1024 * 1024
"""Payload of one step; a batch of more is cut, so that memory stays bounded."""
ARROW_BYTES_MIN = 128 * 1024
"""What an Arrow message counts for at least: 16 of them, ROWS_MAX rows each, fit the id memory."""

Send = Callable[[str, int, bytes], Awaitable[Any]]
"""(topic, partition, value) -> done when the broker has acknowledged it"""
Lookup = Callable[[TakenIn], Awaitable[dict[bytes, Place]]]
Remember = Callable[[int], Awaitable[Seen]]


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
    ) -> None:
        self._log, self._reference, self._threads = log, reference, threads
        self._send, self._lookup, self._remember = send, lookup, remember
        self._seen: dict[int, Seen] = {}

    def forget(self, partitions: Sequence[int]) -> None:
        """Partitions that another worker may take calls into from now on."""
        for partition in partitions:
            self._seen.pop(partition, None)

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

    async def _step(self, partition: int, raws: list[Raw]) -> None:
        if partition not in self._seen:
            self._seen[partition] = await until_done(
                "remember", (KafkaError, ClickHouseDown), lambda: self._remember(partition)
            )
        with metrics.STEP_SECONDS.labels("rate").time():
            taken = take_in(self._log, partition, raws, self._seen[partition])
            stored: dict[bytes, Place] = {}
            if len(taken.late):
                stored = await until_done("lookup", (ClickHouseDown,), lambda: self._lookup(taken))
            outcome = settle(taken, stored, self._reference.tariff, self._threads)
        await asyncio.gather(
            *(
                until_done("send", (KafkaError,), _sending(self._send, topic, partition, value))
                for topic, value in _messages(outcome)
            )
        )
        _count(outcome)
        metrics.OLDEST_SECONDS.set(time.time() - raws[0].received_ms / 1_000)


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
    )


def _weight(raw: Raw) -> int:
    """Bytes a message counts for: a small Arrow message may hold many rows."""
    arrow = raw.message.payload[:4] == ARROW_MARK
    return max(len(raw.message.payload), ARROW_BYTES_MIN if arrow else 0)


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


def _messages(outcome: Outcome) -> Iterator[tuple[str, bytes]]:
    for batch in wire.slices(outcome.rated):
        yield topics.RATED, wire.encode(batch)
    start, size = 0, 0
    lengths = [len(raw) for raw in outcome.dead.column("raw").to_pylist()]
    for i, length in enumerate(lengths):
        if i > start and size + length > wire.RAW_BYTES_PER_MESSAGE:
            yield topics.DEAD, wire.encode(outcome.dead.slice(start, i - start))
            start, size = i, 0
        size += length
    if lengths:
        yield topics.DEAD, wire.encode(outcome.dead.slice(start))
    yield topics.RECEIPT, wire.encode(outcome.receipts)


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
