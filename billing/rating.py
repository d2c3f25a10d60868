"""Rating: the only caller of kernels.rate, live and in bulk.

A call is rated when every leg it has is priced; otherwise it is suspended with one reason and no
money on either leg, so that revenue never stands without its cost.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

import kernels
from billing.call_numbers import CallNumbers, Mask, either
from billing.cdr import instants_ms
from billing.fx import Pair, rows_in_force
from billing.parties import Account
from billing.tariff import Tariff
from kernels import Calls, Leg, Numbers, parse_numbers
from kernels.classes import rows_of
from kernels.jurisdiction import rows_within
from kernels.layout import (
    BLOCKED,
    I8,
    I32,
    I64,
    NO_DECK,
    TOO_LARGE,
    U8,
    U64,
    UNRATED,
    Rated,
    Side,
)

REASONS: Final = (
    "",
    "customer_unknown",
    "vendor_unknown",
    "vendor_missing",
    "sell_deck_missing",
    "buy_deck_missing",
    "sell_fx_missing",
    "buy_fx_missing",
    "sell_blocked",
    "buy_blocked",
    "sell_rate_missing",
    "buy_rate_missing",
    "charge_too_large",
    "withdrawn",
)
"""Why a call is suspended, the first that applies; "" = rated. The last is never said by `rate`."""
BOTH: Final = "both"
(
    RATED,
    CUSTOMER_UNKNOWN,
    VENDOR_UNKNOWN,
    VENDOR_MISSING,
    SELL_DECK_MISSING,
    BUY_DECK_MISSING,
    SELL_FX_MISSING,
    BUY_FX_MISSING,
    SELL_BLOCKED,
    BUY_BLOCKED,
    SELL_RATE_MISSING,
    BUY_RATE_MISSING,
    CHARGE_TOO_LARGE,
    WITHDRAWN,
) = range(14)


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


class Asked(NamedTuple):
    """One side of n calls, ready for the kernels."""

    leg: Leg
    reason: I8
    """why it cannot be priced, whatever its deck says"""
    account: I32
    """of each call, an entry of `currency`"""
    currency: list[str]
    """that accounts are charged in; "" of one that is unknown"""
    by_lrn: Mask | None
    """whether the deck's codes are matched against each call's LRN; None: against no call's"""

    def matched(self, numbers: CallNumbers) -> Numbers:
        """The number of each call that the deck's codes are matched against."""
        if self.by_lrn is None or numbers.lrn is None:
            return numbers.called
        return either(numbers.lrn, numbers.called, self.by_lrn)


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
    names: pa.DictionaryArray, tariff: Tariff, side: str, answered_ms: I64, numbers: CallNumbers
) -> Asked:
    """A side's decks, exchange rates and reasons, from the account each call names."""
    accounts = tariff.parties.customers if side == "sell" else tariff.parties.vendors
    terms = _leg(names.dictionary.to_pylist(), accounts, tariff, side)
    at = names.indices.to_numpy()
    deck, reason = terms.deck[at], terms.reason[at]
    if numbers.calling is not None and tariff.classes is not None:
        deck = rows_of(tariff.classes, deck, answered_ms, numbers.calling)
        if tariff.jurisdictions is not None:
            deck = rows_within(tariff.jurisdictions, deck, numbers.calling, numbers.ends_at())
    by_lrn = None
    if numbers.lrn is not None and tariff.by_lrn is not None:
        by_lrn = (numbers.lrn.digit_count > 0) & (deck != NO_DECK) & tariff.by_lrn[deck]
    fx, fx_missing = rows_in_force(tariff.fx, terms.pair, at, answered_ms)
    if len(fx):
        reason[fx_missing] = SELL_FX_MISSING if side == "sell" else BUY_FX_MISSING
    return Asked(Leg(deck, fx), reason, at, terms.currency, by_lrn)


def asked_of(
    customer: pa.DictionaryArray,
    vendor: pa.DictionaryArray,
    answered_ms: I64,
    duration_ms: I32,
    numbers: CallNumbers,
    tariff: Tariff,
) -> tuple[Asked, Asked]:
    """What the kernels are to price of n calls: what customers pay, what vendors charge.

    numbers: calling where the tariff has classes, lrn where it asks for it.
    """
    sell = _side(customer, tariff, "sell", answered_ms, numbers)
    buy = _side(vendor, tariff, "buy", answered_ms, numbers)
    return sell, _where_vendor(buy, _is_empty(vendor), duration_ms)


def rate(
    calls: pa.RecordBatch,
    digits: U64,
    digit_count: U8,
    tariff: Tariff,
    threads: int = 0,
    legs: str = BOTH,
) -> RatedCalls:
    """Price a batch of CALLS on both sides.

    digits, digit_count: `called` as kernels.parse_numbers gives it. legs: "both", or "sell" or
    "buy": nobody asks for the other one, which suspends no call and has no charge. Raises
    kernels.BatchError if a value lies outside the limits (mediation let none through).
    """
    customer = calls.column("customer").dictionary_encode()
    vendor = calls.column("vendor").dictionary_encode()
    answered_ms = instants_ms(calls)
    numbers = CallNumbers(
        Numbers(digits, digit_count),
        Numbers(*parse_numbers(calls.column("calling"))) if tariff.classes else None,
        Numbers(*parse_numbers(calls.column("lrn"))) if tariff.asks_lrn else None,
    )
    duration_ms = calls.column("duration_ms").to_numpy().astype(np.int32)
    sell, buy = asked_of(customer, vendor, answered_ms, duration_ms, numbers, tariff)
    if legs != BOTH:
        sell, buy = (_not_asked(sell), buy) if legs == "buy" else (sell, _not_asked(buy))
    asked = Calls(numbers.called, answered_ms, duration_ms, sell.leg, buy.leg)
    rated = _by_lrn(asked, numbers.lrn, sell, buy, tariff, threads)
    reason = _first_reason(sell, buy, rated)
    suspended = reason != RATED
    for side in (rated.sell, rated.buy):
        side.billed_s[suspended] = 0
        side.nanos[suspended] = 0
    return RatedCalls(
        reason,
        rated.node,
        rated.sell,
        rated.buy,
        ~_is_empty(vendor),
        _texts(sell.currency, customer.indices),
        _texts(buy.currency, vendor.indices),
        sell.leg.fx,
        buy.leg.fx,
    )


def _by_lrn(
    asked: Calls, lrn: Numbers | None, sell: Asked, buy: Asked, tariff: Tariff, threads: int
) -> Rated:
    """The calls as they are priced by the number called, and where a deck says so by their LRN."""
    rated = kernels.rate(asked, tariff.book, threads)
    if lrn is None or (sell.by_lrn is None and buy.by_lrn is None):
        return rated
    none = np.zeros(len(asked.answered_ms), np.bool_)
    moved = {"sell": none if sell.by_lrn is None else sell.by_lrn}
    moved["buy"] = none if buy.by_lrn is None else buy.by_lrn
    at = np.flatnonzero(moved["sell"] | moved["buy"])
    legs = {
        side: Leg(
            np.where(moved[side][at], leg.deck[at], np.int32(NO_DECK)),
            leg.fx[at] if len(leg.fx) else leg.fx,
        )
        for side, leg in (("sell", asked.sell), ("buy", asked.buy))
    }
    called = Numbers(lrn.digits[at], lrn.digit_count[at])
    ported = Calls(called, asked.answered_ms[at], asked.duration_ms[at], legs["sell"], legs["buy"])
    again = kernels.rate(ported, tariff.book, threads)
    for side, own, other in (("sell", rated.sell, again.sell), ("buy", rated.buy, again.buy)):
        mine = moved[side][at]
        for name in Side._fields:
            getattr(own, name)[at[mine]] = getattr(other, name)[mine]
    return rated


def _texts(names: list[str], indices: pa.Array) -> pa.Array:
    return pa.array(names, pa.string()).take(indices)


def _is_empty(names: pa.DictionaryArray) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Whether each name is empty."""
    empty = [name == "" for name in names.dictionary.to_pylist()]
    return np.array(empty, np.bool_)[names.indices.to_numpy()]  # type: ignore[no-any-return]


def _where_vendor(buy: Asked, no_vendor: Any, duration_ms: Any) -> Asked:
    """The buy side; an answered call must have a vendor, an attempt may have reached none."""
    lacking = np.where(duration_ms > 0, VENDOR_MISSING, RATED)
    return buy._replace(
        leg=buy.leg._replace(deck=np.where(no_vendor, np.int32(NO_DECK), buy.leg.deck)),
        reason=np.where(no_vendor, lacking, buy.reason).astype(np.int8),
    )


def _not_asked(side: Asked) -> Asked:
    """The side of calls that nobody asks about."""
    none = np.full(len(side.leg.deck), np.int32(NO_DECK))
    return side._replace(
        leg=side.leg._replace(deck=none), reason=np.zeros_like(side.reason), by_lrn=None
    )


def _first_reason(sell: Asked, buy: Asked, rated: Rated) -> I8:
    """The lowest reason that applies to each call, RATED where none does."""
    none = len(REASONS)

    def lacking(side: Asked, rate_row: I32, missing: int, blocked: int) -> Any:
        why = np.full(1 - TOO_LARGE, none, np.int8)
        why[UNRATED], why[BLOCKED], why[TOO_LARGE] = missing, blocked, CHARGE_TOO_LARGE
        return np.where(side.leg.deck == NO_DECK, none, why[np.minimum(rate_row, 0)])

    candidates = (
        np.where(sell.reason == RATED, none, sell.reason),
        np.where(buy.reason == RATED, none, buy.reason),
        lacking(sell, rated.sell.rate_row, SELL_RATE_MISSING, SELL_BLOCKED),
        lacking(buy, rated.buy.rate_row, BUY_RATE_MISSING, BUY_BLOCKED),
    )
    lowest = np.minimum.reduce(candidates)
    return np.where(lowest == none, RATED, lowest).astype(np.int8)
