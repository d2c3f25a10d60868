"""Charges as columns: what a priced leg says of itself wherever it is sent or stored."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from billing.fx import FxTable
from billing.rating import RatedCalls
from billing.tariff import Tariff
from kernels.layout import I32, I64, NO_FX, U64, Side


class LegColumns(NamedTuple):
    """One leg of n calls; a suspended call names no rate and has no money."""

    currency: pa.Array
    """of the account, "" where nobody knows it"""
    nanos: pa.Array
    billed_s: pa.Array
    deck_version: pa.Array
    rate_row: pa.Array
    """within its version"""
    prefix: pa.Array
    destination: pa.Array
    fx_num: pa.Array
    """1 / 1 where no exchange rate was used"""
    fx_den: pa.Array


def leg_columns(
    priced: RatedCalls, leg: str, tariff: Tariff, at: I64 | slice = slice(None)
) -> LegColumns:
    """The columns of the "sell" or "buy" leg of n priced calls; at: which of them, if not all."""
    side, currency, fx = (
        (priced.sell, priced.sell_currency, priced.sell_fx)
        if leg == "sell"
        else (priced.buy, priced.buy_currency, priced.buy_fx)
    )
    if not isinstance(at, slice):
        side = Side(side.rate_row[at], side.billed_s[at], side.nanos[at])
        currency, fx = currency.take(pa.array(at)), fx[at] if len(fx) else fx
    none = (priced.reason[at] != 0) | (side.rate_row < 0)
    version, local, prefix, destination = tariff.rows.of(side.rate_row, none)
    return LegColumns(
        currency,
        pa.array(side.nanos),
        pa.array(side.billed_s.astype(np.uint32)),
        pa.array(version),
        pa.array(local),
        prefix,
        destination,
        *map(pa.array, factors(tariff.fx, fx, none)),
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
