"""The job in SQL, for DuckDB and ClickHouse: one text, two spellings of integer division.

A side is two statements. The first finds each call's price: an ASOF join of the calls with the
deck's ranges (the last start that is not after the number) gives the prices of that range, the
deck's dates say which of them; it leaves (duration, price) of every call in a table in memory. The
second counts the rated and charges those that talked, by a join with the few thousand prices.

Tried by hand on a fifth of the data and dropped as slower: in DuckDB a hash join for every length
of a code; in ClickHouse an IP_TRIE dictionary with the number as an address, a HASHED dictionary
looked up for every length, and the join as full_sorting_merge.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.bench.kernel_columns import DECK_KEY, SIDES, Totals, Ways, read_table

BY_DECK = "c.deck = r.deck AND c.number >= r.start"
BY_KEY = "c.key >= r.key"


def _found(side: str, on: str, dates: int) -> str:
    step = " + ".join(f"CAST(answered_ms >= date_{k} AS TINYINT)" for k in range(dates)) or "0"
    price = " ".join(f"WHEN {k} THEN price_{k}" for k in range(dates))
    price = f"CASE step {price} ELSE price_{dates} END" if dates else "price_0"
    return f"""
        WITH c AS (
            SELECT {side}_deck AS deck, number, {step} AS step, duration_ms,
                   CAST({side}_deck AS BIGINT) * {DECK_KEY} + number AS key
            FROM calls JOIN decks ON decks.deck = calls.{side}_deck
        )
        SELECT duration_ms, {price} AS price FROM c ASOF JOIN {side} r ON {on}
    """


def _charges(div: Callable[[str, str], str]) -> str:
    return f"""
        WITH talked AS (
            SELECT p.*, {div("duration_ms + duration_add", "1000")} AS d
            FROM found JOIN prices p USING (price) WHERE duration_ms > 0 AND price >= 0
        ), billed AS (
            SELECT *, CASE WHEN d <= first_s THEN first_s
                      ELSE start_s + {div("d - start_s + next_s - 1", "next_s")} * next_s END AS b
            FROM talked WHERE d >= free_below_s
        ), net AS (
            SELECT *, greatest(first_usage + (b - first_s) * next_rate + fee60, least60)
                      + money_add AS net
            FROM billed
        ), whole AS (
            SELECT *, {div("net", "unit60")} AS q FROM net
        )
        SELECT (SELECT count(*) FROM found WHERE price >= 0), sum(b),
               sum((q - CASE WHEN half_even = 1 AND q % 2 = 1 AND q * unit60 = net
                        THEN 1 ELSE 0 END) * unit)
        FROM whole
    """


def duckdb_ways(folder: Path) -> Ways:
    """DuckDB with all threads, its own tables in memory, filled in the order of the ranges."""
    connection = import_module("duckdb").connect()
    for name in ("calls", "decks", "prices", *SIDES):
        connection.register("columns", pa.table(read_table(folder, name)))
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM columns")
        connection.unregister("columns")
    dates = len(read_table(folder, "decks")) - 1
    charges = _charges(lambda n, d: f"(({n}) // {d})")

    def totals(on: str) -> Totals:
        found: Totals = []
        for side in SIDES:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE found AS {_found(side, on, dates)}")
            found += [int(n or 0) for n in connection.execute(charges).fetchone()]
        return found

    return {
        "ASOF join on one key of deck and number": lambda: totals(BY_KEY),
        "ASOF join by deck": lambda: totals(BY_DECK),
    }


def clickhouse_ways(folder: Path) -> Ways:
    """ClickHouse as chDB with all threads, its tables in engine Memory, in the same order."""
    session = import_module("chdb.session").Session()

    def query(sql: str) -> Any:
        return session.query(sql, "TabSeparated")

    for name in ("calls", "decks", "prices", *SIDES):
        table, path = pa.table(read_table(folder, name)), folder / f"{name}.arrow"
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
        query(
            f"CREATE TABLE {name} ENGINE = Memory AS SELECT * FROM file('{path}', Arrow) "
            "SETTINGS schema_inference_make_columns_nullable = 0"
        )
        path.unlink()
    dates = len(read_table(folder, "decks")) - 1
    charges = _charges(lambda n, d: f"intDiv({n}, {d})")

    def totals() -> Totals:
        found: Totals = []
        for side in SIDES:
            query("DROP TABLE IF EXISTS found")
            query(f"CREATE TABLE found ENGINE = Memory AS {_found(side, BY_DECK, dates)}")
            found += [int(n) for n in str(query(charges)).split()]
        return found

    return {"ASOF join by deck": totals}
