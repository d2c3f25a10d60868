"""A ClickHouse with rated calls in it, and a desk whose tasks are done at once by one worker."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.balances import Balance, Key, post
from billing.deck import FOREVER_MS, RATES, DeckOptions, DeckVersion, encode_options
from billing.mediation import Message
from billing.parties import Account
from billing.tariff import Tariff
from clickhouse import balances, reference
from clickhouse.client import insert_arrow
from clickhouse.tables import BALANCE
from kernels.seen import Seen
from rerate import prices, scope
from rerate.desk import Desk
from rerate.records import Records
from rerate.sending import Event
from rerate.steps import Steps
from rerate.task import Task, decode
from rerate.work import Worker
from streams import topics, wire
from streams.agents.store import by_day, rows_of
from streams.step import Raw, settle, take_in

INVARIANTS = sorted((Path(__file__).parents[1] / "invariants").glob("*.sql"))
LOG = "log-1"
DAY_MS = 86_400_000
FROM_MS = 20_400 * DAY_MS
"""2025-11-08: the first day that has calls"""
ACCOUNTS = (
    Account("acme", "customer", "Acme", "gold", "USD"),
    Account("bolt", "customer", "Bolt", "gold", "USD"),
    Account("vend", "vendor", "Vend", "buy", "USD"),
)
CHUNK_CALLS = 100_000
UNIT_NANOS = 10**9
COLUMNS = """customer, vendor, answered_at, hex(cdr_id), leg, reason, duration_ms, billed_s, nanos,
    currency, deck_version, rate_row, fx_num, fx_den, received_at, run"""
Row = tuple[Any, ...]


class Stored:
    """What the stream would have stored, and the desk."""

    def __init__(self, client: Client, url: str) -> None:
        self.client, self.offset = client, 0
        self.worker = Worker(lambda: client, threads=1)
        self.events: list[Event] = []
        self.tasks: list[Task] = []
        self.book: dict[Key, Balance] = {}
        self.after_task: Callable[[Task], None] = lambda _: None
        self.held = False
        """whether tasks are kept instead of done"""
        self.steps = Steps(client, Records(url), self.send, CHUNK_CALLS)
        self.desk = Desk(self.steps)
        reference.save_accounts(client, ACCOUNTS, 1)

    def send(self, tasks: Sequence[Task], events: Sequence[Event]) -> None:
        """What the broker and a worker make of them."""
        self.events += events
        arrived = [decode(task.encode()) for task in tasks]
        if self.held:
            self.tasks += arrived
        else:
            for task in arrived:
                self.worker.do(task)
                self.after_task(task)

    def work(self) -> None:
        """Do the tasks that were kept."""
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            self.worker.do(task)

    def deck(
        self, name: str, side: str, per_min: Mapping[str, int], from_ms: int = 0
    ) -> DeckVersion:
        """Publish a full version: prefix -> nanos a minute, by the second."""
        rows = [
            (prefix, f"to {prefix}", rate, rate, 0, 1, 1, from_ms, FOREVER_MS, "any", "any", False)
            for prefix, rate in per_min.items()
        ]
        rates = pa.table(list(zip(*rows, strict=True)), schema=RATES)
        number = reference.claim_number(self.client)
        version = DeckVersion(number, name, side, "full", from_ms, number, DeckOptions(), rates)
        reference.save_version(self.client, version, encode_options(version.options), "-", "0" * 64)
        return version

    def calls(self, *records: dict[str, Any], tariff: Tariff | None = None) -> None:
        """Rate and store calls as the stream does, by what is published now or by a tariff."""
        raws = [
            Raw(Message(json.dumps(record).encode()), self.offset + i, FROM_MS + 10 * DAY_MS)
            for i, record in enumerate(records)
        ]
        tariff = tariff or self.tariff()
        taken = take_in(LOG, 0, raws, Seen(len(records), 0))
        rated = settle(taken, {}, tariff).rated
        changed = post(self.book, pa.table(rated))
        self.book |= changed
        insert_arrow(self.client, BALANCE, balances.rows(0, changed))
        for table, rows in rows_of(topics.RATED, [(self.offset, wire.encode(rated))]):
            for day in by_day(table, rows):
                insert_arrow(self.client, table, day)
        self.offset += len(records)

    def tariff(self) -> Tariff:
        """Of what is published now."""
        return prices.tariff_of(self.client, prices.gather(self.client, {}))

    def charges(self, columns: str = COLUMNS) -> list[Row]:
        """Every charge as a reader sees it."""
        query = f"SELECT {columns} FROM charge FINAL ORDER BY customer, answered_at, cdr_id, leg"
        return [tuple(row) for row in self.client.query(query).result_rows]

    def holds(self) -> None:
        """Every invariant in tests/invariants holds, and balances are the sums of charges."""
        for query in INVARIANTS:
            assert self.client.query(query.read_text()).result_rows == [], query.name
        assert balances.compare(self.client).differences == []

    def total(self, leg: str) -> int:
        """What a leg comes to."""
        return sum(int(nanos) for own, nanos in self.charges("leg, nanos") if own == leg)


def call(number: int, **other: Any) -> dict[str, Any]:
    """A minute to Germany, some of them on each of four days."""
    return {
        "call_id": f"call-{number}",
        "customer": ("acme", "bolt")[number % 2],
        "vendor": "vend",
        "called": "4930123456",
        "answered_at": FROM_MS + number % 4 * DAY_MS + number * 1_000,
        "duration_ms": 60_000,
    } | other


def whole(**other: Any) -> scope.Scope:
    """The four days that have calls, as a scope."""
    return scope.parse({"from": FROM_MS, "to": FROM_MS + 4 * DAY_MS} | other)
