"""Reads cdr.rated and prints the margin of each account: nothing is lost, nothing counted twice.

    python docs/examples/consume.py --broker 127.0.0.1:9092 --state margins.db

Needs aiokafka, lz4 and pyarrow only. Sums and positions are written in one transaction of one
SQLite file, so that a kill at any moment leaves both as they were, or both as they are to be; the
broker's own record of offsets is not used. One process a file: a second one is refused.
"""

import argparse
import asyncio
import sqlite3
import sys
from collections import defaultdict
from typing import Any

import pyarrow as pa
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import OffsetOutOfRangeError

TOPIC = "cdr.rated"
NANOS = 10**9
LOST = "calls are lost: the broker has not, or no longer, what comes next (it keeps 7 days)"
TABLES = """
CREATE TABLE IF NOT EXISTS position (
    log TEXT, partition INTEGER, next_offset INTEGER, raw_offset INTEGER, raw_row INTEGER,
    PRIMARY KEY (log, partition));
CREATE TABLE IF NOT EXISTS margin (
    account TEXT, currency TEXT, calls INTEGER, sell_nanos TEXT, margin_nanos TEXT,
    PRIMARY KEY (account, currency));
"""
COLUMNS = ["log", "offset", "row", "reason", "customer", "sell_currency", "sell_nanos"]


class Margins:
    """The file: how far each partition was read, and the sums of what was read."""

    def __init__(self, path: str, log: str) -> None:
        # Another reader of the same file would count everything once more.
        self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("BEGIN EXCLUSIVE")
        for statement in TABLES.split(";"):
            self._db.execute(statement)
        self._db.execute("COMMIT")
        self._log = log

    def position(self, partition: int) -> tuple[int, int, int]:
        """Next offset of cdr.rated; offset and row of cdr.raw of the last call that was taken."""
        query = "SELECT next_offset, raw_offset, raw_row FROM position WHERE log=? AND partition=?"
        found = self._db.execute(query, (self._log, partition)).fetchone()
        return found or (0, -1, -1)

    def take(self, found: "dict[TopicPartition, list[Any]]") -> int:
        """Messages into the sums, and how far they reach, in one transaction; returns new calls."""
        new = 0
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for at, messages in found.items():
                for message in messages:
                    new += self._take_one(at.partition, message.offset, message.value)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return new

    def _take_one(self, partition: int, offset: int, value: bytes) -> int:
        next_offset, *last = self.position(partition)
        if offset < next_offset:
            return 0
        sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        new = 0
        for row in rows_of(value):
            # The rater may write a call again after a crash. Calls stand in the order of cdr.raw:
            # one that is not beyond the last one taken is a repeat, whatever it costs now.
            here = [row["offset"], row["row"]]
            if here <= last:
                continue
            last, new = here, new + 1
            if not row["reason"]:  # else suspended: no money yet
                own = sums[row["customer"], row["sell_currency"]]
                own[0] += 1
                own[1] += row["sell_nanos"]
                own[2] += row["margin_nanos"] or 0  # null: its two sides have two currencies
        for (account, currency), more in sums.items():
            self._add(account, currency, more)
        to = (self._log, partition, offset + 1, *last)
        self._db.execute("INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?)", to)
        return new

    def _add(self, account: str, currency: str, more: list[int]) -> None:
        query = "SELECT calls, sell_nanos, margin_nanos FROM margin WHERE account=? AND currency=?"
        had = self._db.execute(query, (account, currency)).fetchone() or (0, 0, 0)
        calls, sell, margin = (int(a) + b for a, b in zip(had, more, strict=True))
        # Sums as text: SQLite's integers end at 9.2 billion units of a currency.
        to = (account, currency, calls, str(sell), str(margin))
        self._db.execute("INSERT OR REPLACE INTO margin VALUES (?, ?, ?, ?, ?)", to)

    def show(self) -> None:
        """Print the sums."""
        for account, currency, calls, sell, margin in self._db.execute(
            "SELECT * FROM margin ORDER BY account, currency"
        ):
            print(f"{account} {currency} calls={calls} sell={money(sell)} margin={money(margin)}")


def rows_of(value: bytes) -> list[dict[str, Any]]:
    """The rows of a message. By name: later versions may have more columns."""
    with pa.ipc.open_stream(value) as stream:
        rows: list[dict[str, Any]] = (
            stream.read_all().select([*COLUMNS, "margin_nanos"]).to_pylist()
        )
    return rows


def money(nanos: str) -> str:
    """Nanos as a decimal, exactly."""
    units, rest = divmod(abs(int(nanos)), NANOS)
    return f"{'-' if nanos.startswith('-') else ''}{units}.{rest:09d}"


async def about(broker: str) -> tuple[str, list[TopicPartition]]:
    """The cluster's id, for offsets of another one mean other messages; the topic's partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        (topic,) = await admin.describe_topics([TOPIC])
        if topic["error_code"]:
            raise SystemExit(f"the broker has no topic {TOPIC}")
        numbers = sorted(partition["partition"] for partition in topic["partitions"])
        log = str((await admin.describe_cluster())["cluster_id"])
        return log, [TopicPartition(TOPIC, number) for number in numbers]
    finally:
        await admin.close()


async def consume(broker: str, path: str, once: bool, at_once: int) -> None:
    """Read for ever; once: to where the topic ends now."""
    log, own = await about(broker)
    margins = Margins(path, log)
    # "none": a position that the broker no longer has is a loss, and must not pass in silence.
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=8 * 1024 * 1024,
    )
    await consumer.start()
    try:
        consumer.assign(own)
        first, ends = await consumer.beginning_offsets(own), await consumer.end_offsets(own)
        for at in own:
            known = margins.position(at.partition)[0] or first[at]
            if not first[at] <= known <= ends[at]:
                raise SystemExit(f"{LOST}: partition {at.partition} is at {known}")
            consumer.seek(at, known)
        while not once or any([await consumer.position(at) < ends[at] for at in own]):
            found = await consumer.getmany(timeout_ms=500, max_records=at_once)
            if found:
                print(f"{margins.take(found)} new calls", flush=True)
        margins.show()
    finally:
        await consumer.stop()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="the margin of each account, from cdr.rated")
    parser.add_argument("--broker", default="127.0.0.1:9092")
    parser.add_argument("--state", default="margins.db", help="SQLite file")
    parser.add_argument("--once", action="store_true", help="read what is there, print, end")
    parser.add_argument("--at-once", type=int, default=100, help="messages a transaction")
    own = parser.parse_args()
    try:
        asyncio.run(consume(own.broker, own.state, own.once, own.at_once))
    except OffsetOutOfRangeError as error:
        sys.exit(f"{LOST}: {error}")
    except sqlite3.OperationalError as error:
        sys.exit(f"{own.state}: {error}: is another reader at work on it?")


if __name__ == "__main__":
    main()
