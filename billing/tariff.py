"""A tariff: every deck in force and every account, compiled into the book that kernels price from.

Immutable. A new deck version makes a new tariff; a batch is priced from one tariff, whole.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.deck import FOREVER_MS, DeckOptions, DeckVersion, rate_limits
from billing.parties import Parties
from kernels import Book, DeckRates, build_book, parse_numbers
from kernels.layout import (
    ANCHORS,
    CONNECT_RULES,
    GRACES,
    I64,
    ROUNDINGS,
    U32,
    U64,
)


class Tariff(NamedTuple):
    """What a batch is rated with."""

    book: Book
    decks: Mapping[tuple[str, str], int]
    """(side, deck name) -> row of the book's closure"""
    currencies: Mapping[tuple[str, str], str]
    parties: Parties
    versions: Mapping[int, DeckVersion]
    row_version: U32
    """per rate row of the book: the deck version it belongs to"""
    row_local: U32
    """per rate row of the book: its index within that version"""
    prefixes: pa.Array
    destinations: pa.Array


def closing_ms(versions: Sequence[DeckVersion], at: int, prefix: str) -> int:
    """When a later full version ends the rates that versions[at] has for a code.

    A full version ends a code it does not list at its own date, and one that it lists when its
    first rate for that code begins: until then the earlier price holds.
    """
    ends = [FOREVER_MS]
    for version in versions[at + 1 :]:
        if version.coverage == "full":
            rates = version.rates
            own = rates.filter(pc.equal(rates.column("prefix"), prefix)).column("valid_from_ms")
            ends.append(max([version.valid_from_ms, *([min(own.to_pylist())] if len(own) else [])]))
    return min(ends)


def _closings(line: list[DeckVersion], codes: list[U64], from_ms: list[I64]) -> list[I64]:
    """`closing_ms` of every rate of a deck's versions; codes: a number per rate that names it."""
    closing = [np.full(len(own), np.int64(FOREVER_MS)) for own in codes]
    for later, version in enumerate(line):
        if version.coverage != "full":
            continue
        listed, inverse = np.unique(codes[later], return_inverse=True)
        first_ms = np.full(len(listed), np.int64(FOREVER_MS))
        np.minimum.at(first_ms, inverse, from_ms[later])
        if not len(listed):  # a version without rates ends all that came before it
            listed, first_ms = np.zeros(1, np.uint64), np.zeros(1, np.int64)
        for earlier in range(later):
            at = np.minimum(np.searchsorted(listed, codes[earlier]), len(listed) - 1)
            own = np.where(listed[at] == codes[earlier], first_ms[at], version.valid_from_ms)
            ends = np.maximum(own, version.valid_from_ms)
            closing[earlier] = np.minimum(closing[earlier], ends)
    return closing


def rule_of(o: DeckOptions) -> tuple[int, ...]:
    """Deck options as a row of `Book.rules`, in the order charge() takes them."""
    return (
        ROUNDINGS.index(o.duration_rounding),
        GRACES.index(o.grace_rule),
        o.grace_s,
        ANCHORS.index(o.anchor),
        CONNECT_RULES.index(o.connect_rule),
        o.min_charge_nanos,
        o.max_charge_nanos,
        ROUNDINGS.index(o.round_mode),
        10 ** (9 - o.round_decimals),
        o.attempt_fee_nanos,
    )


def _column(versions: list[DeckVersion], name: str) -> I64:
    parts = [v.rates.column(name).to_numpy() for v in versions]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _prices(versions: list[DeckVersion]) -> tuple[I64, I64, I64]:
    """(price class of every rate, the distinct price classes, the distinct rules)."""
    rules = sorted({rule_of(v.options) for v in versions})
    rule_of_row = np.concatenate(
        [
            np.empty(0, np.int64),
            *(
                np.full(v.rates.num_rows, rules.index(rule_of(v.options)), np.int64)
                for v in versions
            ),
        ]
    )
    packed = (
        _column(versions, "first_increment_s")
        | _column(versions, "next_increment_s") << 16
        | rule_of_row << 32
    )
    table = np.stack(
        [
            _column(versions, "first_rate_nanos"),
            _column(versions, "next_rate_nanos"),
            _column(versions, "connect_nanos"),
            packed,
        ],
        axis=1,
    )
    if not len(table):
        return np.empty(0, np.int64), np.zeros((1, 4), np.int64), np.zeros((1, 10), np.int64)
    prices, price_class = np.unique(table, axis=0, return_inverse=True)
    return price_class.reshape(-1), prices, np.array(rules, np.int64)


def compile_tariff(versions: Sequence[DeckVersion], parties: Parties) -> Tariff:
    """The tariff of all published versions (any order) and accounts."""
    ordered = sorted(versions, key=lambda v: v.number)
    for version in ordered:
        rate_limits(version.rates)
    names = sorted({(v.side, v.deck) for v in ordered})
    price_class, prices, rules = _prices(ordered)
    prefixes = pa.chunked_array(
        [c for v in ordered for c in v.rates.column("prefix").chunks], pa.string()
    ).combine_chunks()
    destinations = pa.chunked_array(
        [c for v in ordered for c in v.rates.column("destination").chunks], pa.string()
    ).combine_chunks()
    digits, length = parse_numbers(prefixes)
    start = np.cumsum([0, *(v.rates.num_rows for v in ordered)])
    from_ms, to_ms = _column(ordered, "valid_from_ms"), _column(ordered, "valid_to_ms")
    word = price_class << 32 | np.arange(len(price_class), dtype=np.int64)
    decks = []
    for name in names:
        own = [i for i, v in enumerate(ordered) if (v.side, v.deck) == name]
        line = [ordered[i] for i in own]
        rows = np.concatenate([np.arange(start[i], start[i + 1]) for i in own])
        codes = digits * np.uint64(16) + length
        spans = [slice(start[i], start[i + 1]) for i in own]
        closings = _closings(line, [codes[s] for s in spans], [from_ms[s] for s in spans])
        closing = np.concatenate(closings)
        decks.append(
            DeckRates(
                digits[rows],
                length[rows],
                from_ms[rows],
                np.minimum(to_ms[rows], closing),
                word[rows],
            )
        )
    counts = [v.rates.num_rows for v in ordered]
    return Tariff(
        book=build_book(decks, prices, rules),
        decks={name: i for i, name in enumerate(names)},
        currencies={(v.side, v.deck): v.currency for v in ordered},
        parties=parties,
        versions={v.number: v for v in ordered},
        row_version=np.repeat(np.array([v.number for v in ordered], np.uint32), counts),
        row_local=np.concatenate(
            [np.empty(0, np.uint32), *(np.arange(n, dtype=np.uint32) for n in counts)]
        ),
        prefixes=prefixes,
        destinations=destinations,
    )
