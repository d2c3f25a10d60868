"""What a bad record costs beside a good one, in process: take_in, settle, encode for the topics.

`pytest -m bench -s tests/bench/bench_dead.py`, or run it as a module; the last line is JSON. CPU
time of this thread, so that others on the machine matter less; the best of some runs.
"""

import io
import json
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from billing.mediation import Message
from billing.mediation.fields import COLUMNS
from billing.mediation.mediate import ARROW, CSV, JSON
from kernels import warm
from kernels.seen import Seen
from streams import wire
from streams.agents.rate import letters
from streams.step import Raw, settle, take_in
from streams.topics import RAW_BYTES_MAX
from tests.streams.test_step import AT_MS, LOG, TARIFF, call

RECORDS = 2_000
RUNS = 15
Record = dict[str, Any]
Change = Callable[[Record], Record]

BAD: dict[str, Change] = {
    "missing": lambda r: {**r, "called": None},
    "bad type": lambda r: {**r, "customer": [5]},
    "bad time": lambda r: {**r, "answered_at": "noon"},
    "bad number": lambda r: {**r, "called": "+49x"},
    "negative": lambda r: {**r, "duration_ms": -1},
    "conflict": lambda r: {**r, "call_id": "same", "duration_ms": 3 * int(r["call_id"][2:])},
}


def good(records: int) -> list[Record]:
    """Calls as a switch sends them."""
    other = {"switch": "sbc1", "leg": "a", "calling": "+15550100", "sip_code": 200, "pdd_ms": 900}
    return [call(f"c-{i:08d}", **other) for i in range(records)]


def as_json(records: list[Record]) -> list[Message]:
    return [Message(json.dumps(r).encode(), JSON) for r in records]


def as_csv(records: list[Record]) -> list[Message]:
    lines = (",".join("" if r[c] is None else str(r[c]) for c in COLUMNS) for r in records)
    return [Message("\n".join(lines).encode(), CSV)]


def as_arrow(records: list[Record], rows: int = 1_000) -> list[Message]:
    messages = []
    for at in range(0, len(records), rows):
        table = pa.Table.from_pylist(records[at : at + rows])
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        messages.append(Message(sink.getvalue(), ARROW))
    return messages


def cpu_ns(messages: list[Message]) -> int:
    """CPU to take messages in and encode what comes of them."""
    raws, seen = [Raw(message, i, AT_MS) for i, message in enumerate(messages)], Seen(1 << 15, 0)
    begin = time.thread_time_ns()
    out = settle(take_in(LOG, 0, raws, seen), {}, TARIFF, 1)
    for batch in (*wire.slices(out.rated), *letters(out.dead), out.receipts):
        wire.encode(batch)
    return time.thread_time_ns() - begin


def against(name: str, bad: list[Message], beside: list[Message]) -> tuple[str, float]:
    """(name, how much the bad messages cost for each one that the good ones do); prints both."""
    runs = [(cpu_ns(bad), cpu_ns(beside)) for _ in range(RUNS)]
    worse, better = map(min, zip(*runs, strict=True))
    print(f"{name:28s} bad {worse / 1e6:8.2f} ms   good {better / 1e6:8.2f} ms", end="   ")
    print(f"{worse / better:5.2f}")
    return name, round(worse / better, 2)


def measure() -> dict[str, float]:
    """Cost of bad records, for each one of as many good ones."""
    warm()
    calls, many = good(RECORDS), good(20_000)
    formats = {"JSON": as_json, "CSV": as_csv, "Arrow": as_arrow}
    ratios = []
    for kind, encode in formats.items():
        for what, change in BAD.items():
            if kind != "Arrow" or what not in ("bad type", "bad time"):
                bad = encode([change(r) for r in calls])
                ratios.append(against(f"{kind} {what}", bad, encode(calls)))
    cut = [m._replace(payload=m.payload[:-9]) for m in as_json(calls)]
    ratios.append(against("JSON cut off", cut, as_json(calls)))
    rubbish = [Message(b"\n".join([b"%% buffer overrun %%,7f3a09"] * RECORDS), CSV)]
    ratios.append(against("CSV rubbish", rubbish, as_csv(calls)))
    spoilt = as_arrow([{**r, "called": None, "customer": ""} for r in many], len(many))
    ratios.append(against("Arrow 20,000 rows", spoilt, as_arrow(many, len(many))))
    junk = b"\x00\xff{x,\n" * (RAW_BYTES_MAX // 6)
    full = as_csv(many)[0].payload[:RAW_BYTES_MAX]
    for kind in (JSON, CSV, ARROW):
        junky, whole = [Message(junk, kind)], [Message(full, CSV)]
        ratios.append(against(f"1 MiB junk {kind[:16]}", junky, whole))
    return dict(ratios)


@pytest.mark.bench
def test_bad_records_beside_good_ones() -> None:
    print("\n" + json.dumps(measure()))


if __name__ == "__main__":
    print(json.dumps(measure()))
