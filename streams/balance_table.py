"""The table `balance`: what each partition of cdr.raw has posted to each account.

In memory, one book a partition, and in a changelog with the same partitions. A book belongs to
whoever has the partition; it comes back from the changelog alone. A worker that was thought dead
may still write an older balance behind a newer one: of two balances of one account the one with
more calls is the later (billing.balances), so the older one is passed over.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import faust
import pyarrow as pa
from faust.types import TP

from billing.balances import Balance, Key, post
from streams import topics, wire
from streams.retry import stop_the_process


class BalanceTable(faust.Table):
    """A Faust table whose values are kept per partition."""

    def __init__(self, app: faust.App, partitions: int) -> None:
        super().__init__(
            app, name=topics.BALANCE, key_type=bytes, value_type=bytes, partitions=partitions
        )
        self._books: dict[int, dict[Key, Balance]] = defaultdict(dict)
        self._changed: dict[int, set[Key]] = defaultdict(set)

    def post(self, partition: int, rated: pa.Table) -> dict[Key, Balance]:
        """Post rows of cdr.rated; what has changed is on its way to the changelog, in order."""
        book = self._books[partition]
        changed = post(book, rated)
        for key, balance in changed.items():
            self.send_changelog(partition, *wire.encode_balance(key, balance), "raw", "raw")
            self._set(partition, key, balance)
        return changed

    def nanos(self, partition: int, key: Key, log: str) -> int:
        """What a partition has posted to an account of this log."""
        found = self._books[partition].get(key)
        return found.nanos if found is not None and found.log == log else 0

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Take balances from the changelog. Faust would go on after an error, without them."""
        try:
            for event in batch:
                key, balance = wire.decode_balance(event.key, event.value)
                known = self._books[event.message.partition].get(key)
                if known is None or known.log != balance.log or known.calls < balance.calls:
                    self._set(event.message.partition, key, balance)
        except Exception:
            stop_the_process("recovery of balances")

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Forget the books of partitions that are others' now, and how far they had been read."""
        await super().on_rebalance(assigned, revoked, newly_assigned, generation_id)
        mine = {tp.partition for tp in assigned if tp.topic == self.changelog_topic_name}
        for partition in self._books.keys() - mine:
            del self._books[partition]
            self._changed.pop(partition, None)
            self.app.tables.recovery.revoke(TP(self.changelog_topic_name, partition))

    def changed(self) -> Mapping[int, Mapping[Key, Balance]]:
        """By partition, the balances that changed, or came to this worker, since the last call."""
        changed, self._changed = self._changed, defaultdict(set)
        return {p: {key: self._books[p][key] for key in keys} for p, keys in changed.items()}

    def _set(self, partition: int, key: Key, balance: Balance) -> None:
        self._books[partition][key] = balance
        self._changed[partition].add(key)
