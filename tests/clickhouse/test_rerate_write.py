"""What makes a chunk whole for its readers: one statement, one block, one part."""

from contextlib import closing

from clickhouse.client import connect
from clickhouse.rerate_scope import Span
from clickhouse.rerate_write import post, set_step, state_of
from clickhouse.tables import LIVE_VERSIONS
from deploy.runtime.settings import Settings

ROWS = 1_200_000
"""More than ClickHouse puts into one block by itself."""
DAY = 20_400
LEDGER = f"""
    INSERT INTO rerate_delta SELECT
        7 AS step, 3 AS run, 'acme' AS customer, 'vend' AS vendor,
        fromUnixTimestamp64Milli(toInt64({DAY * 86_400_000} + number), 'UTC') AS answered_at,
        toFixedString(leftPad(toString(number), 16, '0'), 16) AS cdr_id, 'sell' AS leg,
        60000 AS duration_ms, now64(3) AS received_at,
        '' AS old_reason, 60, 2, 'USD', 1, 1, 1, 1, 0,
        '' AS new_reason, 60, 1, 'USD', 2, 1, 1, 1, 3, 0 AS adjusts
    FROM numbers({ROWS})
"""


def test_a_chunk_is_posted_as_one_part(migrated: Settings) -> None:
    with closing(connect(migrated)) as client:
        client.command("SYSTEM STOP MERGES charge")
        client.command(LEDGER)
        set_step(client, 7, 3, "apply", "open", 0)
        post(client, 7, Span(DAY))
        parts = "SELECT rows FROM system.parts WHERE table = 'charge' AND active"
        found = client.query(f"{parts} AND database = currentDatabase()").result_rows
        versions = client.query("SELECT DISTINCT version, run FROM charge").result_rows
    assert found == [(ROWS,)]
    assert versions == [(LIVE_VERSIONS + 7, 3)]


def test_nothing_is_posted_for_a_closed_step(migrated: Settings) -> None:
    with closing(connect(migrated)) as client:
        client.command(LEDGER)
        set_step(client, 7, 3, "apply", "open", 0)
        set_step(client, 7, 3, "apply", "closed", 0)
        post(client, 7, Span(DAY))
        assert client.query("SELECT count() FROM charge").result_rows == [(0,)]
        assert state_of(client, 7) == "closed"


def test_nothing_is_posted_for_an_apply_that_is_undone(migrated: Settings) -> None:
    with closing(connect(migrated)) as client:
        client.command(LEDGER)
        assert state_of(client, 7) == ""
        set_step(client, 7, 3, "apply", "open", 0)
        set_step(client, 8, 3, "rollback", "open", 7)
        set_step(client, 7, 3, "apply", "open", 0)  # by a command that stood still meanwhile
        post(client, 7, Span(DAY))
        assert client.query("SELECT count() FROM charge").result_rows == [(0,)]
        assert (state_of(client, 7), state_of(client, 8)) == ("closed", "open")
