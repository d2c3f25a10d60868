"""What a reader made of a file in pieces, as plain values; every record is accounted for."""

from typing import Any, NamedTuple

from billing.mediation.switches import Dead, Reader, Source, open_reader


class Ledger(NamedTuple):
    """The sum of several takes."""

    calls: list[tuple[int, dict[str, Any]]]
    dead: list[Dead]
    records: int
    skipped: dict[str, int]
    waiting: int
    state: bytes


def account(source: Source, data: bytes, cuts: list[int], restore: bool = False) -> Ledger:
    """Read a file whose growth is seen at `cuts`; restore: a new reader from the state each time.

    Holds after each take: what came in is what came out and what waits.
    """
    reader: Reader = open_reader(source)
    calls: list[tuple[int, dict[str, Any]]] = []
    dead: list[Dead] = []
    skipped: dict[str, int] = {}
    records, done, line = 0, 0, 1
    for seen in [*sorted(cuts), len(data)]:
        if seen <= done:
            continue
        last = seen == len(data)
        piece = data[done:seen]
        piece = piece if last else piece[: reader.boundary(piece)]
        waited = reader.waiting
        taken = reader.take(piece, line, last)
        out = taken.calls.num_rows + len(taken.dead) + sum(taken.skipped.values())
        assert taken.records + waited == out + reader.waiting
        assert len(taken.lines) == taken.calls.num_rows
        calls += zip(taken.lines.tolist(), taken.calls.to_pylist(), strict=True)
        dead += taken.dead
        records += taken.records
        for kind, count in taken.skipped.items():
            skipped[kind] = skipped.get(kind, 0) + count
        done, line = done + len(piece), line + piece.count(b"\n")
        if restore:
            reader = open_reader(source, reader.state())
    assert done == len(data)
    ordered = sorted(calls, key=lambda call: (call[0], call[1]["call_id"]))
    return Ledger(ordered, sorted(dead), records, skipped, reader.waiting, reader.state())
