"""A sell deck from buy decks: for every code of any vendor what vendors charge, and a margin on it.

What a vendor charges a minute is the exact sum of its charges for a sample of calls, by the length
of the sample: increments, fees and grace count. With the sample of one minute it is the rate. Each
sell rate is one rational number, rounded once.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from billing.deck import FOREVER_MS, RATES, DeckVersion
from billing.deck_diff.pair import charged
from billing.deck_diff.table import codes_of
from billing.deck_margin.rules import Margin, MarginRules
from billing.errors import OptionsRefused
from billing.fx import NO_RATES, rows_in_force
from billing.money import format_nanos
from billing.parties import parties_of
from billing.tariff import Tariff, compile_tariff
from billing.time_classes import ANY
from kernels import Calls, Leg, Nodes, rate
from kernels.layout import BLOCKED, I32, I64, NO_DECK, NO_FX, RATE_NANOS_MAX
from kernels.lcr import LcrTable, lcr

PROBE_MS: Final = 60_000
NANOS_DECIMALS: Final = 9


class Made(NamedTuple):
    """A generated deck."""

    rates: pa.Table
    """billing.deck.RATES: every code of the vendors, sold or blocked"""
    blocked: int
    """codes that too few vendors have"""
    no_vendor: int
    """of these, those that none has"""


def generate(
    rules: MarginRules, lines: Mapping[str, Sequence[DeckVersion]], fx: pa.Table = NO_RATES
) -> Made:
    """The sell rates that the rules make of buy decks' versions.

    lines: the versions of every deck of the rules; fx: billing.fx.FX. Raises OptionsRefused naming
    what cannot be sold.
    """
    for name in rules.buy_decks:
        if not lines.get(name):
            raise OptionsRefused(f"buy.decks: there is no buy deck {name!r}")
    renumbered: list[DeckVersion] = []
    for name in rules.buy_decks:
        for version in sorted(lines[name], key=lambda v: v.number):
            number = len(renumbered) + 1
            renumbered.append(version._replace(number=number, side="buy", deck=name))
    tariff = compile_tariff(renumbered, parties_of([]), fx)
    if tariff.classes is not None:
        raise OptionsRefused(
            "buy.decks: one of them has time or origin classes: a sell deck cannot be made of it"
        )
    vendors = np.array([tariff.decks["buy", name] for name in rules.buy_decks], np.int32)
    sample_ms = np.array([seconds * 1_000 for seconds in rules.sample_s], np.int32)
    depth = min(rules.depth, len(vendors))
    at_ms = rules.valid_from_ms
    table = lcr(tariff.book, vendors, _fx_rows(tariff, rules), at_ms, sample_ms, depth, threads=1)
    own, destination = _breakdown(tariff, vendors, renumbered, at_ms)
    codes = codes_of(tariff.book.codes)
    listed = np.flatnonzero(own)
    names = [destination[node] for node in listed.tolist()]
    return _priced(rules, table, listed, codes.take(pa.array(listed)).to_pylist(), names)


def _fx_rows(tariff: Tariff, rules: MarginRules) -> I32:
    """The exchange rate that brings each vendor's charges into the sell deck's currency."""
    currencies = [tariff.currencies["buy", name] for name in rules.buy_decks]
    pairs = [None if c == rules.currency else (c, rules.currency) for c in currencies]
    if not any(pairs):
        return np.full(len(pairs), np.int32(NO_FX))
    at_ms = np.full(len(pairs), np.int64(rules.valid_from_ms))
    rows, missing = rows_in_force(tariff.fx, pairs, np.arange(len(pairs), dtype=np.int32), at_ms)
    for i in np.flatnonzero(missing).tolist():
        raise OptionsRefused(
            f"buy.decks: {rules.buy_decks[i]} is in {currencies[i]}: there is no exchange rate to "
            f"{rules.currency} at sell.valid_from; tollwire fx load"
        )
    return rows


def _breakdown(
    tariff: Tariff, vendors: I32, versions: Sequence[DeckVersion], at_ms: int
) -> tuple["npt.NDArray[np.bool_]", dict[int, str]]:
    """The nodes that are a code of some vendor at the moment, and what the first one calls it."""
    codes = tariff.book.codes
    n = len(codes.parent)
    own, name = np.zeros(n, np.bool_), dict[int, str]()
    named = pa.concat_tables([v.rates for v in versions]).column("destination").to_pylist()
    of_row = tariff.rows.prefix
    texts = codes_of(codes)
    place = {text: node for node, text in enumerate(texts.to_pylist())}
    node_of = np.array([place.get(t or "", 0) for t in tariff.rows.names.to_pylist()], np.int64)
    blocked = np.zeros(n, np.bool_)
    at = 0
    for version in versions:
        flags = version.rates.column("blocked").to_numpy()
        blocked[node_of[of_row[at : at + len(flags)]][flags]] = True
        at += len(flags)
    for vendor in vendors.tolist():
        row = _rows(tariff, vendor, at_ms)
        some = np.flatnonzero(charged(row))
        own[some[node_of[of_row[row[some]]] == some]] = True
        own |= blocked & (row == BLOCKED)
        for node in some.tolist():
            name.setdefault(node, named[row[node]])
    for node in np.flatnonzero(own).tolist():
        name.setdefault(node, "")
    own[0] = False
    return own, name


def _rows(tariff: Tariff, deck: int, at_ms: int) -> I32:
    n = len(tariff.book.codes.parent)
    nothing = np.empty(0, np.int32)
    calls = Calls(
        Nodes(np.arange(n, dtype=np.int32), tariff.book.codes.epoch),
        np.full(n, np.int64(at_ms)),
        np.full(n, np.int32(PROBE_MS)),
        Leg(np.full(n, np.int32(deck)), nothing),
        Leg(np.full(n, np.int32(NO_DECK)), nothing),
    )
    return rate(calls, tariff.book, threads=1).sell.rate_row


def _priced(
    rules: MarginRules, table: LcrTable, listed: I64, codes: list[str], names: list[str]
) -> Made:
    rates, flags, no_vendor = [], [], 0
    for node, code, name in zip(listed.tolist(), codes, names, strict=True):
        nanos = [
            int(n)
            for vendor, n in zip(table.vendor[node], table.nanos[node], strict=True)
            if vendor >= 0
        ]
        too_few = len(nanos) < rules.depth and rules.too_few == "block"
        no_vendor += not nanos
        flags.append(too_few or not nanos)
        rates.append(0 if flags[-1] else _sell_nanos(rules, nanos, code, name))
    n = len(codes)
    columns = {
        "prefix": codes,
        "destination": names,
        "first_rate_nanos": rates,
        "next_rate_nanos": rates,
        "connect_nanos": [0] * n,
        "first_increment_s": [rules.first_increment_s] * n,
        "next_increment_s": [rules.next_increment_s] * n,
        "valid_from_ms": [rules.valid_from_ms] * n,
        "valid_to_ms": [FOREVER_MS] * n,
        "time_class": [ANY] * n,
        "origin_class": [ANY] * n,
        "blocked": flags,
    }
    return Made(pa.table(columns, schema=RATES), sum(flags), no_vendor)


def _sell_nanos(rules: MarginRules, nanos: list[int], code: str, name: str) -> int:
    """The rate of a code that vendors charge `nanos` for the sample, the cheapest first."""
    margin = margin_of(rules.margins, code, name)
    if margin is None:
        raise OptionsRefused(
            f"no [[margin]] fits code {code}, {name!r}: end with one that has neither "
            "destinations nor prefixes"
        )
    taken = nanos if rules.take == "average" else nanos[-1:]
    # The buy rate is up / down, in nanos a minute.
    up, down = sum(taken) * 60, len(taken) * sum(rules.sample_s)
    percent = margin.percent / 100
    own_up = up * percent.numerator + margin.fixed_nanos * down * percent.denominator
    own_down = down * percent.denominator
    own_up = max(own_up, margin.least_nanos * own_down)
    if margin.most_nanos is not None:
        own_up = min(own_up, margin.most_nanos * own_down)
    unit = 10 ** (NANOS_DECIMALS - rules.round_decimals)
    whole_up = up * percent.denominator + own_up
    sell: int = rounded(whole_up, own_down * unit, rules.round_mode) * unit
    if not 0 <= sell <= RATE_NANOS_MAX:
        raise OptionsRefused(
            f"code {code}, {name!r}: {format_nanos(sell)} a minute: allowed 0 to "
            f"{format_nanos(RATE_NANOS_MAX)}"
        )
    return sell


def margin_of(margins: Sequence[Margin], code: str, name: str) -> Margin | None:
    """The first margin that fits a code and its destination."""
    lower = name.lower()
    for margin in margins:
        anywhere = not margin.destinations and not margin.prefixes
        if anywhere or code.startswith(margin.prefixes or ("-",)):
            return margin
        if any(fnmatchcase(lower, pattern) for pattern in margin.destinations):
            return margin
    return None


def rounded(up: int, down: int, mode: str) -> int:
    """The fraction up / down (down > 0) as a whole number, in one of kernels.layout.ROUNDINGS."""
    whole, rest = divmod(up, down)
    twice = 2 * rest
    more = {
        "up": rest > 0,
        "down": False,
        "half_up": twice >= down,
        "half_down": twice > down,
        "half_even": twice > down or (twice == down and whole % 2 == 1),
    }
    return whole + more[mode]
