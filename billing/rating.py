"""Rating: the only caller of kernels.rate, live and in bulk.

A call is rated when every leg it has is priced; otherwise it is suspended with one reason and no
money on either leg, so that revenue never stands without its cost.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

import kernels
from billing.cdr import instants_ms
from billing.fx import Pair, rows_in_force
from billing.parties import Account
from billing.tariff import Tariff
from kernels import Calls, Leg, Numbers, parse_numbers
from kernels.classes import rows_of
from kernels.layout import I8, I32, I64, NO_DECK, TOO_LARGE, U8, U64, UNRATED, Rated, Side

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
    "withdrawn",
)
"""Why a call is suspended, the first that applies; "" = rated. `rate` never says the last: a call
is withdrawn by people, with the file it came in."""
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
    SELL_RATE_MISSING,
    BUY_RATE_MISSING,
    CHARGE_TOO_LARGE,
    WITHDRAWN,
) = range(12)


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
) -> Asked:
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
    return Asked(Leg(deck, fx), reason, at, terms.currency)


def withdraw(priced: RatedCalls, which: "np.ndarray[Any, Any]") -> None:
    """Take the money and the rates of some calls away, whatever they were rated at."""
    priced.reason[which] = WITHDRAWN
    for side in (priced.sell, priced.buy):
        side.billed_s[which] = 0
        side.nanos[which] = 0


def asked_of(
    customer: pa.DictionaryArray,
    vendor: pa.DictionaryArray,
    answered_ms: I64,
    duration_ms: I32,
    calling: Numbers | None,
    tariff: Tariff,
) -> tuple[Asked, Asked]:
    """What the kernels are to price of n calls: what customers pay, what vendors charge.

    calling: needed where the tariff has classes.
    """
    sell = _side(customer, tariff, "sell", answered_ms, calling)
    buy = _side(vendor, tariff, "buy", answered_ms, calling)
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
    calling = Numbers(*parse_numbers(calls.column("calling"))) if tariff.classes else None
    duration_ms = calls.column("duration_ms").to_numpy().astype(np.int32)
    sell, buy = asked_of(customer, vendor, answered_ms, duration_ms, calling, tariff)
    if legs != BOTH:
        sell, buy = (_not_asked(sell), buy) if legs == "buy" else (sell, _not_asked(buy))
    asked = Calls(Numbers(digits, digit_count), answered_ms, duration_ms, sell.leg, buy.leg)
    rated = kernels.rate(asked, tariff.book, threads)
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
    return side._replace(leg=side.leg._replace(deck=none), reason=np.zeros_like(side.reason))


def _first_reason(sell: Asked, buy: Asked, rated: Rated) -> I8:
    """The lowest reason that applies to each call, RATED where none does."""
    none = len(REASONS)

    def lacking(side: Asked, rate_row: I32, reason: int) -> Any:
        asked = (side.reason == RATED) & (side.leg.deck != NO_DECK)
        return np.where(asked & (rate_row == UNRATED), reason, none)

    candidates = (
        np.where(sell.reason == RATED, none, sell.reason),
        np.where(buy.reason == RATED, none, buy.reason),
        lacking(sell, rated.sell.rate_row, SELL_RATE_MISSING),
        lacking(buy, rated.buy.rate_row, BUY_RATE_MISSING),
        np.where(
            (rated.sell.rate_row == TOO_LARGE) | (rated.buy.rate_row == TOO_LARGE),
            CHARGE_TOO_LARGE,
            none,
        ),
    )
    lowest = np.minimum.reduce(candidates)
    return np.where(lowest == none, RATED, lowest).astype(np.int8)
