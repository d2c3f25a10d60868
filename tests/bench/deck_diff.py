"""How long a difference of two large decks takes: `python -m tests.bench.deck_diff [CODES]`.

Both decks are made up: codes of 5 to 8 digits, one in fifty only in one of them, one in five of the
new rates a week later. With traffic: a group of calls for each code. The first round is not timed:
it compiles the kernels.
"""

import sys
import time
from typing import Any

import numpy as np
import pyarrow as pa

from billing.deck import FOREVER_MS, RATES, DeckOptions, DeckVersion
from billing.deck_diff.report import diff
from billing.deck_diff.weigh import TRAFFIC
from billing.deck_state import state_of

CODES = 200_000
ROUNDS = 3
WEEK_MS = 7 * 86_400_000
START_MS = 1_760_000_000_000


def table(columns: list[Any], schema: pa.Schema) -> pa.Table:
    """Columns as a table."""
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def version(number: int, codes: list[str], seed: int, from_ms: int) -> DeckVersion:
    """A full version with a rate for nearly every code."""
    chance = np.random.default_rng(seed)
    own = [code for code, kept in zip(codes, chance.random(len(codes)) < 0.98, strict=True) if kept]
    n = len(own)
    rate = chance.integers(1, 100, n) * 1_000_000
    begin = from_ms + np.where(chance.random(n) < 0.2, WEEK_MS, 0)
    zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
    names = [f"to {code[:4]}" for code in own]
    times = (begin, np.full(n, np.int64(FOREVER_MS)))
    classes = (["any"] * n, ["any"] * n, [False] * n)
    columns = [own, names, rate, rate, zero, one, one, *times, *classes]
    rates = table(columns, RATES)
    return DeckVersion(number, "big", "sell", "full", from_ms, 0, DeckOptions(), rates)


def main() -> None:
    """Print seconds, wall clock and CPU."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else CODES
    drawn = np.random.default_rng(1).integers(10_000, 99_999_999, 2 * wanted)
    codes = [str(code) for code in np.unique(drawn)[:wanted]]
    line = [version(1, codes, 2, START_MS)]
    new = version(2, codes, 3, START_MS + 52 * WEEK_MS)
    n = len(codes)
    columns = [codes, [""] * n, [0] * n, [100] * n, [9_000_000] * n]
    traffic = table(columns, TRAFFIC)
    for name, work in (
        ("difference", lambda: diff(line, new)),
        ("difference with traffic", lambda: diff(line, new, traffic)),
        ("state of both versions", lambda: state_of([*line, new], new.valid_from_ms)),
    ):
        work()
        for _ in range(ROUNDS):
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(f"{n:,} codes, {name}: {wall:.2f} s, CPU {cpu:.2f} s")


if __name__ == "__main__":
    main()
