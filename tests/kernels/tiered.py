"""The tests' tiers and calls, handed to the kernels, and what comes back in the tests' words."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from kernels.layout import BLOCKED, read_only
from kernels.positions import call_ids
from kernels.tiers import Tiered, TierGroups, rate_tiered
from tests.kernels.compiled import Call, book_of, calls_of
from tests.kernels.naive import NaiveDeck, Price, RateRow, Rule
from tests.kernels.naive_tiers import Tier, TierCall, TierCharge, naive_tiered

ALWAYS = (-(2**62), 2**62)
Decks = list[tuple[int, list[RateRow]]]
"""the tiers of a group: threshold and rows"""


class Period(NamedTuple):
    """Groups of tiers and calls in some order."""

    groups: list[Decks]
    calls: list[TierCall]
    opening_s: list[int]
    fx: tuple[int, int] = (1, 1)


def groups_of(groups: Sequence[Decks], opening_s: Sequence[int]) -> TierGroups:
    sizes = [len(tiers) for tiers in groups]
    return TierGroups(
        np.cumsum([0, *sizes], dtype=np.int32),
        np.array([threshold for tiers in groups for threshold, _ in tiers], np.int64),
        np.arange(sum(sizes), dtype=np.int32),
        np.array(opening_s, np.int64),
    )


def tiered(period: Period, threads: int = 1) -> Tiered:
    groups, calls, opening_s, fx = period
    book = book_of([rows for tiers in groups for _, rows in tiers])
    book = book._replace(fx=read_only(np.array([fx], np.int64)))
    columns = calls_of([Call(c.number, c.at_ms, c.duration_ms) for c in calls])
    columns = columns._replace(sell=columns.sell._replace(fx=np.zeros(len(calls), np.int32)))
    group = np.array([c.group for c in calls], np.int32)
    ids = call_ids(pa.array([c.id for c in calls], pa.binary(16)))
    return rate_tiered(columns, book, "sell", group, ids, groups_of(groups, opening_s), threads)


def found(period: Period) -> tuple[list[TierCharge], list[int]]:
    """What the kernel says, in the words of the second opinion."""
    given = tiered(period)
    starts = np.cumsum([0, *(len(rows) for tiers in period.groups for _, rows in tiers)])
    first = np.cumsum([0, *map(len, period.groups)])
    charges = []
    columns = [column.tolist() for column in (*given.charged, given.start_s)]
    for call, row, *rest in zip(period.calls, *columns, strict=True):
        deck = int(np.searchsorted(starts, row, "right")) - 1 if row >= 0 else -1
        tier = deck - int(first[call.group]) if row >= 0 else -1
        local = row - int(starts[deck]) if row >= 0 else max(row, BLOCKED)
        charges.append(TierCharge(tier, local, *rest))
    return charges, given.closing_s.tolist()


def expected(period: Period) -> tuple[list[TierCharge], list[int]]:
    groups = [[Tier(threshold, NaiveDeck(rows)) for threshold, rows in g] for g in period.groups]
    return naive_tiered(period.calls, groups, period.opening_s, Fraction(*period.fx))


PRICE = Price(60, 60, 0, 1, 1)


def flat(rate_a_second: int, **price: int) -> list[RateRow]:
    """A deck that bills by the second; the rate in nanos."""
    rate_nanos = 60 * rate_a_second
    return [
        RateRow(
            "1",
            *ALWAYS,
            PRICE._replace(**{"first_rate": rate_nanos, "next_rate": rate_nanos, **price}),
            Rule(),
        )
    ]


THREE: Decks = [(0, flat(100)), (60, flat(10)), (90, flat(1))]
