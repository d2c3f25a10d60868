"""Several topics read as one: messages of a partition in the order in which the broker got them.

The order is (time of arrival, topic, offset), a function of the topics alone: who reads them again,
after a crash or later in a benchmark, reads them in the same order however they come in. For that
a message waits until nothing before it can still come.
"""

from collections import deque
from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol


class Message(Protocol):
    """What is needed of a message: aiokafka's has it."""

    @property
    def offset(self) -> int:
        """Its place in its partition."""

    @property
    def timestamp(self) -> int:
        """When the broker got it, in milliseconds."""

    @property
    def value(self) -> bytes | None:
        """Its content."""


class Position(NamedTuple):
    """How far a topic was taken."""

    next_offset: int
    at_ms: int
    """when the message before it came; later ones are not earlier"""


class Taken(NamedTuple):
    """A message in its turn."""

    at_ms: int
    topic: str
    message: Message


class Merge:
    """One partition of some topics. `positions`: what has been taken of each."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.positions = {topic: Position(0, 0) for topic in topics}
        self._waiting: dict[str, deque[Taken]] = {topic: deque() for topic in self.positions}
        self.bytes = dict.fromkeys(self.positions, 0)
        """of what waits"""

    def seek(self, topic: str, position: Position) -> None:
        """Go on from there."""
        self.positions[topic] = position
        self._waiting[topic].clear()
        self.bytes[topic] = 0

    def add(self, topic: str, messages: Iterable[Message]) -> None:
        """What was read of a topic next. What was taken before is passed over."""
        waiting = self._waiting[topic]
        last = waiting[-1] if waiting else None
        offset = last.message.offset + 1 if last else self.positions[topic].next_offset
        at_ms = last.at_ms if last else self.positions[topic].at_ms
        for message in messages:
            if message.offset < offset:
                continue
            at_ms = max(at_ms, message.timestamp)
            waiting.append(Taken(at_ms, topic, message))
            self.bytes[topic] += len(message.value or b"")

    def take(self, until_ms: int, behind: Collection[str]) -> list[Taken]:
        """The messages whose turn it is, in order.

        until_ms: of topics that are not `behind`, everything that came until then has been added.
        """
        taken: list[Taken] = []
        while all(self._waiting[topic] for topic in behind):
            heads = [waiting[0] for waiting in self._waiting.values() if waiting]
            if not heads:
                break
            found = min(heads, key=lambda head: (head.at_ms, head.topic))
            if found.at_ms > until_ms:
                break
            self._waiting[found.topic].popleft()
            self.bytes[found.topic] -= len(found.message.value or b"")
            self.positions[found.topic] = Position(found.message.offset + 1, found.at_ms)
            taken.append(found)
        return taken
