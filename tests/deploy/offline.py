"""Files for the offline command: the same few calls in every format, and what they must cost."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[2]
SELL = """prefix,destination,rate_per_min,connect_fee,first_increment,next_increment
44,United Kingdom,0.6,0.01,1,1
447,"United Kingdom, mobile",1.2,0,30,6
1,USA,0.06,0,6,6
"""
BUY = """prefix,destination,rate_per_min,connect_fee,first_increment,next_increment
44,UK,0.3,0,1,1
1,USA,0.5,0,60,60
"""
CALLS = [
    {"call_id": "uk", "called": "+442071838750", "duration_ms": "60000"},
    {"call_id": "mobile", "called": "00447700900123", "duration_ms": "31000"},
    {"call_id": "loss", "called": "12025550100", "duration_ms": "7000"},
    {"call_id": "attempt", "called": "442071838750", "duration_ms": "0"},
    {"call_id": "nowhere", "called": "8801", "duration_ms": "60000"},
    {"call_id": "broken", "called": "44x", "duration_ms": "60000"},
    {"call_id": "endless", "called": "4420", "duration_ms": "604800001"},
    {"call_id": "last", "called": "4420", "duration_ms": "1"},
]
AT = "2026-11-23T10:00:00Z"
COLUMNS = (
    *("call_id", "status", "reason", "sell_net", "sell_billed_s", "sell_prefix"),
    *("sell_destination", "buy_net", "buy_billed_s", "buy_prefix", "buy_destination", "margin"),
)
_UK, _USA = "United Kingdom", "USA"
RATED = [
    ("uk", "rated", "", "0.61", "60", "44", _UK, "0.3", "60", "44", "UK", "0.31"),
    (
        "mobile",
        "rated",
        "",
        "0.72",
        "36",
        "447",
        f"{_UK}, mobile",
        "0.155",
        "31",
        "44",
        "UK",
        "0.565",
    ),
    ("loss", "rated", "", "0.012", "12", "1", _USA, "0.5", "60", "1", _USA, "-0.488"),
    ("attempt", "rated", "", "0", "0", "44", _UK, "0", "0", "44", "UK", "0"),
    ("nowhere", "suspended", "sell_rate_missing", *[""] * 9),
    (
        *("broken", "dead", "called='44x': not a number: digits, '+' or '00' in front"),
        *[""] * 9,
    ),
    ("endless", "dead", "duration_ms='604800001': allowed 0 to 604800000", *[""] * 9),
    ("last", "rated", "", "0.02", "1", "44", _UK, "0.005", "1", "44", "UK", "0.015"),
]
"""Worked out by hand: rows of COLUMNS for CALLS against SELL and BUY."""


def write_decks(folder: Path) -> tuple[Path, Path]:
    sell, buy = folder / "sell.csv", folder / "buy.csv"
    sell.write_text(SELL)
    buy.write_text(BUY)
    return sell, buy


def write_calls(path: Path) -> Path:
    """CALLS in the format of the suffix."""
    rows = [{**call, "answered_at": AT} for call in CALLS]
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        at = pa.array([1_795_428_000_000] * len(rows), pa.timestamp("ms", "UTC"))
        durations = pa.array([int(text) for text in columns["duration_ms"]])
        table = pa.table({**columns, "answered_at": at, "duration_ms": durations})
        pq.write_table(table, path)
    return path


def read_rows(path: Path, columns: tuple[str, ...] = COLUMNS) -> list[tuple[str, ...]]:
    """The rows of an output in any format, as `columns`."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == columns
        return [tuple(row) for row in rows]
    if path.suffix == ".jsonl":
        found = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        found = pq.read_table(path).to_pylist()
    assert all(tuple(row) == columns for row in found)
    return [tuple(row.values()) for row in found]


def tollwire(*arguments: str | Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """The command line in a process of its own, as an operator runs it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TOLLWIRE_")}
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *map(str, arguments)],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
