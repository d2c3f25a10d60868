"""Lines a second of every format, on one core: `python -m tests.bench.mediation [--lines N]`.

Each format's own sample, read in pieces of 8 MiB as the collector does: boundary, take, calls. Best
of three. Beside it pyarrow.csv that merely reads the same bytes as columns of text, and Python's
csv module that merely splits them (JSON: msgspec and json). The last line is JSON.
"""

import argparse
import csv
import io
import json
import os
import time
from collections.abc import Callable
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.csv as pacsv
from rich.console import Console
from rich.table import Table

from tests.billing.switches.samples import SAMPLES, reader_of

LINES: Final = 300_000
PIECE_BYTES: Final = 8 * 1024 * 1024
RUNS: Final = 3
AIM: Final = 300_000
DELIMITERS: Final = {"acc_flatstore": "|", "csv": ";"}
CONSOLE: Final = Console(width=120)


def written(name: str, lines: int) -> bytes:
    """A file of so many records, made of a few thousand different ones."""
    sample = SAMPLES[name]
    calls = lines // sample.per_call
    return sample.header + b"".join([sample.record(i) for i in range(calls)])


def read(name: str, data: bytes) -> int:
    """Read a file piece by piece; returns the number of calls."""
    reader, at, line, calls = reader_of(name), 0, 1, 0
    while at < len(data):
        piece = data[at : at + PIECE_BYTES]
        piece = piece[: reader.boundary(piece)]
        taken = reader.take(piece, line)
        assert not taken.dead, taken.dead[0]
        at, line, calls = at + len(piece), line + piece.count(b"\n"), calls + taken.calls.num_rows
    return calls


def merely_arrow(name: str, data: bytes) -> None:
    """The same bytes by pyarrow.csv, columns of text, on one thread."""
    delimiter = DELIMITERS.get(name, ",")
    body = data[len(SAMPLES[name].header) :]
    width = len(next(csv.reader([body[: body.index(b"\n")].decode()], delimiter=delimiter)))
    names = [str(i) for i in range(width)]
    pacsv.read_csv(
        pa.BufferReader(body),
        pacsv.ReadOptions(use_threads=False, column_names=names, block_size=PIECE_BYTES),
        pacsv.ParseOptions(delimiter=delimiter, invalid_row_handler=lambda _: "skip"),
        pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )


def merely_csv(name: str, data: bytes) -> None:
    """The same bytes by Python's csv module."""
    text = io.StringIO(data.decode(), newline="")
    for _ in csv.reader(text, delimiter=DELIMITERS.get(name, ",")):
        pass


def merely_msgspec(_: str, data: bytes) -> None:
    """The same documents by msgspec."""
    decoder = msgspec.json.Decoder()
    for line in data.splitlines():
        decoder.decode(line)


def merely_json(_: str, data: bytes) -> None:
    """The same documents by Python's json module."""
    for line in data.splitlines():
        json.loads(line)


def best_s(work: Callable[[str, bytes], object], name: str, data: bytes) -> float:
    """CPU seconds of the fastest of RUNS."""
    found = []
    for _ in range(RUNS):
        begin = time.process_time()
        work(name, data)
        found.append(time.process_time() - begin)
    return min(found)


def main() -> None:
    """Print the table and the JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--format", choices=list(SAMPLES), action="append")
    asked = parser.parse_args()
    pa.set_cpu_count(1)
    table = Table("format", "bytes/line", "lines/s", "times pyarrow/msgspec", "times csv/json")
    figures = {}
    for name in asked.format or SAMPLES:
        is_json = name.endswith("json")
        lines = asked.lines // 3 if is_json else asked.lines
        data = written(name, lines)
        read(name, data[: len(SAMPLES[name].header)] + SAMPLES[name].record(0))
        count = data.count(b"\n")
        ours_s = best_s(read, name, data)
        fast, plain = (merely_msgspec, merely_json) if is_json else (merely_arrow, merely_csv)
        fast_s = best_s(fast, name, data)
        plain_s = best_s(plain, name, data)
        figures[name] = {
            "lines_per_s": round(count / ours_s),
            "bytes_per_line": round(len(data) / count),
            "ratio_to_fast_reader": round(fast_s / ours_s, 3),
            "ratio_to_python": round(plain_s / ours_s, 2),
        }
        f = figures[name]
        table.add_row(
            name,
            str(f["bytes_per_line"]),
            f"{f['lines_per_s']:,}",
            f"{f['ratio_to_fast_reader']:.2f}",
            f"{f['ratio_to_python']:.2f}",
        )
    CONSOLE.print(table)
    below = [n for n, f in figures.items() if not n.endswith("json") and f["lines_per_s"] < AIM]
    print(json.dumps({"cores": os.cpu_count(), "aim": AIM, "csv_below": below, "formats": figures}))


if __name__ == "__main__":
    main()
