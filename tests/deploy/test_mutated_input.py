"""Mutated call records through the live worker: each is accounted for, the good ones are priced.

The default run sends 10,000 of them, `-m slow` a million.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from streams.collector import Collector
from tests.bench.rig import rss_mb
from tests.deploy.conftest import EMBEDDED_FIRST, Platform, until
from tests.streams.mutations import Mutator, Sent

pytestmark = EMBEDDED_FIRST

LONG_AGO_MS = 1_704_067_200_000
SELL_NANOS_PER_3_S, BUY_NANOS_PER_3_S = 1_000_000, 500_000
IN_FLIGHT_MAX = 500
STALL_S_MAX = 30.0
"""Without any further receipt: the worker stands still."""
MEMORY_OF_IDS_MB = 42.0
"""Of one partition and generation; it fills as ids come."""
GROWTH_MB_MAX = 150.0
"""Beyond the memory of ids, however many records came."""
PARTS = "rated, suspended, dead, duplicate"


@pytest.fixture(scope="module", autouse=True)
def decks(platform: Platform) -> None:
    """gold sells Germany at 0.02, vend buys it at 0.01."""
    platform.load("gold", "sell", "49,Germany,0.02,0,1,1\n", LONG_AGO_MS)
    platform.load("vend", "buy", "49,Germany,0.01,0,1,1\n", LONG_AGO_MS)


class Account:
    """What the sender knows of what it sent."""

    def __init__(self) -> None:
        self.messages = self.records = 0
        self.canaries: dict[str, int] = {}

    def passing(self, sent: Iterator[Sent]) -> Iterator[Sent]:
        """The same messages, noted down."""
        for each in sent:
            self.messages += 1
            self.records += each.records
            self.canaries |= each.canaries
            yield each


async def send(platform: Platform, messages: Iterator[Sent]) -> None:
    """Send them all, as fast as the broker takes them."""
    waiting: list[Any] = []
    async with Collector(platform.settings) as collector:
        for each in messages:
            key = f"switch-{each.lane}"
            waiting.append(await collector.send(key, each.content_type, each.payload))
            if len(waiting) >= IN_FLIGHT_MAX:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)


def wait_for_receipts(platform: Platform, messages: int) -> None:
    """Wait until every message has its receipt, as long as further ones come."""
    count, since = platform.received(), time.monotonic()
    while count < messages:
        time.sleep(0.1)
        now = platform.received()
        if now > count:
            count, since = now, time.monotonic()
        elif time.monotonic() - since > STALL_S_MAX:
            pytest.fail(f"stands still at {count} of {messages} messages", pytrace=False)


def accounted_for(platform: Platform) -> bool:
    """Every receipt adds up, and the rows in the tables are those of the receipts."""
    wrong = "SELECT count() FROM receipt FINAL WHERE calls != rated + suspended + dead + duplicate"
    assert platform.rows(wrong) == [(0,)]
    sums = platform.rows("SELECT sum(rated + suspended), sum(dead) FROM receipt FINAL")[0]
    calls = platform.rows("SELECT count() FROM charge FINAL WHERE leg = 'sell'")[0]
    return sums == (*calls, *platform.rows("SELECT count() FROM dead_letter FINAL")[0])


def prices(platform: Platform, run: str) -> dict[tuple[str, str], tuple[str, int]]:
    """(call id, leg) -> (reason, nanos) of the canaries of a run."""
    query = f"""SELECT call_id, leg, reason, nanos FROM charge FINAL INNER JOIN
        (SELECT cdr_id, call_id FROM cdr FINAL WHERE startsWith(call_id, '{run}-canary-')) AS own
        USING (cdr_id)"""
    return {(call, leg): (reason, nanos) for call, leg, reason, nanos in platform.rows(query)}


def check(platform: Platform, run: str, seed: int, records: int) -> dict[str, int]:
    """Send a run of mutated records; every promise about it is asserted."""
    process = platform.processes["rater"]
    account, before = Account(), platform.received()
    began_mb, begun = rss_mb(process.pid), time.monotonic()
    mutator = Mutator(seed, int(time.time() * 1_000), run)
    asyncio.run(send(platform, account.passing(mutator.messages(records))))
    wait_for_receipts(platform, before + account.messages)
    until("the rows", lambda: accounted_for(platform))
    assert platform.received() == before + account.messages
    assert process.poll() is None, "the rater ended"
    log = (platform.settings.data_dir / "logs" / "rater.log").read_text()
    assert "Traceback" not in log
    assert log.count("kernels ready") == 1, "another rater was started"
    expected = {
        (call, leg): ("", seconds // 3 * nanos)
        for call, seconds in account.canaries.items()
        for leg, nanos in (("sell", SELL_NANOS_PER_3_S), ("buy", BUY_NANOS_PER_3_S))
    }
    assert len(account.canaries) > records // 200
    found = prices(platform, run)
    assert {place: found.get(place) for place in expected} == expected
    grown_mb = rss_mb(process.pid) - began_mb
    ids_mb = 2 * platform.settings.partitions * MEMORY_OF_IDS_MB
    assert grown_mb < ids_mb + GROWTH_MB_MAX
    took_s = time.monotonic() - begun
    counts = platform.rows(
        f"SELECT sum(calls), {', '.join(f'sum({p})' for p in PARTS.split(', '))} FROM receipt FINAL"
    )[0]
    print(
        f"{account.records} records sent in {account.messages} messages, {took_s:.0f} s;"
        f" received, {PARTS}: {counts}; {grown_mb:.0f} MB more"
    )
    return dict(zip(["calls", *PARTS.split(", ")], map(int, counts), strict=True))


def test_each_of_ten_thousand_mutated_records_is_accounted_for(platform: Platform) -> None:
    counts = check(platform, "few", 1, 10_000)
    assert min(counts.values()) > 0
    assert (
        "a flood of dead letters begins"
        in (platform.settings.data_dir / "logs" / "rater.log").read_text()
    )


@pytest.mark.slow
def test_each_of_a_million_mutated_records_is_accounted_for(platform: Platform) -> None:
    counts = check(platform, "many", 2, 1_300_000)
    assert counts["calls"] > 1_000_000
