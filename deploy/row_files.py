"""Files of rows, CSV, JSON lines or Parquet, that take the place of an old one only when whole."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from billing.errors import FileRefused

KINDS = (".parquet", ".jsonl", ".ndjson", ".json", ".csv", "")
"""by the file's suffix"""
Row = tuple[str, ...]


def check_out(out: Path, read: Sequence[Path]) -> None:
    """Raises FileRefused where a file cannot be written or is one of those that are read."""
    if out.suffix.lower() not in KINDS:
        raise FileRefused(f"{out}: expected .csv, .jsonl or .parquet")
    if out.exists() and any(p.exists() and p.samefile(out) for p in read):
        raise FileRefused(f"{out}: is read by this run: write to another file")


@contextmanager
def writing(path: Path, columns: Sequence[str]) -> Iterator[Callable[[list[Row]], None]]:
    """What takes rows of these columns; the file is there when the block has ended well."""
    with _replaced(path) as part, _writer(part, path.suffix.lower(), columns) as write:
        yield write


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """A file to write instead of `path`; it takes its place when all went well."""
    if path.exists() and not path.is_file():
        yield path
        return
    target = path.resolve()
    part = target.with_name(target.name + ".part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _writer(path: Path, kind: str, columns: Sequence[str]) -> Iterator[Callable[[list[Row]], None]]:
    if kind == ".parquet":
        schema = pa.schema([(c, pa.string()) for c in columns])
        with pq.ParquetWriter(path, schema) as file:
            yield lambda rows: file.write_table(
                pa.Table.from_pylist([dict(zip(columns, r, strict=True)) for r in rows], schema)
            )
    elif kind in (".jsonl", ".ndjson", ".json"):
        with path.open("w", encoding="utf-8") as lines:
            yield lambda rows: lines.writelines(
                json.dumps(dict(zip(columns, r, strict=True))) + "\n" for r in rows
            )
    else:
        with path.open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(columns)
            yield writer.writerows
