"""Stored calls come back as the facts they were, and a back-test of them says what a watch says."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from billing.fraud.backtest import replay
from billing.fraud.rules import Rules
from clickhouse.client import connect, insert_arrow
from clickhouse.fraud import SPAN_MS, History
from clickhouse.tables import CDR, CHARGE, RATE
from deploy.fraud import backtest
from deploy.runtime.settings import Settings
from streams.agents.store import by_day
from tests.deploy.conftest import environment
from tests.fraud.made import small, small_facts
from tests.fraud.traffic.world import DAY_MS, FIRST_MS

SPAN = (FIRST_MS, FIRST_MS + 10 * DAY_MS)


def of_records() -> pa.Table:
    """The facts of records as the tables can give them: no arrival, no set-up time."""
    facts = small_facts(starts=False)
    zero = pa.array(np.zeros(len(facts), np.int64))
    for name in ("arrived_ms", "setup_ms"):
        facts = facts.set_column(facts.schema.get_field_index(name), facts.schema.field(name), zero)
    return facts.sort_by([("at_ms", "ascending"), ("call", "ascending")])


def fill(schema: pa.Schema, n: int, known: dict[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
    """n rows: what is known, and 0 or "" else."""
    blank = {
        name: pa.array([""] * n) if pa.types.is_string(kind) else pa.array(np.zeros(n, np.int64))
        for name, kind in zip(schema.names, schema.types, strict=True)
    }
    columns = [(known.get(f.name, blank[f.name])).cast(f.type) for f in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def store(settings: Settings, facts: pa.Table) -> None:
    """The calls, their charges, and a deck with a row for each price of a destination."""
    n = len(facts)
    hashes = facts.column("call").to_numpy()
    ids = pa.array([int(h).to_bytes(8, "little") + bytes(8) for h in hashes], pa.binary(16))
    answered = pc.subtract(facts.column("at_ms"), facts.column("duration_ms"))
    own = ("customer", "vendor", "calling", "called", "sip_code", "duration_ms")
    same = {name: facts.column(name) for name in own}
    same |= {"cdr_id": ids, "answered_at": answered.cast(pa.timestamp("ms", "UTC"))}
    names = pa.array([f"call-{h}" for h in hashes])
    dest = facts.column("destination").combine_chunks().dictionary_encode()
    rates = np.zeros(len(dest.dictionary), np.int64)
    rates[dest.indices.to_numpy()] = facts.column("nanos_per_min").to_numpy()
    ones = pa.array(np.ones(n, np.int64))
    charge = {
        **same,
        "leg": pa.array(["sell"] * n),
        "nanos": facts.column("sell_nanos"),
        "deck_version": ones,
        "rate_row": dest.indices.cast(pa.int64()),
        "fx_num": ones,
        "fx_den": ones,
    }
    listed = {
        "deck_version": pa.array(np.ones(len(rates), np.int64)),
        "rate_row": pa.array(np.arange(len(rates))),
        "destination": dest.dictionary,
        "next_rate_nanos": pa.array(rates),
    }
    with closing(connect(settings)) as client:
        insert_arrow(client, RATE.name, fill(RATE.schema, len(rates), listed))
        for table, known in ((CDR, {**same, "call_id": names}), (CHARGE, charge)):
            for day in by_day(table, fill(table.schema, n, known)):
                insert_arrow(client, table.name, day)


@pytest.fixture
def stored(migrated: Settings) -> Settings:
    """A week of a small market, with every attack."""
    store(migrated, of_records())
    return migrated


def test_a_back_test_says_what_a_watch_says(stored: Settings) -> None:
    facts = of_records()
    with closing(connect(stored)) as client:
        batches = [batch for batch, _ in History(client, *SPAN).batches()]
    assert pa.concat_tables(batches).combine_chunks() == facts.combine_chunks()
    late = facts.column("duration_ms").to_numpy().max()
    assert late < SPAN_MS * 8
    found = backtest(stored, SPAN, Rules(), frozenset())
    expected = replay([facts], Rules(), SPAN[1])
    assert found.alerts == expected.alerts
    assert len(found.incidents) >= 5


def test_the_command_judges_by_known_fraud_and_refuses_bad_input(
    stored: Settings, tmp_path: Path
) -> None:
    scenario = small()
    hashes = small_facts(starts=False).column("call").to_numpy()
    assert scenario.calls.label.any()
    from tests.fraud.traffic.stream import call_ids

    fraud = call_ids(len(scenario.calls.start))[scenario.calls.label > 0]
    assert np.isin(fraud, hashes).all()
    known, bad = tmp_path / "fraud.txt", tmp_path / "rules.toml"
    known.write_text("\n".join(f"call-{h}" for h in fraud))
    bad.write_text("[irsf]\nmoney_10 = 3\n")
    common = ["fraud", "backtest", "--from", str(SPAN[0]), "--to", str(SPAN[1])]

    def run(*more: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "deploy.cli", *common, *more]
        env = environment(stored) | {"PATH": "/usr/bin"}
        return subprocess.run(command, capture_output=True, text=True, env=env, check=False)

    done = run("--fraud-calls", str(known), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["calls"] == len(hashes)
    families = {i["family"] for i in answer["incidents"] if i["false"] is False}
    assert {"irsf", "wangiri"} <= families
    refused = run("--rules", str(bad))
    assert (refused.returncode, "money_10" in refused.stderr) == (1, True)
    known.write_text("nobody-knows-it\n")
    missing = run("--fraud-calls", str(known))
    assert (missing.returncode, "nobody-knows-it" in missing.stderr) == (1, True)
