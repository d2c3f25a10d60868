"""What a watch knows of a partition, in the topic tollwire-fraud-state: written whole, in parts.

Two places are written in turn, so that a death amid writing leaves the one before. Of several the
one counts that has read furthest: a worker that was thought dead may still write.
"""

from collections.abc import Iterable
from typing import Final
from uuid import uuid4

import msgspec
import pyarrow as pa
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.runtime.settings import Settings
from streams import topics
from streams.merging import Position
from streams.reading import messages

PART_BYTES: Final = 4 * 1024 * 1024
PARTS_MAX: Final = 32
PLACES: Final = 2
TAIL: Final = 2 * PLACES * PARTS_MAX
"""messages that are read: the last whole state is among them, even behind two that are cut off"""


class Snapshot(msgspec.Struct, frozen=True):
    """The state of a partition.

    positions: by topic, how far it was read. alerts_next: no alert of what came later stands
    before this offset of fraud.alerts.
    """

    number: int
    positions: dict[str, Position]
    alerts_next: int
    watch: bytes


class _Part(msgspec.Struct, array_like=True):
    id: str
    part: int
    parts: int
    data: bytes


_PART: Final = msgspec.msgpack.Decoder(_Part)
_SNAPSHOT: Final = msgspec.msgpack.Decoder(Snapshot)


def encode(snapshot: Snapshot) -> list[tuple[bytes, bytes]]:
    """(key, value) messages. Raises ValueError where it is beyond PARTS_MAX parts."""
    plain = msgspec.msgpack.encode(snapshot)
    data = len(plain).to_bytes(8, "big") + pa.compress(plain, codec="zstd", asbytes=True)
    pieces = [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]
    if len(pieces) > PARTS_MAX:
        raise ValueError(f"a state of {len(data)} bytes, at most {PARTS_MAX * PART_BYTES}")
    place, name = snapshot.number % PLACES, uuid4().hex
    return [
        (f"{place}/{i}".encode(), msgspec.msgpack.encode(_Part(name, i, len(pieces), piece)))
        for i, piece in enumerate(pieces)
    ]


def newest(values: Iterable[bytes]) -> Snapshot | None:
    """The state that has read furthest, of those whose parts are all there."""
    parts: dict[str, dict[int, _Part]] = {}
    for value in values:
        part = _PART.decode(value)
        parts.setdefault(part.id, {})[part.part] = part
    found: Snapshot | None = None
    for whole in parts.values():
        if len(whole) == whole[next(iter(whole))].parts:
            data = b"".join(whole[i].data for i in range(len(whole)))
            size = int.from_bytes(data[:8], "big")
            plain = pa.decompress(data[8:], decompressed_size=size, codec="zstd", asbytes=True)
            snapshot = _SNAPSHOT.decode(plain)
            if found is None or _read(snapshot) >= _read(found):
                found = snapshot
    return found


def _read(snapshot: Snapshot) -> tuple[int, int]:
    offsets = sum(position.next_offset for position in snapshot.positions.values())
    return offsets, snapshot.number


async def load(settings: Settings, partition: int) -> Snapshot | None:
    """The state of a partition; None if there is none yet. Raises KafkaError."""
    values = await read_tail(settings, TopicPartition(topics.FRAUD_STATE, partition), TAIL)
    return newest(values)


async def read_tail(
    settings: Settings, at: TopicPartition, messages_max: int = 0, start: int = 0
) -> list[bytes]:
    """The values from an offset, or the last messages_max, up to the present end."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        enable_auto_commit=False,
        max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
    )
    await consumer.start()
    try:
        end = (await consumer.end_offsets([at]))[at]
        begin = (await consumer.beginning_offsets([at]))[at]
        first = max(begin, end - messages_max if messages_max else start)
        consumer.assign([at])
        return [m.value async for m in messages(consumer, at, first, end) if m.value]
    finally:
        await consumer.stop()
