"""The sender's side: messages into cdr.raw, by anyone who has call records to send; and events of
calls in progress.

The key is the customer and the partitioner Kafka's default, so that all calls of one customer go
through one partition, whoever sends them.
"""

from typing import Any

from aiokafka import AIOKafkaProducer

from deploy.runtime.settings import Settings
from streams import topics


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

    async def __aenter__(self) -> "Collector":
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(self, customer: str, content_type: str, payload: bytes) -> Any:
        """Queue one message of one customer; the future returned is done when the broker has it."""
        return await self._producer.send(
            topics.RAW,
            payload,
            key=customer.encode(),
            headers=[("content-type", content_type.encode())],
        )

    async def tell(self, customer: str, events: bytes) -> Any:
        """Send events of one customer's calls (a JSON list); done when the broker has them."""
        return await self._producer.send_and_wait(topics.CALL_EVENTS, events, customer.encode())

    async def flush(self) -> None:
        """Wait until the broker has acknowledged everything."""
        await self._producer.flush()
