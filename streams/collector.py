"""The collector's side: messages into cdr.raw, by anyone who has call records to send."""

import zlib
from typing import Any

from aiokafka import AIOKafkaProducer

from deploy.runtime.settings import Settings
from streams import topics


def partition_of(customer: str, partitions: int) -> int:
    """The partition of a customer's calls: all of one account's calls go through one worker."""
    return zlib.crc32(customer.encode()) % partitions


class Collector:
    """Sends messages to cdr.raw; counts what the broker acknowledged."""

    def __init__(self, settings: Settings) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.broker,
            acks="all",
            linger_ms=5,
            max_batch_size=256 * 1024,
            max_request_size=topics.RAW_BYTES_MAX,
        )
        self._partitions = settings.partitions

    async def __aenter__(self) -> "Collector":
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(self, customer: str, content_type: str, payload: bytes) -> Any:
        """Queue one message; the returned future is done when the broker has it."""
        return await self._producer.send(
            topics.RAW,
            payload,
            partition=partition_of(customer, self._partitions),
            headers=[("content-type", content_type.encode())],
        )

    async def flush(self) -> None:
        """Wait until the broker has acknowledged everything."""
        await self._producer.flush()
