"""The table of desks without a broker: what comes back, whoever wrote it; what was paid."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.credit.account import Block, Warned
from billing.credit.desk import Desk
from billing.credit.journal import Change
from billing.credit.session import Session
from deploy.runtime.settings import Settings
from kernels.terms import Terms
from streams import topics, wire
from streams.credit_reconcile import Difference, PaidCheck
from streams.credit_table import CreditTable
from streams.faust_app import new_app
from streams.wire import Stamp
from tests.credit.truth import RULE

TERMS = Terms((2, 2, 0, 60, 60), RULE, (1, 1), 7)
TALKING = Session(
    *("sw", "c1", "", "acme", "vend", "t1", "4930", TERMS, "talking"),
    *(5, True, 60, 1_000, 9, 0, 20),
)


@pytest.fixture
def table(tmp_path: Path) -> CreditTable:
    """A table of an app that is not started."""
    app_settings = Settings.model_validate({"data_dir": tmp_path})
    app = new_app(topics.CONTROLS, app_settings, table_standby_replicas=0)
    found: CreditTable = app.tables.add(CreditTable(app, app_settings.partitions))
    return found


def event(change: Change, stamp: Stamp, partition: int = 0) -> Any:
    """A message of the changelog, as Faust hands it over."""
    key, value = wire.encode_change(change, stamp)
    return SimpleNamespace(key=key, value=value, message=SimpleNamespace(partition=partition))


def session(granted_s: int) -> Change:
    """A call with so much granted."""
    return Change("session", "acme", "k1", TALKING._replace(granted_s=granted_s))


@settings(max_examples=100, deadline=None)
@given(
    st.text(min_size=1, max_size=20),
    st.one_of(
        st.builds(lambda s: ("session", TALKING._replace(called=s, call_id=s)), st.text()),
        st.builds(lambda n: ("order", n), st.integers(-(2**63), 2**63 - 1)),
        st.builds(lambda t: ("block", Block("49", True, t, t, 0, 2**40)), st.text()),
        st.just(("warned", Warned(10**18, 95))),
        st.just(("session", None)),
    ),
)
def test_every_part_of_a_book_survives_its_way_over_the_wire(
    name: str, part: tuple[str, Any]
) -> None:
    change = Change(part[0], name, name, part[1])
    stamp = Stamp(3, 2**50)
    found = wire.decode_change(*wire.encode_change(change, stamp))
    assert found == (change, stamp if part[1] is not None else None)


def test_the_changelog_has_the_name_that_is_created(table: CreditTable) -> None:
    assert table.changelog_topic_name == topics.CREDIT_CHANGELOG


def test_what_a_worker_thought_dead_writes_late_is_passed_over(table: CreditTable) -> None:
    table.apply_changelog_batch(
        [
            event(session(60), Stamp(4, 1)),
            event(session(120), Stamp(5, 1)),
            event(session(90), Stamp(4, 2)),
        ]
    )
    book = table.desk(0).journal.books["acme"]
    assert book.sessions["k1"].granted_s == 120


def test_each_owner_writes_with_a_higher_epoch(table: CreditTable) -> None:
    table.apply_changelog_batch([event(session(60), Stamp(7, 40))])
    ((_, key, value),) = table.messages(0, table.desk(0), [session(90)])
    _, stamp = wire.decode_change(key, value)
    assert stamp is not None
    assert stamp > Stamp(7, 10**9)


def test_what_a_worker_wrote_itself_does_not_come_back_older(table: CreditTable) -> None:
    """Faust reads a changelog again at each rebalance, from where the last recovery ended."""
    table.apply_changelog_batch([event(session(60), Stamp(1, 1))])
    first = table.messages(0, table.desk(0), [session(90)])
    desk = table.desk(0)
    desk.restore(session(120), 0)
    again = [
        SimpleNamespace(key=k, value=v, message=SimpleNamespace(partition=0)) for _, k, v in first
    ]
    table.apply_changelog_batch(again)
    assert desk.journal.books["acme"].sessions["k1"].granted_s == 120


def test_partitions_are_kept_apart_and_forgotten_when_they_go(table: CreditTable) -> None:
    table.apply_changelog_batch(
        [event(session(60), Stamp(1, 1), 0), event(session(90), Stamp(1, 1), 1)]
    )
    changelog = TP(table.changelog_topic_name, 0), TP(table.changelog_topic_name, 1)
    asyncio.run(table.on_rebalance({changelog[1]}, {changelog[0]}, set(), 3))
    assert set(table.desks()) == table.mine == {1}


def test_a_desk_that_went_to_another_worker_writes_no_more(table: CreditTable) -> None:
    changelog = TP(table.changelog_topic_name, 0)
    desk = table.desk(0)
    asyncio.run(table.on_rebalance(set(), {changelog}, set(), 3))
    assert table.messages(0, desk, [session(90)]) == []
    asyncio.run(table.on_rebalance({changelog}, set(), {changelog}, 4))
    assert table.desk(0) is not desk
    assert table.messages(0, desk, [session(90)]) == []


def test_a_new_book_learns_its_limit_when_it_is_opened(table: CreditTable) -> None:
    told: list[tuple[int, str]] = []
    table.opened = lambda partition, book: told.append((partition, book.account))
    table.desk(2).journal.book("acme")
    table.desk(2).journal.book("acme")
    assert told == [(2, "acme")]


def test_payments_that_are_not_the_movements_are_said_when_they_stay() -> None:
    desk, check = Desk(), PaidCheck()
    desk.journal.book("acme").paid_nanos = 70
    desk.journal.book("bolt").paid_nanos = 5
    stored = {"acme": 50, "bolt": 5}
    assert check.judge({0: desk}, stored.__getitem__) == []
    assert check.judge({0: desk}, stored.__getitem__) == [Difference("acme", 70, 50)]
    stored["acme"] = 70
    assert check.judge({0: desk}, stored.__getitem__) == []
