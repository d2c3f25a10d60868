"""A rate sheet of 200,000 rows from bytes to a tariff: seconds and memory of each stage.

Run as `python -m tests.bench.decks [ROWS]`; the last line is JSON. Each kind of file is read in a
process of its own, so that peaks of memory do not mix; the files are made beforehand.
"""

import io
import json
import multiprocessing
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import python_calamine
import xlsxwriter

from billing.deck import DeckOptions, DeckVersion
from billing.instants import parse_instant_ms
from billing.parties import parties_of
from billing.sheets import SheetTerms, check_against, read_sheet
from billing.sheets.package import parts_of
from billing.sheets.text_file import read_text
from billing.sheets.workbook import read_workbook
from billing.sheets.xlsx_guard import check_xlsx
from billing.tariff import compile_tariff
from tests.sheets.made import text_bytes

ROWS: Final = 200_000
HEADER: Final = [
    "Destination",
    "Code",
    "Rate",
    "Effective date",
    "Increments",
    "Status",
    "Setup fee",
]
_BEGIN_MS: Final = parse_instant_ms("2026-12-01")


def rows_of(count: int) -> list[list[Any]]:
    """Rows of a made deck: letterhead, header, and a code each, seven columns wide."""
    chance = random.Random(7)
    day = datetime(2026, 12, 15)  # noqa: DTZ001 - a workbook's dates have no zone
    rows: list[list[Any]] = [["Carrier, full A-Z price list"], [], ["Currency: USD"], [], HEADER]
    codes = chance.sample(range(2_000_000, 9_999_999), count)
    for i, code in enumerate(codes):
        price = chance.randrange(10, 5_000) / 10_000
        rows.append([f"Destination {i // 40}", code, price, day, "60/60", "Unchanged", 0])
    return rows


def make_xlsx(rows: list[list[Any]], path: Path) -> None:
    """The rows as an XLSX with shared texts, as spreadsheets write it."""
    with xlsxwriter.Workbook(path) as book:
        sheet, day = book.add_worksheet("Rates"), book.add_format({"num_format": "dd/mm/yyyy"})
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(r, c, value, day)
                else:
                    sheet.write(r, c, value)


def _peak_mib() -> int:
    """The most memory this process has had; getrusage would count the parent's too."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found.group(1)) // 1024


class Stages:
    """Wall and CPU seconds of each stage, and the memory peak after it."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}

    def run(self, name: str, work: Callable[[], Any]) -> Any:
        """Do the work and note what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.found[name] = {
            "wall_s": round(time.perf_counter() - wall, 2),
            "cpu_s": round(time.process_time() - cpu, 2),
            "peak_mib": _peak_mib(),
        }
        return result


def _tariff(rates: Any) -> Any:
    version = DeckVersion(1, "d", "buy", "full", _BEGIN_MS, 0, DeckOptions(), rates)
    return compile_tariff([version], parties_of([]))


def measured(path: str) -> dict[str, Any]:
    """All stages of one file, in this process."""
    data = Path(path).read_bytes()
    terms = SheetTerms("buy", "USD", ZoneInfo("UTC"), _BEGIN_MS, _BEGIN_MS, DeckOptions())
    _tariff(read_sheet(b"Code,Rate\n44,1\n", "warm", terms).rates)  # compiles the kernels
    stages, start_mib = Stages(), _peak_mib()
    sheet = stages.run("read_sheet", lambda: read_sheet(data, path, terms))
    assert not sheet.problems, sheet.problems[:3]
    found = stages.run("check_against", lambda: check_against(sheet.rates, sheet.rates, 7))
    stages.run("compile", lambda: _tariff(sheet.rates))
    return {"start_mib": start_mib, "rates": sheet.rates.num_rows, "odd": len(found),
            "stages": stages.found}  # fmt: skip


def parts(path: str) -> dict[str, Any]:
    """What of reading is the guard, and what the cells."""
    data, stages = Path(path).read_bytes(), Stages()
    if path.endswith(".csv"):
        stages.run("cells", lambda: read_text(data, path, "", ""))
    else:
        stages.run("guard", lambda: check_xlsx(data, parts_of(data)))
        stages.run("guard and cells", lambda: list(read_workbook(data, path)))
    return {"stages": stages.found}


def plain_calamine(path: str) -> dict[str, Any]:
    """The same file by calamine into lists, without any meaning."""
    data, stages = Path(path).read_bytes(), Stages()

    def read() -> int:
        with python_calamine.load_workbook(io.BytesIO(data)) as book:
            return len(book.get_sheet_by_index(0).to_python())

    stages.run("calamine", read)
    return {"stages": stages.found}


def alone(work: Callable[[str], dict[str, Any]], path: Path) -> dict[str, Any]:
    """Run in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (str(path),))


def main() -> None:
    """Make the files, measure, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    result: dict[str, Any] = {"rows": count}
    with tempfile.TemporaryDirectory() as folder:
        rows = rows_of(count)
        book, text = Path(folder) / "deck.xlsx", Path(folder) / "deck.csv"
        make_xlsx(rows, book)
        as_text = [
            [v.strftime("%d/%m/%Y") if isinstance(v, datetime) else v for v in r] for r in rows
        ]
        text.write_bytes(text_bytes(as_text))
        del rows, as_text
        for path in (book, text):
            kind = path.suffix[1:]
            print(f"{path.name}: {count:,} rows, {path.stat().st_size / 1e6:.1f} MB")
            result[kind] = alone(measured, path)
            result[f"{kind}_parts"] = alone(parts, path)
        result["calamine"] = alone(plain_calamine, book)
    for kind in ("xlsx", "csv", "xlsx_parts", "csv_parts", "calamine"):
        for name, took in result[kind]["stages"].items():
            speed = count / max(took["wall_s"], 0.01)
            print(
                f"{kind:>10}  {name:<16} {took['wall_s']:>7.2f} s  {took['cpu_s']:>6.2f} s cpu  "
                f"{speed:>9,.0f} rows/s  peak {took['peak_mib']:,.0f} MiB"
            )
    for kind in ("xlsx", "csv"):
        whole = result[kind]["stages"].values()
        result[kind]["total_wall_s"] = round(sum(stage["wall_s"] for stage in whole), 2)
        result[kind]["total_cpu_s"] = round(sum(stage["cpu_s"] for stage in whole), 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
