"""Runs while others read and write: nobody sees half a chunk, and no late call is left behind."""

import threading
from collections.abc import Callable
from contextlib import closing

import pytest

from clickhouse.client import connect
from deploy.runtime.settings import Settings
from rerate.life import State
from rerate.task import Task
from tests.rerate.stored import Stored, call
from tests.rerate.test_run import CHEAP, COST, DEAR, approved, priced

CALLS = 4_000
SEEN = """
    SELECT toDate(answered_at), uniqExact(nanos), any(nanos), count() FROM charge FINAL
    WHERE leg = 'sell' AND customer = 'acme' GROUP BY 1
"""
"""acme's calls are one chunk of each day, and nobody writes any of them"""


class Reader(threading.Thread):
    """Looks again and again; whole is False once a day was seen half changed."""

    def __init__(self, settings: Settings, done: threading.Event) -> None:
        super().__init__()
        self._settings, self._done = settings, done
        self.whole, self.seen, self.looks = True, set[int](), 0

    def run(self) -> None:
        """Look until told to stop."""
        with closing(connect(self._settings)) as client:
            while not self._done.is_set():
                for _, prices, nanos, calls in client.query(SEEN).result_rows:
                    self.whole &= prices == 1 and calls == CALLS // 4
                    self.seen.add(int(nanos))
                self.looks += 1


def while_read(settings: Settings, act: Callable[[], object]) -> Reader:
    """A reader that looked while something was done."""
    done = threading.Event()
    reader = Reader(settings, done)
    reader.start()
    try:
        act()
    finally:
        done.set()
        reader.join()
    assert reader.looks > 1
    return reader


@pytest.fixture
def filled(stored: Stored) -> Stored:
    """Calls on four days, half of them acme's; the sell deck was corrected since."""
    priced(stored, CALLS)
    return stored


def test_a_reader_sees_a_chunk_before_or_after(filled: Stored, migrated: Settings) -> None:
    number = approved(filled)
    reader = while_read(migrated, lambda: filled.desk.apply(number, "ann"))
    assert reader.whole
    assert reader.seen == {DEAR, CHEAP}
    reader = while_read(migrated, lambda: filled.desk.roll_back(number, "ann"))
    assert reader.whole
    assert reader.seen == {DEAR, CHEAP}


def test_late_calls_of_a_rater_that_lags_are_found(stored: Stored) -> None:
    """They are rated by the old deck and stored when their chunk is done already, twice."""
    stored.deck("gold", "sell", {"49": DEAR})
    stored.deck("buy", "buy", {"49": COST})
    stored.calls(*(call(i) for i in range(8)))
    stale = stored.tariff()
    stored.deck("gold", "sell", {"49": CHEAP})
    number = approved(stored)
    late = {0: [call(i) for i in range(8, 12)], 1: [call(i) for i in range(12, 14)]}

    def after(task: Task) -> None:
        if calls := late.pop(task.turn, None):
            stored.calls(*calls, tariff=stale)

    stored.after_task = after
    record = stored.desk.apply(number, "ann").record
    assert record.run.state is State.APPLIED
    assert record.step.turn >= 2
    assert stored.total("sell") == 14 * CHEAP
    assert stored.total("buy") == 14 * COST
    stored.desk.roll_back(number, "ann")
    assert stored.total("sell") == 14 * DEAR
