"""Generated calls into cdr.raw, in all three formats, and where each message went."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from billing.mediation.mediate import ARROW, CSV, JSON
from deploy.traffic import Batch, Truth, to_arrow, to_csv, to_json
from streams.collector import Collector

FORMATS: Final = (ARROW,) * 8 + (JSON, CSV)
"""What the batches of a demo come as, in turn: mostly Arrow from collectors at the edge."""
IN_FLIGHT_MAX: Final = 5_000


@dataclass
class Sent:
    """The sender's own account: what it sent, and the offsets the broker gave, by partition."""

    truth: Truth = field(default_factory=Truth)
    offsets: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))


def messages(batch: Batch, kind: str) -> list[bytes]:
    """A batch as messages of one format."""
    if kind == ARROW:
        return [to_arrow(batch)]
    return to_json(batch) if kind == JSON else to_csv(batch)


async def send_batch(collector: Collector, batch: Batch, kind: str, sent: Sent) -> None:
    """Send a batch and wait until the broker has every message."""
    waiting: list[Any] = []
    for customer, part in batch.by_customer():
        for payload in messages(part, kind):
            waiting.append(await collector.send(customer, kind, payload))
            if len(waiting) >= IN_FLIGHT_MAX:
                await _settle(waiting, sent)
    await _settle(waiting, sent)
    sent.truth += batch.truth()


async def _settle(waiting: list[Any], sent: Sent) -> None:
    for metadata in await asyncio.gather(*waiting):
        sent.offsets[metadata.partition].add(metadata.offset)
    waiting.clear()
