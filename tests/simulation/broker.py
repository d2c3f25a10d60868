"""The broker: partitions that only grow, and one consumer group with generations.

An append may happen without its acknowledgement, late, or not at all: that is decided by who asks
(clients.py). The group follows Kafka's eager protocol: everyone gives everything back, joins, and
gets a new assignment; who does not join in time is out, and may not know it for a while.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from aiokafka import TopicPartition

from streams import topics
from tests.simulation.chance import Chance
from tests.simulation.loop import Loop

REBALANCE_S_MAX = 4.0
SESSION_S = 6.0
HEARTBEAT_S = 1.5


class Record(NamedTuple):
    """A message of a partition; timestamp in ms since 1970, given by the broker."""

    offset: int
    timestamp: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class Logs:
    """The partitions of the topics of the stream."""

    def __init__(self, now_ms: Callable[[], int], partitions: int) -> None:
        self._now_ms = now_ms
        self.partitions = partitions
        self.records: dict[TopicPartition, list[Record]] = {
            TopicPartition(topic, p): [] for topic in topics.STREAMS for p in range(partitions)
        }
        self.watchers: list[Callable[[TopicPartition, Record], None]] = []
        """told of each append, in order"""

    def append(
        self, at: TopicPartition, value: bytes, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> Record:
        """The record as it now stands in the log."""
        log = self.records[at]
        record = Record(len(log), self._now_ms(), value, headers)
        log.append(record)
        for told in self.watchers:
            told(at, record)
        return record


class Member(Protocol):
    """A consumer in the group, as the coordinator sees it."""

    name: str

    def told_to_rejoin(self) -> None:
        """A heartbeat's answer: a rebalance is under way, or the member is out."""


class Fenced(Exception):
    """A commit of a member that is out, or of a generation that is over."""


Joined = tuple[int, frozenset[int]]
"""(generation, partitions)"""


class Group:
    """The coordinator of the workers' consumer group; a partition of every topic goes together."""

    def __init__(self, loop: Loop, chance: Chance, partitions: int) -> None:
        self._loop, self._chance, self._partitions = loop, chance, partitions
        self.committed: dict[TopicPartition, int] = {}
        self.generation = 0
        self._members: dict[str, Member] = {}
        self._joined: dict[str, asyncio.Future[Joined]] = {}
        self._round = 0
        self._rebalancing = False
        self.watchers: list[Callable[[str, Mapping[TopicPartition, int]], None]] = []
        """told of each commit before it counts"""
        self.rebalances = 0

    def join(self, member: Member) -> "asyncio.Future[Joined]":
        """Done when the next generation begins."""
        self._members[member.name] = member
        joined: asyncio.Future[Joined] = self._loop.create_future()
        self._joined[member.name] = joined
        self._rebalance()
        self._loop.outside(0.0, self._complete_if_all)
        return joined

    def leave(self, name: str) -> None:
        """A member says goodbye, or its session is over."""
        if self._members.pop(name, None) is not None:
            self._joined.pop(name, None)
            self._rebalance()
            self._loop.outside(0.0, self._complete_if_all)

    def silent(self, name: str, is_silent: Callable[[], bool]) -> None:
        """A member may have stopped sending heartbeats just now."""

        def over() -> None:
            member = self._members.get(name)
            if member is None or not is_silent():
                return
            if name in self._joined:
                self.silent(name, is_silent)
                return
            self.leave(name)
            member.told_to_rejoin()

        self._loop.outside(SESSION_S, over)

    def commit(self, name: str, generation: int, offsets: Mapping[TopicPartition, int]) -> None:
        """Raises Fenced."""
        if name not in self._members or generation != self.generation:
            raise Fenced(f"{name} of generation {generation}")
        for told in self.watchers:
            told(name, offsets)
        self.committed.update(offsets)

    def _rebalance(self) -> None:
        if self._rebalancing:
            return
        self._rebalancing = True
        self._round += 1
        for name, member in self._members.items():
            if name not in self._joined:
                self._loop.outside(self._chance.up_to(HEARTBEAT_S), member.told_to_rejoin)
        self._loop.outside(REBALANCE_S_MAX, self._complete, self._round)

    def _complete_if_all(self) -> None:
        if self._rebalancing and self._joined.keys() == self._members.keys():
            self._complete(self._round)

    def _complete(self, of_round: int) -> None:
        if not self._rebalancing or of_round != self._round:
            return
        self._rebalancing = False
        for name in [n for n in self._members if n not in self._joined]:
            member = self._members.pop(name)
            self._loop.outside(self._chance.up_to(2 * HEARTBEAT_S), member.told_to_rejoin)
        self.generation += 1
        self.rebalances += 1
        names = self._chance.shuffled(list(self._joined))
        owned: dict[str, set[int]] = {name: set() for name in names}
        for partition in range(self._partitions if names else 0):
            owned[names[partition % len(names)]].add(partition)
        joined, self._joined = self._joined, {}
        for name, future in joined.items():
            if not future.done():
                future.set_result((self.generation, frozenset(owned[name])))
