"""cdr.raw -> cdr.rated, cdr.dead, cdr.receipt."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
from aiokafka.errors import KafkaError

from billing.mediation import Message
from clickhouse.client import ClickHouseDown
from deploy.runtime import metrics
from kernels.seen import Seen
from streams import topics, wire
from streams.decks import Reference
from streams.retry import stop_the_process, until_done
from streams.step import Outcome, Place, Raw, TakenIn, settle, take_in

STEP_BYTES_MAX = 2 * 1024 * 1024
"""Payload of one step; a batch of more is cut, so that memory stays bounded."""

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
                by_partition.setdefault(event.message.partition, []).append(_raw(event.message))
            for partition, raws in by_partition.items():
                for chunk in _chunks(raws):
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


def _raw(message: Any) -> Raw:
    headers = message.headers or ()
    pairs = dict(headers.items() if isinstance(headers, dict) else headers)
    kind = pairs.get("content-type", b"")
    payload = message.value or b""
    return Raw(
        Message(payload, kind.decode("ascii", "replace")),
        message.offset,
        int(message.timestamp * 1_000 + 0.5),
    )


def _chunks(raws: list[Raw]) -> Iterator[list[Raw]]:
    chunk: list[Raw] = []
    size = 0
    for raw in raws:
        if chunk and size + len(raw.message.payload) > STEP_BYTES_MAX:
            yield chunk
            chunk, size = [], 0
        chunk.append(raw)
        size += len(raw.message.payload)
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
