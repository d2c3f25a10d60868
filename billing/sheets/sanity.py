"""What is odd about rates that are read without a problem: beside those in force, and alone.

Warnings stop nothing. They are what an analyst would look for before signing the sheet off.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from billing.deck import RATES
from billing.instants import DAY_MS, format_instant_ms
from billing.money import format_nanos
from billing.rate_overlaps import key_of
from kernels.layout import DIGITS_MAX, I64

JUMP: Final = 10
"""a price so many times as high, or as low, as before is probably a slip of the decimal sign"""
WARNINGS_MAX: Final = 1_000
"""warnings kept of one rule; one more says how many there were"""
NONE: Final = -1
_KEY: Final = ("prefix", "time_class", "origin_class")
Mask = npt.NDArray[np.bool_]


class RateWarning(NamedTuple):
    """One odd thing; nanos a minute, NONE where there is no price."""

    rule: str
    """price_jump, short_notice, no_destination, two_prices, free, vanished"""
    prefix: str
    destination: str
    before_nanos: int
    now_nanos: int
    text: str


class _Before(NamedTuple):
    """The price in force before each rate, and whether it is that of a shorter code."""

    nanos: I64
    shorter: Mask


def _numbers(rates: pa.Table, name: str) -> I64:
    values: I64 = rates.column(name).to_numpy()
    return values


def _open(rates: pa.Table) -> Mask:
    blocked: Mask = rates.column("blocked").to_numpy(zero_copy_only=False)
    return ~blocked


def _in_force(rates: pa.Table, previous: pa.Table) -> I64:
    """The row of `previous` with the same code and classes that is in force when each rate begins.

    NONE where there is none.
    """
    both = [
        pa.chunked_array([*previous.column(c).chunks, *rates.column(c).chunks], pa.string())
        for c in _KEY
    ]
    n = previous.num_rows
    key = key_of(*both)
    begins = np.concatenate([_numbers(previous, "valid_from_ms"), _numbers(rates, "valid_from_ms")])
    rank = np.unique(begins, return_inverse=True)[1]
    place = key * (len(begins) + 1) + rank
    order = np.argsort(place[:n], kind="stable")
    at = np.searchsorted(place[:n][order], place[n:], side="right") - 1
    found = order[np.maximum(at, 0)] if n else np.zeros(len(place), np.int64)
    if not n:
        return np.full(rates.num_rows, NONE, np.int64)
    holds = (at >= 0) & (key[found] == key[n:])
    holds &= _numbers(previous, "valid_to_ms")[found] > begins[n:]
    return np.where(holds, found, NONE)


def _before(rates: pa.Table, previous: pa.Table) -> _Before:
    """The price of the same code, or else of the longest shorter one."""
    previous = previous.filter(pa.array(_open(previous)))
    price = _numbers(previous, "next_rate_nanos")
    row = _in_force(rates, previous)
    shorter = np.zeros(len(row), bool)
    known = set(previous.column("prefix").to_pylist())
    lengths = sorted({len(code) for code in known}, reverse=True)
    for length in lengths:
        todo = np.flatnonzero(row == NONE)
        if not len(todo):
            break
        some = rates.take(pa.array(todo))
        heads = pc.utf8_slice_codeunits(some.column("prefix"), 0, length)
        longer = pc.greater(pc.utf8_length(some.column("prefix")), length)
        some = some.set_column(0, RATES.field("prefix"), heads)
        found = np.where(longer.to_numpy(), _in_force(some, previous), NONE)
        row[todo], shorter[todo] = found, found != NONE
    assert not lengths or lengths[0] <= DIGITS_MAX
    nanos = np.where(row == NONE, NONE, price[row] if len(price) else NONE)
    return _Before(nanos, shorter)


def _each(
    rates: pa.Table, hit: Mask, rule: str, before: I64 | None, texts: "_Text"
) -> Iterator[RateWarning]:
    places = np.flatnonzero(hit)
    now = _numbers(rates, "next_rate_nanos")
    for place in places[:WARNINGS_MAX].tolist():
        was = NONE if before is None else int(before[place])
        yield RateWarning(
            rule,
            rates.column("prefix")[place].as_py(),
            rates.column("destination")[place].as_py(),
            was,
            int(now[place]),
            texts(place, was, int(now[place])),
        )
    yield from _more(rule, len(places))


def _more(rule: str, count: int) -> Iterator[RateWarning]:
    if count > WARNINGS_MAX:
        text = f"and {count - WARNINGS_MAX:,} more like this"
        yield RateWarning(rule, "", "", NONE, NONE, text)


class _Text:
    """Words of a warning: of one place, from its price before and now."""

    def __init__(self, words: str, rates: pa.Table, shorter: Mask | None = None) -> None:
        self._words, self._shorter = words, shorter
        self._begins = _numbers(rates, "valid_from_ms")

    def __call__(self, place: int, was: int, now: int) -> str:
        of = " of a shorter code" if self._shorter is not None and self._shorter[place] else ""
        begin = int(self._begins[place])
        day = format_instant_ms(begin)[:10] if begin > 0 else "always"
        return self._words.format(was=format_nanos(was) + of, now=format_nanos(now), day=day)


def _two_prices(rates: pa.Table) -> Iterator[RateWarning]:
    """Destinations with several prices at one time and class."""
    by = ["destination", "time_class", "origin_class", "valid_from_ms"]
    open_ = rates.filter(pa.array(_open(rates)))
    open_ = open_.filter(pc.not_equal(open_.column("destination"), ""))
    found = open_.group_by(by).aggregate(
        [("next_rate_nanos", "min"), ("next_rate_nanos", "max"), ("prefix", "min")]
    )
    found = found.filter(
        pc.less(found.column("next_rate_nanos_min"), found.column("next_rate_nanos_max"))
    ).sort_by("destination")
    for row in found.slice(0, WARNINGS_MAX).to_pylist():
        low, high = row["next_rate_nanos_min"], row["next_rate_nanos_max"]
        yield RateWarning(
            "two_prices", row["prefix_min"], row["destination"], low, high,
            f"one destination at prices from {format_nanos(low)} to {format_nanos(high)}",
        )  # fmt: skip
    yield from _more("two_prices", found.num_rows)


def _vanished(rates: pa.Table, previous: pa.Table, today_ms: int) -> Iterator[RateWarning]:
    """Destinations in force that lose codes."""
    now = pc.and_(
        pc.less_equal(previous.column("valid_from_ms"), today_ms),
        pc.greater(previous.column("valid_to_ms"), today_ms),
    )
    held = previous.filter(now).filter(pa.array(_open(previous.filter(now))))
    gone = held.filter(
        pc.invert(pc.is_in(held.column("prefix"), rates.column("prefix").combine_chunks()))
    )
    found = (
        gone.group_by("destination")
        .aggregate([("prefix", "count_distinct"), ("prefix", "min"), ("next_rate_nanos", "max")])
        .sort_by("destination")
    )
    for row in found.slice(0, WARNINGS_MAX).to_pylist():
        yield RateWarning(
            "vanished", row["prefix_min"], row["destination"], row["next_rate_nanos_max"], NONE,
            f"{row['prefix_count_distinct']:,} codes in force are not in this full list, "
            "and are closed by it",
        )  # fmt: skip
    yield from _more("vanished", found.num_rows)


def check_against(
    rates: pa.Table,
    previous: pa.Table | None,
    notice_days: int = 0,
    today_ms: int = 0,
    coverage: str = "partial",
) -> list[RateWarning]:
    """What is odd about rates (RATES), beside those of the version in force if there is one.

    An increase must be known notice_days before its date; decreases hold at once.
    """
    found: list[RateWarning] = []
    open_, now = _open(rates), _numbers(rates, "next_rate_nanos")
    if previous is not None and previous.num_rows:
        before = _before(rates, previous)
        was = before.nanos
        known = open_ & (was > 0) & (now > 0)
        jump = known & ((now >= was * JUMP) | (now * JUMP <= was))
        words = _Text(
            "{now} after {was}: a slip of the decimal sign, or the unit?", rates, before.shorter
        )
        found += _each(rates, jump, "price_jump", was, words)
        soon = _numbers(rates, "valid_from_ms") < today_ms + notice_days * DAY_MS
        short = open_ & (was != NONE) & ~before.shorter & (now > was) & soon
        words = _Text(
            f"an increase to {{now}} from {{was}} on {{day}}: {notice_days} days' notice "
            "are agreed",
            rates,
        )
        found += _each(rates, short, "short_notice", was, words)
        if coverage == "full":
            found += _vanished(rates, previous, today_ms)
    nameless = pc.equal(rates.column("destination"), "").to_numpy()
    found += _each(
        rates, nameless, "no_destination", None, _Text("a code without destination", rates)
    )
    found += _each(
        rates, open_ & (now == 0), "free", None, _Text("free of charge: blocked?", rates)
    )
    found += _two_prices(rates)
    return found
