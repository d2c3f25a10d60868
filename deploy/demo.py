"""`tollwire demo`: a day's calls through the real processes, and the account of every one."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.errors import TollwireError
from billing.money import format_nanos
from clickhouse import ledger
from clickhouse.client import connect
from clickhouse.reference import list_versions
from deploy.local import rater_metric, running
from deploy.runtime.settings import Settings
from deploy.seed import seed
from deploy.send import FORMATS, Sent, send_batch
from deploy.traffic import Truth, generate
from streams.collector import Collector
from streams.topics import ensure_topics

BATCH_CALLS = 10_000
SEED = 1
POLL_S = 0.2
STALLED_S_MAX = 60.0
PARTS = ("calls", "rated", "suspended", "dead", "duplicate")

Stage = Callable[[str], None]
Progress = Callable[[str, int, int], None]
"""(what, done, of)"""


class Stalled(TollwireError):
    """Calls were sent but did not all arrive in ClickHouse."""


class Result(NamedTuple):
    """The account of one demo run. Money in nanos of `currency`; seconds are of received calls."""

    truth: Truth
    received: dict[str, int]
    """from the receipts: calls and each part"""
    stored: ledger.Outcomes
    dead_stored: int
    accounted_ms: int
    money: list[ledger.DestinationMoney]
    seconds_taken: float

    def holds(self) -> bool:
        """Conservation: what was sent came in, and each call is in exactly one place."""
        parts = self.stored.rated + self.stored.suspended + self.dead_stored
        return (
            self.truth.sent == self.received["calls"]
            and self.received["calls"] == parts + self.received["duplicate"]
            and self.stored.rated == self.received["rated"]
            and self.stored.suspended == self.received["suspended"]
            and self.dead_stored == self.received["dead"]
            and self.received["calls_ms"] == self.accounted_ms
        )

    def summary(self) -> dict[str, object]:
        """The last line of `demo --json`."""
        revenue = sum(d.sell_nanos for d in self.money)
        cost = sum(d.buy_nanos for d in self.money)
        return {
            "sent": self.truth.sent,
            "rated": self.stored.rated,
            "suspended": self.stored.suspended,
            "dead": self.dead_stored,
            "duplicate": self.received["duplicate"],
            "revenue": format_nanos(revenue),
            "cost": format_nanos(cost),
            "margin": format_nanos(revenue - cost),
            "seconds": self.stored.rated_ms // 1_000,
            "calls_per_second": round(self.truth.sent / self.seconds_taken),
        }


def demo(settings: Settings, calls: int, stage: Stage, progress: Progress) -> Result:
    """Start what is not running, load the demo's decks, send the calls, wait, account for them."""
    with running(settings, ("broker", "clickhouse", "rater"), stage):
        decks, rates = seed(settings)
        _wait_for_decks(settings)
        stage(f"{decks} decks with {rates:,} rates are live")
        run = f"demo-{uuid4().hex[:8]}"
        begin = time.monotonic()
        log, sent = asyncio.run(_send(settings, calls, run, progress))
        client = connect(settings)
        try:
            received = _await_receipts(client, log, sent, progress)
            while True:
                result = _account(client, log, run, sent, received, time.monotonic() - begin)
                if result.holds() or result.seconds_taken > seconds_max(sent.truth.sent):
                    return result._replace(money=ledger.money(client, run))
                time.sleep(POLL_S)
        finally:
            client.close()


def seconds_max(calls: int) -> float:
    """How long a run may take before what is missing counts as lost."""
    return STALLED_S_MAX + calls / 1_000


def _account(
    client: Client, log: str, run: str, sent: Sent, received: dict[str, int], taken: float
) -> Result:
    stored = ledger.outcomes(client, run)
    dead = _own(client, log, sent, ledger.dead_letters)
    accounted_ms = (
        stored.rated_ms
        + stored.suspended_ms
        + received["duplicate_ms"]
        + dead.get("duration_ms", 0)
    )
    return Result(sent.truth, received, stored, dead["rows"], accounted_ms, [], taken)


def _wait_for_decks(settings: Settings) -> None:
    client = connect(settings)
    try:
        wanted = len(list_versions(client))
    finally:
        client.close()
    begin = time.monotonic()
    while (rater_metric(settings, "tollwire_deck_versions") or 0) < wanted:
        if time.monotonic() - begin > STALLED_S_MAX:
            raise Stalled("the rater does not take over the decks; see its log")
        time.sleep(POLL_S)


async def _send(settings: Settings, calls: int, run: str, progress: Progress) -> tuple[str, Sent]:
    log = await ensure_topics(settings)
    sent = Sent()
    day = (datetime.now(UTC) - timedelta(days=1)).date()
    async with Collector(settings) as collector:
        batches = generate(SEED, calls, day, run=run, batch_calls=BATCH_CALLS)
        for i, batch in enumerate(batches):
            await send_batch(collector, batch, FORMATS[i % len(FORMATS)], sent)
            progress("sent", min(sent.truth.sent, calls), calls)
    return log, sent


Query = Callable[[Client, str, int, int, int], pa.Table]


def _own(client: Client, log: str, sent: Sent, query: Query) -> dict[str, int]:
    """Column sums of a ledger query over exactly the messages that were sent, and their `rows`."""
    totals: dict[str, int] = {"rows": 0}
    for partition, offsets in sent.offsets.items():
        table = query(client, log, partition, min(offsets), max(offsets))
        mine = np.fromiter(offsets, np.uint64, len(offsets))
        own = np.isin(table.column("offset").to_numpy(), mine)
        totals["rows"] += int(own.sum())
        for name in table.column_names[1:]:
            values = table.column(name).to_numpy()[own]
            totals[name] = totals.get(name, 0) + int(values.sum())
    return totals


def _await_receipts(client: Client, log: str, sent: Sent, progress: Progress) -> dict[str, int]:
    """The receipts' sums, once every message sent has one. Raises Stalled."""
    messages = sum(map(len, sent.offsets.values()))
    best, moved = -1, time.monotonic()
    while True:
        totals = _own(client, log, sent, ledger.receipts)
        done = totals.get("calls", 0)
        progress("stored", done, sent.truth.sent)
        if totals["rows"] == messages:
            return totals
        if done > best:
            best, moved = done, time.monotonic()
        elif time.monotonic() - moved > STALLED_S_MAX:
            raise Stalled(f"{done} of {sent.truth.sent} calls arrived, then nothing for a minute")
        time.sleep(POLL_S)
