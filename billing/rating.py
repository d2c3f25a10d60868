"""Rating: the only caller of kernels.rate, live and in bulk.

A call is rated when every leg it has is priced; otherwise it is suspended with one reason and no
money on either leg, so that revenue never stands without its cost.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import kernels
from billing.cdr import instants_ms
from billing.fx import FxTable, Pair, rows_in_force
from billing.parties import Account
from billing.tariff import Tariff
from kernels import Calls, Leg, Numbers, parse_numbers
from kernels.classes import rows_of
from kernels.layout import I8, I32, I64, NO_DECK, NO_FX, TOO_LARGE, U8, U64, UNRATED, Rated, Side

REASONS: Final = (
    "",
    "customer_unknown",
    "vendor_unknown",
    "vendor_missing",
    "sell_deck_missing",
    "buy_deck_missing",
    "sell_fx_missing",
    "buy_fx_missing",
    "sell_rate_missing",
    "buy_rate_missing",
    "charge_too_large",
)
"""Why a call is suspended, the first that applies; "" = rated."""
(
    RATED,
    CUSTOMER_UNKNOWN,
    VENDOR_UNKNOWN,
    VENDOR_MISSING,
    SELL_DECK_MISSING,
    BUY_DECK_MISSING,
    SELL_FX_MISSING,
    BUY_FX_MISSING,
    SELL_RATE_MISSING,
    BUY_RATE_MISSING,
    CHARGE_TOO_LARGE,
) = range(11)


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
    sell_fx: I32
    """row of the tariff's exchange rates, NO_FX where none was used; length 0 = nowhere"""
    buy_fx: I32


class _Terms(NamedTuple):
    """Per distinct account name: deck row, currencies, reason."""

    deck: I32
    currency: list[str]
    pair: list[Pair | None]
    """deck's and account's currency where they differ"""
    reason: I8


class _Priced(NamedTuple):
    """One side of n calls, ready for the kernels."""

    leg: Leg
    currency: pa.Array
    reason: I8


def _leg(names: list[str], accounts: Mapping[str, Account], tariff: Tariff, side: str) -> _Terms:
    deck = np.full(len(names), NO_DECK, np.int32)
    reason = np.zeros(len(names), np.int8)
    currency = [""] * len(names)
    pair: list[Pair | None] = [None] * len(names)
    unknown, missing = (
        (CUSTOMER_UNKNOWN, SELL_DECK_MISSING)
        if side == "sell"
        else (VENDOR_UNKNOWN, BUY_DECK_MISSING)
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
            continue
        deck[i] = tariff.decks[key]
        if tariff.currencies[key] != account.currency:
            pair[i] = (tariff.currencies[key], account.currency)
    return _Terms(deck, currency, pair, reason)


def _side(
    names: pa.DictionaryArray, tariff: Tariff, side: str, answered_ms: I64, calling: Numbers | None
) -> _Priced:
    """A side's decks, exchange rates and reasons, from the account each call names."""
    accounts = tariff.parties.customers if side == "sell" else tariff.parties.vendors
    terms = _leg(names.dictionary.to_pylist(), accounts, tariff, side)
    at = names.indices.to_numpy()
    deck, reason = terms.deck[at], terms.reason[at]
    if calling is not None and tariff.classes is not None:
        deck = rows_of(tariff.classes, deck, answered_ms, calling)
    fx, fx_missing = rows_in_force(tariff.fx, terms.pair, at, answered_ms)
    if len(fx):
        reason[fx_missing] = SELL_FX_MISSING if side == "sell" else BUY_FX_MISSING
    return _Priced(Leg(deck, fx), _texts(terms.currency, names.indices), reason)


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
    answered_ms = instants_ms(calls)
    calling = Numbers(*parse_numbers(calls.column("calling"))) if tariff.classes else None
    sell = _side(customer, tariff, "sell", answered_ms, calling)
    buy = _side(vendor, tariff, "buy", answered_ms, calling)
    duration_ms = calls.column("duration_ms").to_numpy()
    no_vendor = pc.equal(calls.column("vendor"), "").to_numpy(zero_copy_only=False)
    asked = Calls(
        Numbers(digits, digit_count),
        answered_ms,
        duration_ms.astype(np.int32),
        sell.leg,
        buy.leg._replace(deck=np.where(no_vendor, np.int32(NO_DECK), buy.leg.deck)),
    )
    rated = kernels.rate(asked, tariff.book, threads)
    lacking = np.where((duration_ms > 0) & buy_leg, VENDOR_MISSING, RATED)
    buy_reason = np.where(no_vendor, lacking, buy.reason)
    reason = _first_reason(sell.reason, buy_reason, rated, no_vendor)
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
        sell.currency,
        buy.currency,
        sell.leg.fx,
        buy.leg.fx,
    )


def factors(fx: FxTable, row: I32, none: "np.ndarray[Any, Any]") -> tuple[U64, U64]:
    """Numerators and denominators of the exchange rates used; 1 / 1 where none is set."""
    ones = np.ones(len(none), np.uint64)
    if not len(row):
        return ones, ones
    used = ~none & (row != NO_FX)
    num, den = ones.copy(), ones.copy()
    num[used], den[used] = fx.factors[row[used], 0], fx.factors[row[used], 1]
    return num, den


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
        np.where(
            (rated.sell.rate_row == TOO_LARGE) | (rated.buy.rate_row == TOO_LARGE),
            CHARGE_TOO_LARGE,
            none,
        ),
    )
    lowest = np.minimum.reduce(candidates)
    return np.where(lowest == none, RATED, lowest).astype(np.int8)
