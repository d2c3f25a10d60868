"""The table of balances without a broker: what comes back from a changelog, whoever wrote it."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from billing.balances import PARTITION, Balance, Key
from deploy.runtime.settings import Settings
from streams import topics, wire
from streams.balance_table import BalanceTable
from streams.faust_app import new_app

ACME = Key("customer", "acme", "USD")
OLD, NEW = Balance("log-1", 7, 0, 20, 1), Balance("log-1", 9, 3, 60, 3)


@pytest.fixture
def table(tmp_path: Path) -> BalanceTable:
    """A table of an app that is not started."""
    settings = Settings.model_validate({"data_dir": tmp_path})
    app = new_app(topics.CONTROLS, settings, table_standby_replicas=0)
    found: BalanceTable = app.tables.add(BalanceTable(app, settings.partitions))
    return found


def event(partition: int, key: Key, balance: Balance) -> Any:
    """A message of the changelog, as Faust hands it over."""
    name, value = wire.encode_balance(key, balance)
    return SimpleNamespace(key=name, value=value, message=SimpleNamespace(partition=partition))


def test_a_balance_survives_its_way_over_the_wire() -> None:
    odd = Key("vendor", 'Müller "&" Söhne, \u2028', "EUR")
    largest = Balance("log", 2**48, 2**32 - 1, -(2**63) + 1, 2**40)
    for key, balance in ((odd, largest), (PARTITION, OLD)):
        assert wire.decode_balance(*wire.encode_balance(key, balance)) == (key, balance)


def test_the_changelog_has_the_name_that_is_created(table: BalanceTable) -> None:
    assert table.changelog_topic_name == topics.BALANCE_CHANGELOG


def test_an_older_balance_behind_a_newer_one_is_passed_over(table: BalanceTable) -> None:
    table.apply_changelog_batch([event(0, ACME, OLD), event(0, ACME, NEW), event(0, ACME, OLD)])
    assert table.changed() == {0: {ACME: NEW}}
    assert table.changed() == {}


def test_of_another_log_the_last_balance_counts(table: BalanceTable) -> None:
    anew = Balance("log-2", 0, 0, 5, 1)
    table.apply_changelog_batch([event(0, ACME, NEW), event(0, ACME, anew)])
    assert table.changed() == {0: {ACME: anew}}


def test_partitions_are_kept_apart_and_forgotten_when_they_go(table: BalanceTable) -> None:
    changelog = TP(table.changelog_topic_name, 0), TP(table.changelog_topic_name, 1)
    table.app.tables.recovery.active_offsets.update(dict.fromkeys(changelog, 5))
    table.apply_changelog_batch([event(0, ACME, OLD), event(1, ACME, NEW)])
    mine = {changelog[1], TP(topics.RATED, 1)}
    asyncio.run(table.on_rebalance(mine, {changelog[0]}, set()))
    assert table.changed() == {1: {ACME: NEW}}
    assert dict(table.app.tables.recovery.active_offsets) == {changelog[1]: 5}
