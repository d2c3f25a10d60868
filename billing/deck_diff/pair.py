"""A deck as it is and as it would be with one more version, compiled side by side in one tariff.

Both are compiled by what rates calls, so that a code charges here what it would charge a call. The
rate rows of both are numbered through; `Rows` says what each is.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.deck import FOREVER_MS, DeckVersion
from billing.errors import TollwireError
from billing.parties import parties_of
from billing.tariff import Tariff, compile_tariff, rule_of
from kernels import parse_numbers
from kernels.book import nodes_of
from kernels.layout import BLOCKED, I32, I64, NO_DECK, UNRATED

INSTANTS_MAX: Final = 400
"""dates on which something may change, in one comparison"""
OLD: Final = ("sell", "as it is")
NEW: Final = ("sell", "as it would be")
PRICES: Final = (
    "first_rate_nanos",
    "next_rate_nanos",
    "connect_nanos",
    "first_increment_s",
    "next_increment_s",
)


class DiffRefused(TollwireError):
    """Two states of a deck cannot be compared; the message says why and what to do."""


class Rows(NamedTuple):
    """The rate rows of a pair's tariff, as columns."""

    node: I32
    """of the row's own code"""
    version: I64
    """its real number"""
    rule: I64
    """equal for versions whose charges follow the same rules"""
    prices: tuple[I64, ...]
    """PRICES"""
    destination: pa.DictionaryArray


class Pair(NamedTuple):
    """What `pair_of` makes."""

    tariff: Tariff
    old: int
    """the old deck as the tariff names it, NO_DECK where there was none"""
    new: int
    rows: Rows
    blocked: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    """of each node, whether a row blocks it"""
    instants: tuple[int, ...]
    """when something may change: first the beginning of what is compared"""
    versions: tuple[DeckVersion, ...]
    """whose calendars and origins count"""


def in_force_from(line: Sequence[DeckVersion], at_ms: int) -> list[DeckVersion]:
    """The versions of a deck that still matter from an instant on.

    A full version whose rates have all begun ends every rate of the versions before it.
    """
    for i in range(len(line) - 1, -1, -1):
        if ends_all_before(line[i], at_ms):
            return list(line[i:])
    return list(line)


def ends_all_before(version: DeckVersion, at_ms: int) -> bool:
    """Whether from an instant on nothing that was published before a version counts."""
    begins = version.rates.column("valid_from_ms").to_numpy()
    begun = version.valid_from_ms <= at_ms and (not len(begins) or int(begins.max()) <= at_ms)
    return version.coverage == "full" and begun


def pair_of(line: Sequence[DeckVersion], new: DeckVersion, from_ms: int | None = None) -> Pair:
    """A deck's published versions (any order), and these with `new` behind them.

    from_ms: since when they are compared; default: the new version's date. Raises DiffRefused,
    OptionsRefused.
    """
    start_ms = new.valid_from_ms if from_ms is None else from_ms
    kept = in_force_from(sorted(line, key=lambda v: v.number), start_ms)
    last = new._replace(number=1 + max((v.number for v in kept), default=0))
    after = in_force_from([*kept, last], start_ms)
    shift = last.number
    copies = [v._replace(side=OLD[0], deck=OLD[1]) for v in kept]
    copies += [v._replace(side=NEW[0], deck=NEW[1], number=v.number + shift) for v in after]
    tariff = compile_tariff(copies, parties_of([]))
    real = {v.number: v.number for v in kept}
    real |= {v.number + shift: v.number for v in after}
    real[last.number + shift] = new.number
    rows = _rows(tariff, copies, real)
    blocked = np.zeros(len(tariff.book.codes.parent), np.bool_)
    blocked[rows.node[_flags(copies)]] = True
    return Pair(
        tariff,
        tariff.decks.get(OLD, NO_DECK),
        tariff.decks[NEW],
        rows,
        blocked,
        _instants(copies, start_ms),
        tuple({id(v.options): v for v in (*kept, last)}.values()),
    )


def charged(rate_row: I32) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Whether rate rows are any: neither UNRATED nor BLOCKED."""
    assert UNRATED < 0 > BLOCKED
    return rate_row >= 0


def _flags(versions: Sequence[DeckVersion]) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    flags = [v.rates.column("blocked").to_numpy() for v in versions]
    return np.concatenate([np.zeros(0, np.bool_), *flags]).astype(np.bool_)


def _rows(tariff: Tariff, versions: Sequence[DeckVersion], real: dict[int, int]) -> Rows:
    counts = [v.rates.num_rows for v in versions]
    rules: dict[tuple[int, ...], int] = {}
    rule = [rules.setdefault(rule_of(v.options), len(rules)) for v in versions]
    whole = pa.concat_tables([v.rates for v in versions])
    digits, length = parse_numbers(whole.column("prefix").combine_chunks())
    return Rows(
        nodes_of(tariff.book.codes, digits, length),
        np.repeat(np.array([real[v.number] for v in versions], np.int64), counts),
        np.repeat(np.array(rule, np.int64), counts),
        tuple(whole.column(name).to_numpy() for name in PRICES),
        whole.column("destination").combine_chunks().dictionary_encode(),
    )


def _instants(versions: Sequence[DeckVersion], start_ms: int) -> tuple[int, ...]:
    edges = [np.array([v.valid_from_ms for v in versions], np.int64)]
    for version in versions:
        edges += [version.rates.column(n).to_numpy() for n in ("valid_from_ms", "valid_to_ms")]
    every = np.unique(np.concatenate(edges))
    later = every[(every > start_ms) & (every < FOREVER_MS)]
    if len(later) >= INSTANTS_MAX:
        raise DiffRefused(
            f"rates begin or end at {len(later):,} instants: at most {INSTANTS_MAX} can be "
            "compared; publish the far dates as a version of their own"
        )
    return (start_ms, *later.tolist())
