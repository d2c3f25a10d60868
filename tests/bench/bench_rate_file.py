"""The offline commands on a million calls and a real deck, beside a plain copy of the same file.

`pytest -m bench -s tests/bench/bench_rate_file.py`, or run it as a module; the last line is JSON.
"""

import csv
import json
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from billing.deck import DeckOptions
from deploy.rate_file import compile_decks, rate_file
from deploy.whatif import compare
from tests.deploy.az_deck import DECK, needs_deck, write_calls

CALLS = 1_000_000


def copied_s(calls: Path, out: Path) -> float:
    """Seconds the csv module takes to read and write the rows, doing nothing with them."""
    begun = time.perf_counter()
    with calls.open(newline="") as source, out.open("w", newline="") as target:
        csv.writer(target).writerows(csv.reader(source))
    return time.perf_counter() - begun


def rated_s(calls: Path, out: Path) -> tuple[float, float]:
    """(seconds to load the deck, seconds to rate every call to the last byte written)."""
    begun = time.perf_counter()
    decks = compile_decks(DECK, None, DeckOptions(), skip_bad_rows=False)
    loaded = time.perf_counter()
    total = rate_file(calls, out, decks, 0, lambda _: None, lambda _: None)
    assert total.calls == CALLS
    return loaded - begun, time.perf_counter() - loaded


def as_parquet(calls: Path, out: Path) -> None:
    """The same calls in columns of the types that programs write."""
    kinds = {"called": pa.string(), "answered_at": pa.int64()}
    table = pacsv.read_csv(calls, convert_options=pacsv.ConvertOptions(column_types=kinds))
    at = table.column("answered_at").cast(pa.timestamp("ms", "UTC"))
    pq.write_table(table.set_column(1, "answered_at", at), out)


def compared_s(calls: Path) -> float:
    """Seconds to hold two decks against each other on every call."""
    decks = compile_decks(DECK, None, DeckOptions(), skip_bad_rows=False)
    begun = time.perf_counter()
    found = compare(calls, decks, decks, 0, lambda _: None, lambda _: None)
    assert found.calls == CALLS
    return time.perf_counter() - begun


def measure(folder: Path) -> dict[str, float]:
    """The figures; the copy is the floor that the format itself sets."""
    calls = folder / "calls.csv"
    write_calls(calls, CALLS)
    copy_s = min(copied_s(calls, folder / "copy.csv") for _ in range(2))
    load_s, rate_s = rated_s(calls, folder / "out.csv")
    typed = folder / "calls.parquet"
    as_parquet(calls, typed)
    _, typed_s = rated_s(typed, folder / "out.parquet")
    return {
        "calls": CALLS,
        "calls_per_s": round(CALLS / rate_s),
        "parquet_calls_per_s": round(CALLS / typed_s),
        "whatif_calls_per_s": round(CALLS / compared_s(calls)),
        "whatif_parquet_calls_per_s": round(CALLS / compared_s(typed)),
        "copy_rows_per_s": round(CALLS / copy_s),
        "slower_than_copy": round(rate_s / copy_s, 2),
        "deck_load_s": round(load_s, 2),
    }


@needs_deck
@pytest.mark.bench
def test_a_million_calls(tmp_path: Path) -> None:
    print("\n" + json.dumps(measure(tmp_path)))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        print(json.dumps(measure(Path(made))))
