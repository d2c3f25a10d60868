"""The table `credit`: a desk for each partition, and a changelog with the same partitions.

A desk belongs to whoever has the partition; it comes back from the changelog. A worker that was
thought dead may still write behind its successor: each owner writes with a higher epoch, and of
two states of one thing the one with the higher stamp counts.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

import faust
from faust.types import TP

from billing.credit.account import AccountBook
from billing.credit.desk import Desk
from billing.credit.journal import Change, Opened
from streams import topics, wire
from streams.retry import stop_the_process
from streams.wire import Stamp

Message = tuple[str, bytes, bytes | None]
"""topic, key, value"""


class _Kept:
    """A partition: its desk, and when what is known of it was written."""

    def __init__(self, epoch: int, opened: Opened) -> None:
        self.desk = Desk(opened=opened)
        self.epoch, self.number = epoch, 0
        self.stamps: dict[bytes, Stamp] = {}
        self.own: set[bytes] = set()
        """what this worker has written itself: it knows better than what it reads of it"""

    def restore(self, key: bytes, value: bytes | None, now_ms: int) -> None:
        if key in self.own:
            return
        change, stamp = wire.decode_change(key, value)
        known = self.stamps.get(key)
        if stamp is None:
            self.stamps.pop(key, None)
        elif known is not None and known > stamp:
            return
        else:
            self.stamps[key] = stamp
            self.epoch = max(self.epoch, stamp.epoch + 1)
        self.desk.restore(change, now_ms)


class CreditTable(faust.Table):
    """A Faust table whose values are desks, one a partition."""

    def __init__(self, app: faust.App, partitions: int) -> None:
        super().__init__(
            app, name=topics.CREDIT, key_type=bytes, value_type=bytes, partitions=partitions
        )
        self._kept: dict[int, _Kept] = {}
        self._generation = 0
        self.mine: set[int] = set()
        """the partitions of this worker since the last rebalance"""
        self.opened: Callable[[int, AccountBook], None] = lambda _partition, _book: None
        """told of each new book of a partition"""
        self.recovered: Callable[[], None] = lambda: None
        """told when all tables have been read, before anything flows"""

    def desk(self, partition: int) -> Desk:
        """The desk of a partition of this worker."""
        return self._of(partition).desk

    def desks(self) -> dict[int, Desk]:
        """The desks of all partitions this worker has begun on."""
        return {partition: kept.desk for partition, kept in self._kept.items()}

    def messages(self, partition: int, desk: Desk, changes: Iterable[Change]) -> list[Message]:
        """Changes of a desk as messages of the changelog, to be sent in this order.

        None of a desk that this worker has no longer: its partition is another's, who must not be
        contradicted.
        """
        kept = self._kept.get(partition)
        if kept is None or kept.desk is not desk:
            return []
        made: list[Message] = []
        for change in changes:
            kept.number += 1
            key, value = wire.encode_change(change, Stamp(kept.epoch, kept.number))
            if value is None:
                kept.own.discard(key)
                kept.stamps.pop(key, None)
            else:
                kept.own.add(key)
            made.append((topics.CREDIT_CHANGELOG, key, value))
        return made

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Take parts of books from the changelog. Faust would go on after an error, without."""
        now_ms = int(time.time() * 1_000)
        try:
            for event in batch:
                self._of(event.message.partition).restore(event.key, event.value, now_ms)
        except Exception:
            stop_the_process("recovery of credit")

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Forget the desks of partitions that are others' now, and how far they had been read."""
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
        self._generation = generation_id
        self.mine = {tp.partition for tp in assigned if tp.topic == self.changelog_topic_name}
        new = {tp.partition for tp in newly_assigned if tp.topic == self.changelog_topic_name}
        for partition in self._kept.keys() - (self.mine - new):
            del self._kept[partition]
            self.app.tables.recovery.revoke(TP(self.changelog_topic_name, partition))

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """The changelogs of all tables have been read; nothing flows yet."""
        await super().on_recovery_completed(active_tps, standby_tps)
        try:
            self.recovered()
        except Exception:
            stop_the_process("recovery of credit")

    def _of(self, partition: int) -> _Kept:
        if partition not in self._kept:
            self._kept[partition] = _Kept(
                self._generation, lambda book: self.opened(partition, book)
            )
        return self._kept[partition]
