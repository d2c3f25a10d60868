"""A process that keeps balances with billing.balances: state, a changelog, a commit, in that order.

There is no such process yet; the pure fold is what is tested. It may die between any two of the
three, and one that was frozen may write to the changelog after its successor has.
"""

import asyncio
from typing import TYPE_CHECKING

import pyarrow as pa
from aiokafka import TopicPartition

from billing.balances import Balance, Key, post
from streams import topics, wire
from tests.simulation.process import Worker

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

Books = dict[int, dict[Key, Balance]]


class Posted:
    """What outlives a poster: the changelog and the committed offsets."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, Key, Balance]] = []
        self.committed: dict[int, int] = {}
        self.term = 0
        """only the poster of the present term may commit"""

    def books(self) -> Books:
        """The state, from the changelog: of two balances the one with more calls is the later."""
        books: Books = {}
        for partition, key, balance in self.changes:
            book = books.setdefault(partition, {})
            if key not in book or book[key].calls <= balance.calls:
                book[key] = balance
        return books


class Poster(Worker):
    """Posts every partition of cdr.rated."""

    def __init__(self, of: "Simulation", name: str) -> None:
        super().__init__(of, name)
        of.posted.term += 1
        self._term = of.posted.term
        self.wake = asyncio.Event()

    def start(self) -> None:
        """Begin to work."""
        self.of.note(self.name, "starts")
        self.go(self._run())

    async def _run(self) -> None:
        of, books = self.of, self.of.posted.books()
        position = dict(of.posted.committed)
        while True:
            for partition in range(of.logs.partitions):
                log = of.logs.records[TopicPartition(topics.RATED, partition)]
                start = position.get(partition, 0)
                records = log[start : start + of.chance.between(1, 4)]
                if not records:
                    continue
                rated = pa.concat_tables([wire.decode_rated(r.value) for r in records])
                book = books.setdefault(partition, {})
                for key, balance in post(book, rated).items():
                    await asyncio.sleep(of.chance.delay_s())
                    book[key] = balance
                    of.posted.changes.append((partition, key, balance))
                await asyncio.sleep(of.chance.delay_s())
                if self._term != of.posted.term:
                    self.crash()
                    await asyncio.sleep(0)
                position[partition] = of.posted.committed[partition] = start + len(records)
            if all(len(log) <= position.get(p, 0) for p, log in self._logs()):
                self.wake.clear()
                await self.wake.wait()

    def _logs(self) -> list[tuple[int, list[object]]]:
        logs = self.of.logs
        return [
            (p, list(logs.records[TopicPartition(topics.RATED, p)])) for p in range(logs.partitions)
        ]

    def crash(self) -> None:
        """A successor starts at once."""
        was_dead = self.dead
        super().crash()
        if not was_dead and self._term == self.of.posted.term:
            self.of.start_poster()
