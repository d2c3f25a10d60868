"""What a call would cost that has not ended: the terms it will be charged by, as things are now."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from billing.call_numbers import CallNumbers
from billing.rating import (
    BUY_BLOCKED,
    BUY_RATE_MISSING,
    RATED,
    REASONS,
    SELL_BLOCKED,
    SELL_RATE_MISSING,
    Asked,
    asked_of,
)
from billing.tariff import Tariff
from kernels import Numbers, parse_numbers
from kernels.epochs import matched
from kernels.layout import BLOCKED, NO_FX, UNRATED
from kernels.terms import Terms, terms_at

_SELL: Final = {UNRATED: REASONS[SELL_RATE_MISSING], BLOCKED: REASONS[SELL_BLOCKED]}
_BUY: Final = {UNRATED: REASONS[BUY_RATE_MISSING], BLOCKED: REASONS[BUY_BLOCKED]}
"""why a side has no terms"""


class Quote(NamedTuple):
    """One side of a call: what any duration costs, and for which destination."""

    terms: Terms
    currency: str
    destination: str


class Quotes(NamedTuple):
    """Both sides of one call; a side without terms says why."""

    sell: Quote | None
    reason: str
    """why there is no sell side, a word of rating.REASONS; "" where there is"""
    vendors: dict[str, Quote | str]
    """by vendor asked for: its terms, or why it has none"""


def quote(
    tariff: Tariff,
    customer: str,
    vendors: tuple[str, ...],
    calling: str,
    called: str,
    at_ms: int,
    lrn: str = "",
) -> Quotes:
    """The terms of a call answered at an instant: the sell side, and each vendor's.

    Asks what rating asks (`asked_of`), so that what is reserved is what will be charged, unless a
    deck, an exchange rate or an account is published meanwhile.
    """
    rows = max(len(vendors), 1)
    numbers = CallNumbers(
        _numbers(called, rows),
        _numbers(calling, rows) if tariff.classes is not None else None,
        _numbers(lrn, rows) if tariff.asks_lrn else None,
    )
    sell, buy = asked_of(
        _names([customer] * rows),
        _names(vendors or ("",)),
        np.full(rows, np.int64(at_ms)),
        np.zeros(rows, np.int32),
        numbers,
        tariff,
    )
    sold, bought = (
        matched(tariff.book.codes, *side.matched(numbers)).tolist() for side in (sell, buy)
    )
    own = _side(tariff, sell, 0, sold[0], at_ms, _SELL)
    return Quotes(
        own if isinstance(own, Quote) else None,
        own if isinstance(own, str) else "",
        {name: _side(tariff, buy, i, bought[i], at_ms, _BUY) for i, name in enumerate(vendors)},
    )


def _numbers(number: str, rows: int) -> Numbers:
    return Numbers(*parse_numbers(pa.array([number] * rows, pa.string())))


def _names(names: "list[str] | tuple[str, ...]") -> pa.DictionaryArray:
    return pa.array(names, pa.string()).dictionary_encode()


def _side(
    tariff: Tariff, asked: Asked, i: int, node: int, at_ms: int, why: Mapping[int, str]
) -> Quote | str:
    if asked.reason[i] != RATED:
        return REASONS[asked.reason[i]]
    fx = int(asked.leg.fx[i]) if len(asked.leg.fx) else NO_FX
    terms = terms_at(tariff.book, int(asked.leg.deck[i]), node, fx, at_ms)
    if isinstance(terms, int):
        return why[terms]
    name = tariff.rows.names[int(tariff.rows.destination[terms.row])].as_py()
    return Quote(terms, asked.currency[asked.account[i]], name)
