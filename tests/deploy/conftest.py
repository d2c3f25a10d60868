"""The real platform: ClickHouse and rater as processes of their own, on either broker."""

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from clickhouse_connect.driver.client import Client

from billing.deck import DeckOptions
from clickhouse.client import connect
from deploy.accounts import load_accounts
from deploy.local import rater_metric, running
from deploy.reference import load_deck
from deploy.runtime.settings import Settings
from streams.collector import Collector
from tests.conftest import free_port
from tests.kafka.broker import Broker

WAIT_S_MAX = 60.0
Record = dict[str, Any] | bytes
PRICE_LIST = "prefix,destination,rate_per_min,connect_fee,first_increment,next_increment\n"
ACCOUNTS = """
[customers.acme]
sell_deck = "gold"
currency = "USD"
[vendors.vend]
buy_deck = "vend"
currency = "USD"
"""


EMBEDDED_FIRST = pytest.mark.parametrize(
    "broker",
    ["embedded", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.slow])],
    indirect=True,
)
"""Tests whose parts are tried on Kafka elsewhere: themselves they run on it with the slow ones."""


def until(what: str, reached: Callable[[], bool]) -> None:
    """Wait for a condition; fails saying what was waited for."""
    end = time.monotonic() + WAIT_S_MAX
    while not reached():
        if time.monotonic() > end:
            pytest.fail(f"waited {WAIT_S_MAX:.0f} s for: {what}", pytrace=False)
        time.sleep(0.05)


class Platform(NamedTuple):
    """A running platform and a client of its ClickHouse."""

    settings: Settings
    client: Client
    folder: Path
    broker: Broker
    processes: "dict[str, subprocess.Popen[bytes]]"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return [tuple(row) for row in self.client.query(query).result_rows]

    def load(self, name: str, side: str, lines: str, valid_from_ms: int, full: bool = True) -> int:
        """Load a deck of these CSV lines; returns its version once the rater prices from it."""
        path = self.folder / f"{name}.csv"
        path.write_text(PRICE_LIST + lines)
        coverage = "full" if full else "partial"
        loaded = load_deck(
            self.settings, path, name, side, coverage, valid_from_ms, DeckOptions(), False
        )
        until("the deck at the rater", lambda: self.decks() >= self.versions())
        return loaded.version.number

    def decks(self) -> float:
        """Deck versions the rater prices from."""
        return rater_metric(self.settings, "tollwire_deck_versions") or 0

    def versions(self) -> int:
        """Deck versions stored."""
        return int(self.rows("SELECT count() FROM deck_version")[0][0])

    def accounts(self) -> None:
        """Load the accounts acme and vend."""
        path = self.folder / "accounts.toml"
        path.write_text(ACCOUNTS)
        load_accounts(self.settings, path)

    def send(self, *records: Record, customer: str = "acme", kind: str = "") -> None:
        """Send records to cdr.raw and wait until each is in the ledger."""
        before = self.received()
        self.post(*records, customer=customer, kind=kind)
        until("the receipts", lambda: self.received() >= before + len(records))

    def post(self, *records: Record, customer: str = "acme", kind: str = "") -> None:
        """Send records to cdr.raw and wait until the broker has them."""
        asyncio.run(self._send(records, customer, kind))

    async def _send(self, records: tuple[Record, ...], customer: str, kind: str) -> None:
        async with Collector(self.settings) as collector:
            for record in records:
                payload = record if isinstance(record, bytes) else json.dumps(record).encode()
                await collector.send(customer, kind, payload)
            await collector.flush()

    def received(self) -> int:
        """Messages that have a receipt."""
        return int(self.rows("SELECT count() FROM receipt FINAL")[0][0])

    def charges(self, call_id: str) -> dict[str, tuple[str, int, int]]:
        """leg -> (reason, nanos, deck version) of a call, once it is stored."""
        query = f"""SELECT leg, reason, nanos, deck_version FROM charge FINAL WHERE cdr_id IN
            (SELECT cdr_id FROM cdr WHERE call_id = '{call_id}')"""
        until(f"call {call_id}", lambda: bool(self.rows(query)))
        return {leg: (reason, nanos, version) for leg, reason, nanos, version in self.rows(query)}


def environment(settings: Settings) -> dict[str, str]:
    """The settings as TOLLWIRE_ variables."""
    return {f"TOLLWIRE_{k.upper()}": str(v) for k, v in settings.model_dump().items()}


@contextmanager
def settings_in(folder: Path, **more: object) -> Iterator[Settings]:
    """Settings with free ports, also in the environment, for processes started from here."""
    names = (
        "broker",
        "clickhouse",
        "console",
        "rater_metrics",
        "controls",
        "controls_metrics",
        "rerate_metrics",
        "fraud_metrics",
        "collect",
        "collect_metrics",
        "webhooks_metrics",
    )
    ports = {name: f"127.0.0.1:{free_port()}" for name in names}
    ports["clickhouse"] = f"http://{ports['clickhouse']}"
    found = Settings.model_validate({**ports, "data_dir": folder, **more})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(found).items():
            patch.setenv(name, value)
        yield found


@contextmanager
def platform_on(broker: Broker, folder: Path, **more: object) -> Iterator[Platform]:
    """ClickHouse and rater on a broker, with the accounts acme and vend; `more` are settings."""
    with (
        settings_in(folder, broker=broker.address, **more) as settings,
        running(settings, ("clickhouse", "rater"), print) as processes,
        closing(connect(settings)) as client,
    ):
        found = Platform(settings, client, folder, broker, processes)
        found.accounts()
        yield found


@pytest.fixture(scope="module")
def platform_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings for a platform that a test starts itself."""
    with settings_in(tmp_path_factory.mktemp("platform")) as settings:
        yield settings


@pytest.fixture(scope="module")
def platform(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A running platform, on each broker."""
    with platform_on(broker, tmp_path_factory.mktemp("platform")) as found:
        yield found
