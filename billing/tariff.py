"""A tariff: every deck in force and every account, compiled into the book that kernels price from.

Immutable. A new deck version makes a new tariff; a batch is priced from one tariff, whole.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from billing.call_numbers import Mask
from billing.class_plan import DeckPlan, classes_of, jurisdictions_of, plan_of, taken
from billing.deck import (
    FOREVER_MS,
    LRN,
    NO_MAX_CHARGE,
    DeckName,
    DeckOptions,
    DeckVersion,
    rate_limits,
)
from billing.fx import NO_RATES, FxTable, fx_table
from billing.parties import Parties
from billing.rate_rows import RateRows
from kernels import Book, DeckRates, Library, parse_numbers
from kernels.classes import Classes
from kernels.jurisdiction import Jurisdictions
from kernels.layout import (
    ANCHORS,
    BLOCKED,
    CONNECT_RULES,
    I64,
    MAX_CHARGE_NONE,
    ROUNDINGS,
    U64,
)


class Tariff(NamedTuple):
    """What a batch is rated with."""

    book: Book
    decks: Mapping[DeckName, int]
    """row of the book's closure; of a deck with classes, what kernels.classes.rows_of takes"""
    currencies: Mapping[DeckName, str]
    parties: Parties
    versions: Mapping[int, DeckVersion]
    rows: RateRows
    """what the book's rate rows are"""
    classes: Classes | None
    """None: no deck has time or origin classes"""
    fx: FxTable
    jurisdictions: Jurisdictions | None
    """None: no deck has any"""
    by_lrn: Mask | None
    """of each row of the closure whether its codes are matched against LRNs; None: no deck's are"""

    @property
    def asks_lrn(self) -> bool:
        """Whether a call's LRN makes a difference."""
        return self.by_lrn is not None or self.jurisdictions is not None


def closing_ms(versions: Sequence[DeckVersion], at: int, prefix: str) -> int:
    """When a later full version ends the rates that versions[at] has for a code.

    A full version ends a code it does not list at its own date, and one that it lists when its
    first rate for that code begins, in whatever class: until then the earlier price holds.
    """
    ends = [FOREVER_MS]
    for version in versions[at + 1 :]:
        if version.coverage == "full":
            rates = version.rates
            own = rates.filter(pc.equal(rates.column("prefix"), prefix)).column("valid_from_ms")
            ends.append(max([version.valid_from_ms, *([min(own.to_pylist())] if len(own) else [])]))
    return min(ends)


def closings(line: list[DeckVersion], codes: list[U64], from_ms: list[I64]) -> list[I64]:
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
    free_below_s = {"free_if_at_most": o.grace_s + 1, "free_if_below": o.grace_s}
    return (
        ROUNDINGS.index(o.duration_rounding),
        free_below_s.get(o.grace_rule, 0),
        o.grace_s if o.grace_rule == "deduct" else 0,
        ANCHORS.index(o.anchor),
        CONNECT_RULES.index(o.connect_rule),
        o.min_charge_nanos,
        MAX_CHARGE_NONE if o.max_charge_nanos == NO_MAX_CHARGE else o.max_charge_nanos,
        ROUNDINGS.index(o.round_mode),
        10 ** (9 - o.round_decimals),
        o.attempt_fee_nanos,
    )


class Compiler:
    """Deck versions to tariffs, one after the other: only decks that changed are compiled.

    Versions are immutable and their numbers never come again with other content.
    """

    def __init__(self) -> None:
        self._library = Library()
        self._rows = RateRows.empty()
        self._first_row: dict[int, int] = {}
        self._compiled: dict[DeckName, tuple[int, ...]] = {}
        self._plans: dict[DeckName, DeckPlan] = {}
        self._combinations: dict[DeckName, int] = {}
        self._fx = fx_table(NO_RATES)

    def compile(
        self, versions: Sequence[DeckVersion], parties: Parties, fx: pa.Table = NO_RATES
    ) -> Tariff:
        """The tariff of all published versions (any order), accounts and exchange rates.

        Raises OptionsRefused if a deck's classes make too many combinations.
        """
        ordered = sorted(versions, key=lambda v: v.number)
        self._number_rows([v for v in ordered if v.number not in self._first_row])
        lines: dict[DeckName, list[DeckVersion]] = {}
        for version in ordered:
            lines.setdefault((version.side, version.deck), []).append(version)
        numbers = {name: tuple(v.number for v in line) for name, line in lines.items()}
        self._put({n: line for n, line in lines.items() if self._compiled.get(n) != numbers[n]})
        self._forget(lines.keys())
        self._compiled = numbers
        if fx is not self._fx.published:
            self._fx = fx_table(fx)
        book, rows = self._library.book(self._fx.factors), self._library.rows

        def row(name: DeckName, i: int) -> int:
            return rows[name, i]

        return Tariff(
            book=book,
            decks={name: rows[name, 0] for name in lines},
            currencies={name: line[-1].currency for name, line in lines.items()},
            parties=parties,
            versions={v.number: v for v in ordered},
            rows=self._rows,
            classes=classes_of(self._plans, row, len(book.closure)),
            fx=self._fx,
            jurisdictions=jurisdictions_of(self._plans, row, len(book.closure)),
            by_lrn=self._by_lrn(lines, row, len(book.closure)),
        )

    def _by_lrn(
        self,
        lines: Mapping[DeckName, list[DeckVersion]],
        row: Callable[[DeckName, int], int],
        rows: int,
    ) -> Mask | None:
        """Which rows of the closure are matched against LRNs: the deck's last version says."""
        found = np.zeros(rows, np.bool_)
        for name, line in lines.items():
            if line[-1].options.match == LRN:
                found[[row(name, i) for i in range(self._combinations[name])]] = True
        return found if found.any() else None

    def _number_rows(self, versions: list[DeckVersion]) -> None:
        at = len(self._rows.version)
        for version in versions:
            rate_limits(version.rates)
            self._first_row[version.number] = at
            at += version.rates.num_rows
        self._rows = self._rows.with_versions(versions)

    def _put(self, lines: Mapping[DeckName, list[DeckVersion]]) -> None:
        """Compile decks: one row each, or one for each combination of classes."""
        made: dict[Hashable, DeckRates] = {}
        plans = dict(self._plans)
        for name, line in lines.items():
            plans.pop(name, None)
            rates = self._deck(line)
            plan = plan_of(name, line, rates)
            if plan is None:
                made[name, 0] = rates
            else:
                plans[name] = plan
                made |= {(name, i): taken(rates, rows) for i, rows in enumerate(plan.rates)}
        self._library.put(made)
        self._plans = plans

    def _forget(self, names: Collection[DeckName]) -> None:
        """Drop decks that are gone and combinations that a deck no longer has."""
        self._plans = {name: plan for name, plan in self._plans.items() if name in names}
        now = {n: len(self._plans[n].rates) if n in self._plans else 1 for n in names}
        for name, before in self._combinations.items():
            for i in range(now.get(name, 0), before):
                self._library.drop((name, i))
        self._combinations = now

    def _deck(self, line: list[DeckVersion]) -> DeckRates:
        rates = [self._rates(version) for version in line]
        codes = [deck.digits * np.uint64(16) + deck.length for deck in rates]
        closing = np.concatenate(closings(line, codes, [deck.from_ms for deck in rates]))
        whole = DeckRates(*(np.concatenate(columns) for columns in zip(*rates, strict=True)))
        return whole._replace(to_ms=np.minimum(whole.to_ms, closing))

    def _rates(self, version: DeckVersion) -> DeckRates:
        """A version's own rates, not yet closed by later versions."""
        column = {name: version.rates.column(name) for name in version.rates.column_names}
        number = {
            name: values.to_numpy() for name, values in column.items() if values.type == pa.int64()
        }
        rule = self._library.rule(rule_of(version.options))
        packed = number["first_increment_s"] | number["next_increment_s"] << 16 | rule << 32
        prices = (number["first_rate_nanos"], number["next_rate_nanos"], number["connect_nanos"])
        price_class = self._library.classes(np.stack([*prices, packed], axis=1))
        row = np.arange(len(packed), dtype=np.int64) + self._first_row[version.number]
        digits, length = parse_numbers(column["prefix"].combine_chunks())
        span = (number["valid_from_ms"], number["valid_to_ms"])
        word = price_class << 32 | row
        blocked = column["blocked"].to_numpy()
        word = np.where(blocked, np.int64(BLOCKED), word) if blocked.any() else word
        return DeckRates(digits, length, *span, word)


def compile_tariff(
    versions: Sequence[DeckVersion], parties: Parties, fx: pa.Table = NO_RATES
) -> Tariff:
    """The tariff of all published versions (any order), accounts and rates, from nothing."""
    return Compiler().compile(versions, parties, fx)
