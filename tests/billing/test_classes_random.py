"""Random decks with classes, in two currencies: rating and the plain second opinions agree."""

import random
from fractions import Fraction

import pytest

from billing import class_plan
from billing.cdr import Cdr, calls_from
from billing.charges import factors
from billing.explain import explain
from billing.parties import Account, parties_of
from billing.rating import REASONS, rate
from billing.tariff import Compiler, Tariff
from kernels import parse_numbers
from tests.billing.class_worlds import call, closed, exchange_rates, versions
from tests.kernels.naive import FxRow, NaiveDeck, naive_fx

CUSTOMERS = {"c-usd": "USD", "c-eur": "EUR"}
VENDORS = {"v-usd": "USD", "v-gbp": "GBP"}
CALLS = 1_500
ACCOUNTS = [
    *(Account(name, "customer", "", "deck", money) for name, money in CUSTOMERS.items()),
    *(Account(name, "vendor", "", "deck", money) for name, money in VENDORS.items()),
]
Leg = tuple[str, int, int, Fraction]
"""reason, index of the row in the deck, nanos, exchange rate"""


def expected(deck: NaiveDeck, fx: list[FxRow], cdr: Cdr, side: str, money: str) -> Leg:
    factor = naive_fx(fx, "USD", money, cdr.answered_at)
    if factor is None:
        return f"{side}_fx_missing", -1, 0, Fraction(1)
    row, _, nanos = deck.charge(cdr.called, cdr.answered_at, cdr.duration_ms, cdr.calling, factor)
    why = {-1: f"{side}_rate_missing", -2: f"{side}_blocked"}.get(row, "")
    return why, row, nanos, factor


def place(tariff: Tariff, starts: dict[int, int], row: int) -> int:
    """A rate row as an index into all rows of its deck."""
    return starts[int(tariff.rows.version[row])] + int(tariff.rows.local[row])


@pytest.mark.parametrize("seed", range(5))
def test_every_charge_is_that_of_the_plain_rules(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_plan, "COMBINATIONS_MAX", 10_000)
    draw = random.Random(seed)
    lines = {"sell": versions(draw, "sell", 1, 3), "buy": versions(draw, "buy", 4, 3)}
    fx, published = exchange_rates(draw)
    compiler, every = Compiler(), [m.version for line in lines.values() for m in line]
    for n in range(1, 7):
        tariff = compiler.compile(every[:n], parties_of(ACCOUNTS), published)
    starts, decks = {}, {}
    for side, line in lines.items():
        at = 0
        for made in line:
            starts[made.version.number] = at
            at += len(made.rows)
        decks[side] = NaiveDeck(closed(line))
    cdrs = [call(draw, list(CUSTOMERS), list(VENDORS)) for _ in range(CALLS)]
    batch = calls_from(cdrs)
    found = rate(batch, *parse_numbers(batch.column("called")), tariff, threads=2)
    sides = {"sell": (found.sell, found.sell_fx), "buy": (found.buy, found.buy_fx)}
    none = found.reason != 0
    used = {name: factors(tariff.fx, row, none) for name, (_, row) in sides.items()}
    rated = 0
    for i, cdr in enumerate(cdrs):
        money = {"sell": CUSTOMERS[cdr.customer], "buy": VENDORS[cdr.vendor]}
        legs = {s: expected(decks[s], fx, cdr, s, money[s]) for s in decks}
        reasons = [leg[0] for leg in legs.values() if leg[0]]
        reason = min(reasons, key=REASONS.index) if reasons else ""
        assert REASONS[found.reason[i]] == reason, cdr
        rated += not reason
        for name, (why, row, nanos, factor) in legs.items():
            charged = sides[name][0]
            if i % 10 == 0:
                told = explain(tariff, name, "deck", *cdr[6:9], cdr.calling, money[name])
                assert (told.reason, told.nanos) == (why, None if why else nanos), told.lines
            if reason:
                assert (charged.nanos[i], used[name][0][i], used[name][1][i]) == (0, 1, 1)
                continue
            assert place(tariff, starts, charged.rate_row[i]) == row, (name, cdr)
            assert charged.nanos[i] == nanos, (name, cdr)
            assert Fraction(int(used[name][0][i]), int(used[name][1][i])) == factor
    assert rated > CALLS // 10, "too few calls find a rate to mean anything"
