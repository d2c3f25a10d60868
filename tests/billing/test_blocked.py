"""Blocked codes: read from a deck's file, and what a call to one comes to."""

from typing import Any

import pytest

from billing.deck_csv import parse_deck
from billing.explain import explain
from billing.rating import REASONS
from tests.billing.decks import HEADER, buy, deck_bytes, tariff, version
from tests.billing.records import ANSWERED_MS
from tests.billing.test_rating import GOOD, rated

BLOCKED = HEADER + ",blocked"
PRICES = ("first_rate_nanos", "next_rate_nanos", "connect_nanos", "first_increment_s")
READ: dict[str, tuple[str, dict[str, Any]]] = {
    "without prices": (
        "44,UK,,,,,yes",
        {**dict.fromkeys(PRICES[:3], 0), "first_increment_s": 1, "next_increment_s": 1},
    ),
    "with prices": (
        "44,UK,0.6,0.01,30,6,TRUE",
        {"next_rate_nanos": 600_000_000, "connect_nanos": 10_000_000, "first_increment_s": 30},
    ),
    "in a digit": ("44,UK,1,,,,1", {"next_rate_nanos": 10**9, "next_increment_s": 1}),
    "not": ("44,UK,1,0,1,1,no", {"blocked": False}),
    "not at all": ("44,UK,1,0,1,1,", {"blocked": False}),
}


@pytest.mark.parametrize("how", READ)
def test_a_row_is_blocked(how: str) -> None:
    row, expected = READ[how]
    parsed = parse_deck(deck_bytes(row, header=BLOCKED), "d.csv")
    assert not parsed.problems
    [found] = parsed.rates.to_pylist()
    assert found | {"blocked": True} | expected == found


def test_a_row_that_does_not_say_it_is_refused() -> None:
    data = deck_bytes("44,UK,1,0,1,1,closed", "45,UK,,0,1,1,0", "46,x,-1,,,,yes", header=BLOCKED)
    first, second, third = (str(p) for p in parse_deck(data, "d.csv").problems)
    assert first.startswith("d.csv:2: blocked='closed': one of yes, true, 1, no, false, 0")
    assert second.startswith("d.csv:3: rate_per_min='': not a decimal")
    assert third == "d.csv:4: rate_per_min='-1': negative"


def test_a_blocked_code_is_not_priced_by_a_shorter_one() -> None:
    rows = deck_bytes("44,UK,0.6,0,1,1,", "4470,UK mobile,,,,,yes", header=BLOCKED)
    sell, bought = version(1, "44,UK,0.6,0,1,1"), buy(2, "44,UK,0.3,0,1,1")
    closed = parse_deck(rows, "t.csv").rates
    open_ = GOOD._replace(called="447"), GOOD._replace(called="4471")
    shut = GOOD._replace(called="447012"), GOOD._replace(called="4470", duration_ms=0)
    for side, made in (
        ("sell", tariff(sell._replace(rates=closed), bought)),
        ("buy", tariff(sell, bought._replace(rates=closed))),
    ):
        found = rated(made, *open_, *shut)
        assert [REASONS[r] for r in found.reason] == ["", "", *[f"{side}_blocked"] * 2]
        for own in (found.sell, found.buy):
            assert own.nanos[2:].tolist() == own.billed_s[2:].tolist() == [0, 0]
    told = explain(made, "buy", "a-z", "447012", ANSWERED_MS, 60_000)
    assert (told.nanos, told.reason) == (None, "buy_blocked")
    assert told.lines[-1] == "  code 4470 is blocked: listed and closed"
