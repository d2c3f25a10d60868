"""The offline command on a million calls and a real deck, beside a plain copy of the same file.

`pytest -m bench -s tests/bench/bench_rate_file.py`, or run it as a module; the last line is JSON.
"""

import csv
import json
import tempfile
import time
from pathlib import Path

import pytest

from billing.deck import DeckOptions
from deploy.rate_file import compile_decks, rate_file
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


def measure(folder: Path) -> dict[str, float]:
    """The figures; the copy is the floor that the format itself sets."""
    calls = folder / "calls.csv"
    write_calls(calls, CALLS)
    copy_s = min(copied_s(calls, folder / "copy.csv") for _ in range(2))
    load_s, rate_s = rated_s(calls, folder / "out.csv")
    return {
        "calls": CALLS,
        "calls_per_s": round(CALLS / rate_s),
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
