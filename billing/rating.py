"""Rating: the only caller of kernels.rate, live and in bulk.

A call is rated when every leg it has is priced; otherwise it is suspended with one reason and no
money on either leg, so that revenue never stands without its cost.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import kernels
from billing.cdr import instants_ms
from billing.parties import Account
from billing.tariff import Tariff
from kernels import Calls, Leg, Numbers
from kernels.layout import I8, I32, NO_DECK, U8, U64, UNRATED, Rated, Side

REASONS: Final = (
    "",
    "customer_unknown",
    "vendor_unknown",
    "vendor_missing",
    "sell_deck_missing",
    "buy_deck_missing",
    "sell_currency_differs",
    "buy_currency_differs",
    "sell_rate_missing",
    "buy_rate_missing",
)
"""Why a call is suspended, the first that applies; "" = rated."""
(
    RATED,
    CUSTOMER_UNKNOWN,
    VENDOR_UNKNOWN,
    VENDOR_MISSING,
    SELL_DECK_MISSING,
    BUY_DECK_MISSING,
    SELL_CURRENCY_DIFFERS,
    BUY_CURRENCY_DIFFERS,
    SELL_RATE_MISSING,
    BUY_RATE_MISSING,
) = range(10)


class RatedCalls(NamedTuple):
    """The outcome of n calls, as columns."""

    reason: I8
    """index into REASONS"""
    node: I32
    sell: Side
    buy: Side
    has_buy: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
    """whether the call has a buy leg: an attempt that never reached a vendor has none"""
    sell_currency: pa.Array
    buy_currency: pa.Array


_NO_FX: Final = np.empty(0, np.int32)


class _Terms(NamedTuple):
    """Per distinct account name: deck row, currency, reason."""

    deck: I32
    currency: list[str]
    reason: I8


def _leg(names: list[str], accounts: Mapping[str, Account], tariff: Tariff, side: str) -> _Terms:
    deck = np.full(len(names), NO_DECK, np.int32)
    reason = np.zeros(len(names), np.int8)
    currency = [""] * len(names)
    unknown, missing, differs = (
        (CUSTOMER_UNKNOWN, SELL_DECK_MISSING, SELL_CURRENCY_DIFFERS)
        if side == "sell"
        else (VENDOR_UNKNOWN, BUY_DECK_MISSING, BUY_CURRENCY_DIFFERS)
    )
    for i, name in enumerate(names):
        account = accounts.get(name)
        if account is None:
            reason[i] = unknown
            continue
        currency[i] = account.currency
        key = (side, account.deck)
        if key not in tariff.decks:
            reason[i] = missing
        elif tariff.currencies[key] != account.currency:
            reason[i] = differs
        else:
            deck[i] = tariff.decks[key]
    return _Terms(deck, currency, reason)


def rate(
    calls: pa.RecordBatch,
    digits: U64,
    digit_count: U8,
    tariff: Tariff,
    threads: int = 0,
    buy_leg: bool = True,
) -> RatedCalls:
    """Price a batch of CALLS on both sides.

    digits, digit_count: `called` as kernels.parse_numbers gives it. buy_leg=False: nobody asks
    what the calls cost (rating a file against a sell deck alone). Raises kernels.BatchError if
    a value lies outside the limits (mediation let none through).
    """
    customer = calls.column("customer").dictionary_encode()
    vendor = calls.column("vendor").dictionary_encode()
    sell = _leg(customer.dictionary.to_pylist(), tariff.parties.customers, tariff, "sell")
    buy = _leg(vendor.dictionary.to_pylist(), tariff.parties.vendors, tariff, "buy")
    sell_at, buy_at = customer.indices.to_numpy(), vendor.indices.to_numpy()
    duration_ms = calls.column("duration_ms").to_numpy()
    no_vendor = pc.equal(calls.column("vendor"), "").to_numpy(zero_copy_only=False)
    buy_deck = np.where(no_vendor, np.int32(NO_DECK), buy.deck[buy_at])
    asked = Calls(
        Numbers(digits, digit_count),
        instants_ms(calls),
        duration_ms.astype(np.int32),
        Leg(sell.deck[sell_at], _NO_FX),
        Leg(buy_deck, _NO_FX),
    )
    rated = kernels.rate(asked, tariff.book, threads)
    buy_reason = np.where(
        no_vendor,
        np.where((duration_ms > 0) & buy_leg, VENDOR_MISSING, RATED),
        buy.reason[buy_at],
    )
    reason = _first_reason(sell.reason[sell_at], buy_reason, rated, no_vendor)
    suspended = reason != RATED
    for side in (rated.sell, rated.buy):
        side.billed_s[suspended] = 0
        side.nanos[suspended] = 0
    return RatedCalls(
        reason,
        rated.node,
        rated.sell,
        rated.buy,
        ~no_vendor,
        _texts(sell.currency, customer.indices),
        _texts(buy.currency, vendor.indices),
    )


def _texts(names: list[str], indices: pa.Array) -> pa.Array:
    return pa.array(names, pa.string()).take(indices)


def _first_reason(
    sell: I8, buy: "np.ndarray[tuple[int], np.dtype[np.int64]]", rated: Rated, no_vendor: I8
) -> I8:
    """The lowest reason that applies to each call, RATED where none does."""
    none = len(REASONS)
    candidates = (
        np.where(sell == RATED, none, sell),
        np.where(buy == RATED, none, buy),
        np.where((sell == RATED) & (rated.sell.rate_row == UNRATED), SELL_RATE_MISSING, none),
        np.where(
            (buy == RATED) & ~no_vendor & (rated.buy.rate_row == UNRATED), BUY_RATE_MISSING, none
        ),
    )
    lowest = np.minimum.reduce(candidates)
    return np.where(lowest == none, RATED, lowest).astype(np.int8)
