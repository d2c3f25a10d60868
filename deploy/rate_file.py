"""`tollwire rate`: a file of calls against one or two CSV decks, without any service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from billing import deck_csv
from billing.call_file import NOBODY, Bad, FileBatch, read_calls
from billing.cdr import instants_ms
from billing.deck import ALWAYS_MS, DeckOptions, DeckVersion
from billing.errors import FileRefused, OptionsRefused, Problem
from billing.explain import explain
from billing.fx import NO_RATES
from billing.fx_csv import parse_fx
from billing.money import format_nanos, parse_currency
from billing.parties import Account, parties_of
from billing.rating import BOTH, REASONS, RatedCalls, rate
from billing.tariff import Tariff, compile_tariff
from deploy.files import read_file
from deploy.row_files import Row, check_out, writing
from kernels.layout import Side

COLUMNS = (
    "call_id",
    "status",
    "reason",
    "sell_net",
    "sell_billed_s",
    "sell_prefix",
    "sell_destination",
    "buy_net",
    "buy_billed_s",
    "buy_prefix",
    "buy_destination",
    "margin",
)


class Offline(NamedTuple):
    """The decks of an offline run, compiled."""

    tariff: Tariff
    sides: tuple[str, ...]
    unused: list[str]
    problems: list[Problem]
    files: tuple[Path, ...]
    """where the decks and exchange rates came from"""
    currency: str
    """of every charge"""


class Summary(NamedTuple):
    """What became of the calls of a file."""

    calls: int
    rated: int
    suspended: int
    dead: int
    sell_nanos: int
    buy_nanos: int


def compile_decks(
    sell: Path | None,
    buy: Path | None,
    options: DeckOptions,
    skip_bad_rows: bool,
    fx: Path | None = None,
    account_currency: str | None = None,
) -> Offline:
    """The given decks as a tariff for everybody, who pays in account_currency (the decks' if None).

    Raises DeckRefused, FxRefused, OptionsRefused, FileRefused.
    """
    currency = options.currency
    if account_currency is not None:
        try:
            currency = parse_currency(account_currency)
        except ValueError as error:
            raise OptionsRefused(f"--account-currency {account_currency!r}: {error}") from None
    versions: list[DeckVersion] = []
    accounts: list[Account] = []
    unused: list[str] = []
    problems: list[Problem] = []
    sides: list[str] = []
    for side, role, path in (("sell", "customer", sell), ("buy", "vendor", buy)):
        if path is None:
            continue
        parsed = deck_csv.parse_deck(read_file(path), str(path), ALWAYS_MS, options)
        rates = deck_csv.accept(parsed, str(path), skip_bad_rows)
        number = len(versions) + 1
        versions.append(DeckVersion(number, side, side, "full", ALWAYS_MS, 0, options, rates))
        accounts.append(Account(NOBODY, role, NOBODY, side, currency))
        unused += [f"{path}: {name}" for name in parsed.unused]
        problems += parsed.problems
        sides.append(side)
    files = tuple(path for path in (sell, buy, fx) if path)
    rates = NO_RATES if fx is None else parse_fx(read_file(fx), str(fx), 0)
    tariff = compile_tariff(versions, parties_of(accounts), rates)
    return Offline(tariff, tuple(sides), unused, problems, files, currency)


def _side_cells(offline: Offline, side: Side, rated: "np.ndarray[Any, Any]") -> list[list[str]]:
    _, _, prefix, destination = offline.tariff.rows.of(side.rate_row, side.rate_row < 0)
    net = [format_nanos(n) if ok else "" for n, ok in zip(side.nanos.tolist(), rated, strict=True)]
    billed = [str(s) if ok else "" for s, ok in zip(side.billed_s.tolist(), rated, strict=True)]
    names = [prefix.to_pylist(), destination.to_pylist()]
    return [net, billed, *names]


def _rows(offline: Offline, batch: FileBatch, priced: RatedCalls) -> list[tuple[int, Row]]:
    n = batch.calls.num_rows
    rated = priced.reason == 0
    blank = [[""] * n] * 4
    sell = _side_cells(offline, priced.sell, rated) if "sell" in offline.sides else blank
    buy = _side_cells(offline, priced.buy, rated) if "buy" in offline.sides else blank
    margin = [""] * n
    if len(offline.sides) == 2:
        nanos = (priced.sell.nanos - priced.buy.nanos).tolist()
        margin = [format_nanos(m) if ok else "" for m, ok in zip(nanos, rated, strict=True)]
    columns = (
        batch.calls.column("call_id").to_pylist(),
        ["rated" if ok else "suspended" for ok in rated],
        [REASONS[r] for r in priced.reason],
        *sell,
        *buy,
        margin,
    )
    good = zip(batch.line, zip(*columns, strict=True), strict=True)
    dead = ((b.line, (b.call_id, "dead", _why(b), *[""] * 9)) for b in batch.bad)
    return sorted([*good, *dead])


def _why(bad: Bad) -> str:
    return f"{bad.field}={bad.value!r}: {bad.detail}" if bad.field else bad.detail


def rate_file(
    calls: Path,
    out: Path,
    offline: Offline,
    threads: int,
    bad_row: Callable[[str], None],
    progress: Callable[[int], None],
) -> Summary:
    """Rate every call of a file, one row of COLUMNS each, in the file's order.

    Records that are no calls are rows with status "dead"; bad_row is told file, line, field and
    value of each. Raises FileRefused when a file cannot be read or written to its end; `out` is
    then what it was before.
    """
    check_out(out, (calls, *offline.files))
    buy_leg = "buy" in offline.sides
    legs = BOTH if buy_leg else "sell"
    total = Summary(0, 0, 0, 0, 0, 0)
    try:
        with writing(out, COLUMNS) as write:
            for batch in read_calls(calls, buy_leg):
                priced = rate(
                    batch.calls, batch.digits, batch.digit_count, offline.tariff, threads, legs
                )
                write([row for _, row in _rows(offline, batch, priced)])
                for bad in batch.bad:
                    bad_row(str(Problem(str(calls), bad.line, bad.field, bad.value, bad.detail)))
                total = _added(total, batch, priced)
                progress(total.calls)
    except OSError as error:
        at = calls if error.filename == str(calls) else out
        raise FileRefused(f"{at}: {error.strerror or error}") from None
    return total


def _added(total: Summary, batch: FileBatch, priced: RatedCalls) -> Summary:
    rated = int((priced.reason == 0).sum())
    n, dead = batch.calls.num_rows, len(batch.bad)
    return Summary(
        total.calls + n + dead,
        total.rated + rated,
        total.suspended + n - rated,
        total.dead + dead,
        total.sell_nanos + int(priced.sell.nanos.sum()),
        total.buy_nanos + int(priced.buy.nanos.sum()),
    )


def explain_call(calls: Path, call_id: str, offline: Offline) -> list[str]:
    """How the price of one call of a file came about. Raises FileRefused if it is not there."""
    for batch in read_calls(calls, "buy" in offline.sides):
        for bad in batch.bad:
            if bad.call_id == call_id:
                return [f"call {call_id}: no price", f"  line {bad.line}: {_why(bad)}"]
        ids = batch.calls.column("call_id").to_pylist()
        if call_id not in ids:
            continue
        at = ids.index(call_id)
        call = batch.calls.slice(at, 1)
        lines = [f"call {call_id}, line {batch.line[at]}"]
        nanos, reasons = {}, []
        for side in offline.sides:
            found = explain(
                offline.tariff,
                side,
                side,
                call.column("called")[0].as_py(),
                int(instants_ms(call)[0]),
                call.column("duration_ms")[0].as_py(),
                call.column("calling")[0].as_py(),
                offline.currency,
                call.column("lrn")[0].as_py(),
            )
            lines += found.lines
            nanos[side] = found.nanos
            if found.reason:
                reasons.append(found.reason)
        if reasons:
            return [*lines, f"suspended: {min(reasons, key=REASONS.index)}"]
        if len(offline.sides) == 2:
            margin = format_nanos((nanos["sell"] or 0) - (nanos["buy"] or 0))
            lines.append(f"margin: {margin} {offline.currency}")
        return lines
    raise FileRefused(f"{calls}: no call {call_id}")
