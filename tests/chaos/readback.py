"""The broker's topics read back from the beginning: what was sent, what was rated, what the canary
counted. Plain consumers without a group.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.runtime.settings import Settings
from streams import topics, wire
from tests.chaos.account import Ints, Log, Sent, digest

Words = np.ndarray[Any, np.dtype[np.uint64]]


class Raw(NamedTuple):
    """cdr.raw as it stands, and what is wrong with it in the eyes of the account."""

    log: Log
    foreign: int
    """messages that the account does not know"""
    forgotten: list[tuple[int, int]]
    """(partition, offset) that the broker acknowledged and does not have"""
    copies: int
    """messages that stand in the log more often than they were acknowledged"""


class Rated(NamedTuple):
    """Every row of cdr.rated, repeats too."""

    id_words: Words
    """[row, 2]: the two halves of the id"""
    sell_nanos: Ints
    buy_nanos: Ints
    rows_of: dict[int, int]
    """by partition"""


async def _messages(settings: Settings, topic: str, partitions: int) -> AsyncIterator[Any]:
    """All messages, in order of partition and offset."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        enable_auto_commit=False,
        max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        for partition in range(partitions):
            at = TopicPartition(topic, partition)
            end = (await consumer.end_offsets([at]))[at]
            consumer.assign([at])
            await consumer.seek_to_beginning(at)
            while await consumer.position(at) < end:
                for message in (await consumer.getmany(at, timeout_ms=1_000)).get(at, ()):
                    yield message
    finally:
        await consumer.stop()


def read_raw(settings: Settings, sent: Sent) -> Raw:
    """cdr.raw against the account."""
    return asyncio.run(_read_raw(settings, sent))


async def _read_raw(settings: Settings, sent: Sent) -> Raw:
    places: list[tuple[int, int, int]] = []
    foreign = 0
    missing = dict(sent.places)
    async for message in _messages(settings, topics.RAW, settings.partitions):
        known = digest(message.value or b"")
        number = sent.digests.get(known, -1)
        foreign += number < 0
        places.append((message.partition, message.offset, number))
        if missing.get((message.partition, message.offset)) == known:
            del missing[message.partition, message.offset]
    columns = np.array(places, np.int64).reshape(-1, 3).T
    copies = len(places) - len(sent.places)
    return Raw(Log(*columns), foreign, sorted(missing), copies)


def read_rated(settings: Settings) -> Rated:
    """cdr.rated."""
    return asyncio.run(_read_rated(settings))


async def _read_rated(settings: Settings) -> Rated:
    words, sell, buy = [np.zeros((0, 2), np.uint64)], [np.zeros(0, np.int64)], []
    buy.append(sell[0])
    rows_of: dict[int, int] = dict.fromkeys(range(settings.partitions), 0)
    async for message in _messages(settings, topics.RATED, settings.partitions):
        rows = wire.decode(message.value).combine_chunks()
        words.append(id_words(rows.column("cdr_id").combine_chunks()))
        sell.append(rows.column("sell_nanos").to_numpy())
        buy.append(rows.column("buy_nanos").to_numpy())
        rows_of[message.partition] += rows.num_rows
    return Rated(np.concatenate(words), np.concatenate(sell), np.concatenate(buy), rows_of)


def id_words(ids: Any) -> Words:
    """An Arrow array of 16-byte ids as [n, 2] words."""
    array = ids.combine_chunks() if hasattr(ids, "chunks") else ids
    data = np.frombuffer(array.buffers()[1], np.uint64, 2 * len(array), array.offset * 16)
    return data.reshape(-1, 2)


def canary_counts(settings: Settings, changelog: str) -> dict[int, int]:
    """What the canary's table says by partition, from its changelog."""
    return asyncio.run(_canary_counts(settings, changelog))


async def _canary_counts(settings: Settings, changelog: str) -> dict[int, int]:
    counts: dict[int, int] = {}
    async for message in _messages(settings, changelog, settings.partitions):
        if message.value is not None:
            counts[int(json.loads(message.key))] = int(json.loads(message.value))
    return counts
