"""A collected file taken back: its calls lose their money on both sides, and stay without it."""

import pyarrow as pa
import pytest

from clickhouse.client import insert_arrow
from clickhouse.collect_tables import COLLECTED_MESSAGE
from rerate.life import Refused, State
from rerate.scope import ScopeRefused, parse
from tests.rerate.stored import LOG, Stored, call, whole

PRICE, COST = 60_000_000, 10_000_000
FILE, OTHER = "f" * 32, "e" * 32


def brought(stored: Stored, file: str, *offsets: int) -> None:
    """A file's records are in these messages of partition 0."""
    rows = [
        {
            "source": "sw",
            "file": file,
            "raw_log": LOG,
            "raw_partition": 0,
            "raw_offset": o,
            "calls": 1,
            "dead": 0,
            "sent_at": 0,
            "log": LOG,
            "partition": 0,
            "offset": o,
        }
        for o in offsets
    ]
    insert_arrow(
        stored.client,
        COLLECTED_MESSAGE,
        pa.Table.from_pylist(rows, schema=COLLECTED_MESSAGE.schema),
    )


def two_files(stored: Stored) -> None:
    """Calls 0 to 3 came in one file, 4 to 7 in another; call 3 has no price."""
    stored.deck("gold", "sell", {"49": PRICE})
    stored.deck("buy", "buy", {"49": COST})
    stored.calls(*(call(i, **({"called": "33123456"} if i == 3 else {})) for i in range(8)))
    brought(stored, FILE, 0, 1, 2, 3)
    brought(stored, OTHER, 4, 5, 6, 7)


def withdrawn(stored: Stored) -> int:
    """The first file, withdrawn; returns the run."""
    number = stored.desk.make(whole(files=[FILE], withdraw=True), "ann", note="wrong").number
    record = stored.desk.preview(number, "ann").record
    assert record.run.delta == "sell -0.18 USD, buy -0.03 USD"
    stored.desk.submit(number, "ann")
    with pytest.raises(Refused, match="another person"):
        stored.desk.approve(number, "ann", record.run.delta)
    stored.desk.approve(number, "bob", record.run.delta)
    assert stored.desk.apply(number, "ann").record.run.state is State.APPLIED
    return number


def test_a_file_is_withdrawn_and_brought_back(stored: Stored) -> None:
    two_files(stored)
    before = stored.charges()
    number = withdrawn(stored)
    assert (stored.total("sell"), stored.total("buy")) == (4 * PRICE, 4 * COST)
    gone = [leg for leg, reason in stored.charges("leg, reason") if reason == "withdrawn"]
    assert sorted(gone) == ["buy"] * 4 + ["sell"] * 4, "also the call that had no price"
    assert stored.desk.roll_back(number, "ann").record.run.state is State.ROLLED_BACK
    assert stored.charges() == before


def test_no_later_run_prices_what_was_withdrawn(stored: Stored) -> None:
    two_files(stored)
    withdrawn(stored)
    stored.deck("gold", "sell", {"49": 2 * PRICE, "33": PRICE})
    number = stored.desk.make(whole(), "ann").number
    record = stored.desk.preview(number, "ann").record
    assert record.run.delta == "sell 0.24 USD", "the four calls of the other file, and no others"
    stored.desk.submit(number, "ann")
    stored.desk.approve(number, "bob", record.run.delta)
    stored.desk.apply(number, "ann")
    assert stored.total("sell") == 8 * PRICE
    assert sum(reason == "withdrawn" for (reason,) in stored.charges("reason")) == 8


def test_a_file_may_be_rated_again_without_being_withdrawn(stored: Stored) -> None:
    two_files(stored)
    stored.deck("gold", "sell", {"49": 2 * PRICE})
    number = stored.desk.make(whole(files=[OTHER]), "ann").number
    assert stored.desk.preview(number, "ann").record.run.delta == "sell 0.24 USD"


@pytest.mark.parametrize(
    "more",
    [{}, {"files": [FILE], "side": "sell"}, {"files": [FILE], "status": "rated"}],
    ids=["no file", "one side", "some calls"],
)
def test_only_whole_files_are_withdrawn(more: dict[str, object]) -> None:
    period = {"from": "2026-11-01", "to": "2026-12-01"}
    with pytest.raises(ScopeRefused, match="withdraw: takes the calls of files off both sides"):
        parse({**period, "withdraw": True, **more})
    with pytest.raises(ScopeRefused, match="withdraw: 1: true or false"):
        parse({**period, "files": [FILE], "withdraw": 1})
    with pytest.raises(ScopeRefused, match="is not a file's id"):
        parse({**period, "files": ["cdr.csv"]})
