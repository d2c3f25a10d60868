"""The tests' plain rules, rows and calls, handed to the kernels."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from kernels import Book, Calls, DeckRates, Leg, Numbers, build_book, parse_numbers
from kernels.layout import ANCHORS, BLOCKED, CONNECT_RULES, MAX_CHARGE_NONE, ROUNDINGS, U8, U64
from tests.kernels.naive import Price, RateRow, Rule

NO_FX = np.empty(0, np.int32)


class Call(NamedTuple):
    """One call; deck -1 = that side is not asked for."""

    number: str
    at_ms: int
    duration_ms: int
    sell: int = 0
    buy: int = -1


def rule_numbers(rule: Rule) -> tuple[int, ...]:
    """A rule as a row of `Book.rules`, in the order charge() takes it."""
    return (
        ROUNDINGS.index(rule.duration_rounding),
        {"free_if_at_most": rule.grace_s + 1, "free_if_below": rule.grace_s}.get(
            rule.grace_rule, 0
        ),
        rule.grace_s if rule.grace_rule == "deduct" else 0,
        ANCHORS.index(rule.anchor),
        CONNECT_RULES.index(rule.connect_rule),
        rule.min_charge,
        MAX_CHARGE_NONE if rule.max_charge is None else rule.max_charge,
        ROUNDINGS.index(rule.round_mode),
        10 ** (9 - rule.round_decimals),
        rule.attempt_fee,
    )


def charge_arguments(
    duration_ms: int, price: Price, rule: Rule, fx: tuple[int, int] = (1, 1)
) -> tuple[int, ...]:
    """What charge() takes."""
    return (duration_ms, *price, *rule_numbers(rule), *fx)


def digits_of(numbers: Sequence[str]) -> tuple[U64, U8]:
    """Padded digits and digit counts."""
    return parse_numbers(pa.array(list(numbers), pa.string()))


def book_of(decks: Sequence[Sequence[RateRow]], fx: Sequence[tuple[int, int]] = ()) -> Book:
    """All decks compiled; the rate row of deck d, row i is the sum of the decks before plus i."""
    rules: dict[Rule, int] = {}
    prices: dict[tuple[Price, Rule], int] = {}
    compiled, start = [], 0
    for rows in decks:
        words = []
        for i, row in enumerate(rows):
            rules.setdefault(row.rule, len(rules))
            price_class = prices.setdefault((row.price, row.rule), len(prices))
            words.append(BLOCKED if row.blocked else price_class << 32 | start + i)
        start += len(rows)
        digits, length = digits_of([row.code for row in rows])
        from_ms, to_ms, word = (
            np.array(values, np.int64)
            for values in ([r.from_ms for r in rows], [r.to_ms for r in rows], words)
        )
        compiled.append(DeckRates(digits, length, from_ms, to_ms, word))
    table = [
        (p.first_rate, p.next_rate, p.connect, p.first_s | p.next_s << 16 | rules[rule] << 32)
        for p, rule in prices
    ]
    return build_book(
        compiled,
        np.array(table, np.int64).reshape(-1, 4),
        np.array([rule_numbers(r) for r in rules], np.int64).reshape(-1, 10),
        np.array(fx, np.int64).reshape(-1, 2),
    )


def calls_of(calls: Sequence[Call]) -> Calls:
    """Calls as columns."""
    numbers, at_ms, duration_ms, sell, buy = zip(*calls, strict=True) if calls else [()] * 5
    return Calls(
        Numbers(*digits_of(numbers)),
        np.array(at_ms, np.int64),
        np.array(duration_ms, np.int32),
        Leg(np.array(sell, np.int32), NO_FX),
        Leg(np.array(buy, np.int32), NO_FX),
    )


def mapped(calls: Calls, change: Callable[[str, Any], Any]) -> Calls:
    """The calls with change(name, column) for every column."""

    def each(part: Any, prefix: str = "") -> Any:
        return part._make(
            change(prefix + name, c) for name, c in zip(part._fields, part, strict=True)
        )

    assert isinstance(calls.called, Numbers)
    return Calls(
        each(calls.called),
        change("answered_ms", calls.answered_ms),
        change("duration_ms", calls.duration_ms),
        each(calls.sell, "sell_"),
        each(calls.buy, "buy_"),
    )


def columns(calls: Calls) -> dict[str, Any]:
    """Every column of the calls by name."""
    found: dict[str, Any] = {}
    mapped(calls, found.setdefault)
    return found


def with_column(calls: Calls, name: str, column: Any) -> Calls:
    """The calls with another column of that name."""
    assert name in columns(calls)
    return mapped(calls, lambda each, before: column if each == name else before)


def taken(calls: Calls, rows: slice) -> Calls:
    """Some of the calls."""
    return mapped(calls, lambda _, column: column[rows])
