"""The example consumer on a real broker, killed in the middle, among calls that come twice."""

import asyncio
import re
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from aiokafka import AIOKafkaProducer

from billing.parties import Account, parties_of
from billing.tariff import compile_tariff
from deploy.runtime.settings import Settings
from kernels.seen import Seen
from streams import topics, wire
from streams.step import settle, take_in
from tests.kafka.cluster import Kafka
from tests.kafka.embedded import Tansu
from tests.kafka.fetch import missing
from tests.streams.test_step import AT_MS, LOG, TARIFF, call, raw
from tests.test_tidy import ROOT

PARTITIONS = 2
CUSTOMERS = ("acme", "bolt", "cove")
MESSAGES = 60
"""of each partition"""
TARIFF_OF_THREE = compile_tariff(
    list(TARIFF.versions.values()),
    parties_of(
        [Account(name, "customer", name, "sell", "USD") for name in CUSTOMERS]
        + [Account("vend", "vendor", "Vend", "buy", "USD")]
    ),
)


def batch(partition: int, offset: int, calls: int = 3) -> pa.RecordBatch:
    """Rated calls of a few messages of cdr.raw from an offset on; each fifth is suspended."""
    records = [
        call(
            f"{partition}-{n}",
            customer=CUSTOMERS[n % 3],
            called="33123" if n % 5 == 0 else "4930123456",
            duration_ms=1_000 * (n % 600 + 1),
        )
        for n in range(offset, offset + calls)
    ]
    raws = [raw(n, record, AT_MS + 10**6) for n, record in enumerate(records, offset)]
    return settle(take_in(LOG, partition, raws, Seen(1_024, 0)), {}, TARIFF_OF_THREE).rated


def written(partition: int) -> list[pa.RecordBatch]:
    """A partition of cdr.rated; after a crash the rater has written some of it again, other-cut."""
    found = [batch(partition, 3 * n) for n in range(MESSAGES)]
    for n in (50, 31, 30, 12):
        found[n:n] = [batch(partition, 3 * n - 4, 5)]
    return found


def expected() -> dict[str, tuple[int, int, int]]:
    """account -> calls, sell, margin: of each cdr_id the first row."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for partition in range(PARTITIONS):
        seen = set()
        for row in (row for rows in written(partition) for row in rows.to_pylist()):
            if row["cdr_id"] not in seen and not row["reason"]:
                for n, more in enumerate((1, row["sell_nanos"], row["margin_nanos"])):
                    sums[row["customer"]][n] += more
            seen.add(row["cdr_id"])
    return {name: (own[0], own[1], own[2]) for name, own in sums.items()}


@pytest.fixture(
    params=["embedded", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.slow])]
)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings of a broker of its own, with the topics."""
    if request.param == "kafka" and missing():
        pytest.skip(missing())
    broker = Kafka(tmp_path) if request.param == "kafka" else Tansu(tmp_path)
    try:
        broker.start()
        made = Settings.model_validate({"broker": broker.address, "partitions": PARTITIONS})
        asyncio.run(topics.ensure_topics(made))
        yield made
    finally:
        broker.stop()


def send(settings: Settings, begin: int, end: int) -> None:
    """Some of the messages of each partition to cdr.rated."""

    async def run() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=settings.broker)
        await producer.start()
        for partition in range(PARTITIONS):
            for rows in written(partition)[begin:end]:
                value = wire.encode(rows)
                await producer.send_and_wait(topics.RATED, value, partition=partition)
        await producer.stop()

    asyncio.run(run())


def consumer(settings: Settings, path: Path, *more: str) -> "subprocess.Popen[str]":
    """The example as a process; three messages a transaction."""
    script = ROOT / "docs" / "examples" / "consume.py"
    command = [sys.executable, str(script), "--broker", settings.broker, "--state", str(path)]
    return subprocess.Popen(
        [*command, "--at-once", "3", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed_after(settings: Settings, path: Path, transactions: int) -> None:
    """Run the example and kill it after so many transactions."""
    process = consumer(settings, path)
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(transactions)]
    finally:
        process.kill()
        _, err = process.communicate()
    assert all("new calls" in line for line in lines), err


def finished(settings: Settings, path: Path) -> dict[str, tuple[int, int, int]]:
    """Run the example to the end of the topic; what it prints."""
    out, err = consumer(settings, path, "--once").communicate(timeout=60)
    assert not err, err
    line = re.compile(r"(\w+) USD calls=(\d+) sell=(\S+) margin=(\S+)")
    rows = [found.groups() for found in map(line.fullmatch, out.splitlines()) if found]
    return {
        name: (int(calls), int(sell.replace(".", "")), int(margin.replace(".", "")))
        for name, calls, sell, margin in rows
    }


def test_killed_again_and_again_it_counts_every_call_once(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "margins.db"
    send(settings, 0, 40)
    for transactions in (1, 4, 9):
        killed_after(settings, path, transactions)
    send(settings, 40, MESSAGES + 4)
    assert finished(settings, path) == expected()
    assert finished(settings, path) == expected(), "a second reading adds nothing"


def test_a_position_that_the_broker_has_not_is_an_error(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "margins.db"
    send(settings, 0, 3)
    finished(settings, path)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE position SET next_offset = 1000")
    file.close()
    _, err = consumer(settings, path).communicate(timeout=60)
    assert "calls are lost" in err


def test_without_its_rule_for_repeats_the_sums_would_be_wrong() -> None:
    rows = [row for p in range(PARTITIONS) for b in written(p) for row in b.to_pylist()]
    naive = sum(row["sell_nanos"] for row in rows)
    assert naive > sum(sell for _, sell, _ in expected().values())


def test_a_second_reader_of_one_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "margins.db"
    send(settings, 0, 3)
    first = consumer(settings, path)
    try:
        assert first.stdout is not None
        assert "new calls" in first.stdout.readline()
        _, err = consumer(settings, path, "--once").communicate(timeout=60)
        assert "is another reader at work on it?" in err
    finally:
        first.kill()
        first.communicate()
