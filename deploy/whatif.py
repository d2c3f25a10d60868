"""`tollwire whatif`: what another deck would make of the calls of a file, without any service."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.call_file import FileBatch, read_calls
from billing.cdr import instants_ms
from billing.errors import FileRefused, OptionsRefused, Problem
from billing.instants import DAY_MS, format_instant_ms
from billing.money import format_nanos
from billing.rating import RatedCalls, rate
from deploy.rate_file import Offline
from deploy.row_files import Row, check_out, writing
from rerate.figures import Figures, Once, Twice

LEG = "sell"
"""A deck prices alike on both sides."""
COLUMNS = (
    "call_id",
    "answered_at",
    "called",
    "duration_ms",
    "destination",
    "old_status",
    "old_net",
    "old_billed_s",
    "new_status",
    "new_net",
    "new_billed_s",
    "delta",
)


class WhatIf(NamedTuple):
    """What two decks make of one file."""

    calls: int
    """that could be read"""
    dead: int
    currency: str
    figures: Figures
    """by "day" and by "destination" """


def compare(
    calls: Path,
    old: Offline,
    new: Offline,
    threads: int,
    bad_row: Callable[[str], None],
    progress: Callable[[int], None],
    out: Path | None = None,
) -> WhatIf:
    """Rate every call of a file by both decks, in bounded memory.

    out: where each call goes whose price would be another, one row of COLUMNS. bad_row is told
    file, line, field and value of records that are no calls. Raises OptionsRefused where the decks'
    currencies differ, FileRefused when a file cannot be read or written; `out` is then what it was.
    """
    if old.currency != new.currency:
        raise OptionsRefused(
            f"the old deck charges {old.currency}, the new one {new.currency}: amounts can only be "
            "compared in one currency; give --fx FILE and --account-currency CODE"
        )
    figures, count, dead = Figures(), 0, 0
    try:
        with ExitStack() as stack:
            write: Callable[[list[Row]], None] | None = None
            if out is not None:
                check_out(out, (calls, *old.files, *new.files))
                write = stack.enter_context(writing(out, COLUMNS))
            for batch in read_calls(calls, buy_leg=False):
                twice = _both(batch, old, new, threads)
                figures.add(twice)
                if write:
                    write(list(_rows(batch, twice)))
                for bad in batch.bad:
                    bad_row(str(Problem(str(calls), bad.line, bad.field, bad.value, bad.detail)))
                count, dead = count + batch.calls.num_rows, dead + len(batch.bad)
                progress(count + dead)
    except OSError as error:
        at = out if out is not None and error.filename != str(calls) else calls
        raise FileRefused(f"{at}: {error.strerror or error}") from None
    return WhatIf(count, dead, new.currency, figures)


def _both(batch: FileBatch, old: Offline, new: Offline, threads: int) -> Twice:
    before, after = (
        rate(batch.calls, batch.digits, batch.digit_count, deck.tariff, threads, LEG)
        for deck in (old, new)
    )
    days, day = np.unique(instants_ms(batch.calls) // DAY_MS, return_inverse=True)
    dates = pa.array([format_instant_ms(int(d) * DAY_MS)[:10] for d in days], pa.string())
    return Twice(
        LEG,
        batch.calls.column("call_id"),
        pa.repeat(new.currency, batch.calls.num_rows),
        {
            "day": dates.take(pa.array(day)),
            "destination": _destination(before, after, old, new),
        },
        _once(before),
        _once(after),
    )


def _once(priced: RatedCalls) -> Once:
    return Once(priced.reason == 0, priced.sell.billed_s, priced.sell.nanos)


def _destination(before: RatedCalls, after: RatedCalls, old: Offline, new: Offline) -> pa.Array:
    """The new deck's name of where a call goes; the old one's where the new has no rate."""
    names = []
    for priced, deck in ((after, new), (before, old)):
        unrated = priced.sell.rate_row < 0
        _, _, _, destination = deck.tariff.rows.of(priced.sell.rate_row, unrated)
        names.append(pc.if_else(pa.array(unrated), pa.scalar(None, pa.string()), destination))
    return pc.fill_null(pc.coalesce(*names), "")


def _rows(batch: FileBatch, twice: Twice) -> Iterator[Row]:
    at = instants_ms(batch.calls)
    columns = [batch.calls.column(n).to_pylist() for n in ("call_id", "called", "duration_ms")]
    destination = twice.by["destination"].to_pylist()
    for i in np.flatnonzero(twice.changed).tolist():
        call_id, called, duration_ms = (column[i] for column in columns)
        sides: list[str] = []
        for once in (twice.old, twice.new):
            if once.rated[i]:
                sides += ["rated", format_nanos(int(once.nanos[i])), str(once.billed_s[i])]
            else:
                sides += ["suspended", "", ""]
        delta = format_nanos(int(twice.new.nanos[i]) - int(twice.old.nanos[i]))
        when = format_instant_ms(int(at[i]))
        yield (call_id, when, called, str(duration_ms), destination[i], *sides, delta)
