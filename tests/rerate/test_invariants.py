"""The invariants are worth something: each finds what it is for."""

import pytest

from clickhouse.tables import LIVE_VERSIONS
from tests.rerate.stored import INVARIANTS, Stored
from tests.rerate.test_run import approved, priced

BREAKS = {
    "calls_are_rated_whole": "if(leg = 'buy', 'x', reason) AS reason, version + 1 AS version",
    "changes_are_a_chain": "",
    "charges_follow_the_ledger": f"nanos + 1 AS nanos, {LIVE_VERSIONS + 1_000} AS version",
    "versions_are_in_their_place": f"0 AS run, {LIVE_VERSIONS + 1_000} AS version",
}
"""What is changed in the charges; nothing: in the ledger."""
CHAIN = """INSERT INTO rerate_delta SELECT * REPLACE (step + 1 AS step, run + 1 AS run)
    FROM rerate_delta"""
STEP = """INSERT INTO rerate_step (step, run, phase, state, undoes)
    SELECT step + 1, run + 1, phase, state, 0 FROM rerate_step FINAL WHERE phase = 'apply'"""


def test_every_invariant_has_its_break() -> None:
    assert [path.stem for path in INVARIANTS] == sorted(BREAKS)


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_an_invariant_finds_what_it_is_for(stored: Stored, name: str) -> None:
    priced(stored)
    stored.desk.apply(approved(stored), "ann")
    stored.holds()
    for table in ("charge", "rerate_delta", "rerate_step"):
        stored.client.command(f"CREATE TABLE kept_{table} AS {table}")
        stored.client.command(f"INSERT INTO kept_{table} SELECT * FROM {table}")
    if BREAKS[name]:
        stored.client.command(
            f"INSERT INTO charge SELECT * REPLACE ({BREAKS[name]}) FROM charge FINAL"
        )
    else:
        stored.client.command(CHAIN)
        stored.client.command(STEP)
    query = next(path for path in INVARIANTS if path.stem == name).read_text()
    assert stored.client.query(query).result_rows
    for table in ("charge", "rerate_delta", "rerate_step"):
        stored.client.command(f"EXCHANGE TABLES {table} AND kept_{table}")
