"""A deck's versions as one list of rates: published instead of them it charges the same."""

from dataclasses import dataclass

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.deck import DeckVersion
from billing.deck_country import closing_rows
from billing.deck_diff.report import diff
from billing.deck_state import at, restarted, state_of
from tests.billing.deck_diff.worlds import DAY, NOW, deck, lines, paid, row, worlds


@dataclass(frozen=True)
class Whole:
    """A state's rates."""

    rates: pa.Table

    def codes(self) -> list[tuple[str, int, bool]]:
        columns = ("prefix", "next_rate_nanos", "blocked")
        return [tuple(r[c] for c in columns) for r in self.rates.to_pylist()]


@settings(deadline=None, max_examples=60)
@given(worlds(), st.text("012", min_size=1, max_size=4), st.integers(0, 6))
def test_one_version_of_the_state_charges_the_same(
    world: list[DeckVersion], digits: str, days: int
) -> None:
    found = state_of(world, NOW)
    one = world[-1]._replace(coverage="full", valid_from_ms=NOW, rates=found.rates)
    assert paid([one], digits, NOW + days * DAY) == paid(world, digits, NOW + days * DAY)


@settings(deadline=None, max_examples=60)
@given(worlds())
def test_dates_of_a_code_do_not_overlap(world: list[DeckVersion]) -> None:
    spans: dict[str, int] = {}
    for rate in state_of(world, NOW).rates.to_pylist():
        assert NOW <= rate["valid_from_ms"] < rate["valid_to_ms"]
        assert rate["valid_from_ms"] >= spans.get(rate["prefix"], 0)
        spans[rate["prefix"]] = rate["valid_to_ms"]


def test_the_state_at_an_instant() -> None:
    old = deck(1, "44,UK,0.5,0,1,1", "33,France,0.4,0,1,1")
    new = deck(2, row("44,UK,0.6,0,1,1", NOW + DAY), coverage="partial", valid_from_ms=NOW)
    found = state_of([new, old], NOW)
    assert found.versions == (1, 2)
    assert not found.mixed
    assert Whole(at(found, NOW)).codes() == [("33", 400_000_000, False), ("44", 500_000_000, False)]
    assert Whole(at(found, NOW + DAY)).codes()[1] == ("44", 600_000_000, False)


def test_rates_of_other_rules_are_told() -> None:
    old = deck(1, "44,UK,0.5,0,1,1")
    rules = {"round_decimals": 2}
    new = deck(2, "33,France,0.4,0,1,1", coverage="partial", valid_from_ms=NOW, options=rules)
    assert state_of([old, new], NOW).mixed


def test_rates_begin_again_at_an_instant() -> None:
    ended = row("33,France,0.4,0,1,1", NOW - 2 * DAY, NOW - DAY)
    rates = deck(1, "44,UK,0.5,0,1,1", ended, row("49,Germany,0.3,0,1,1", NOW + DAY)).rates
    found = {r["prefix"]: r["valid_from_ms"] for r in restarted(rates, NOW).to_pylist()}
    assert found == {"44": NOW, "49": NOW + DAY}


def country(*listed: str) -> dict[str, str]:
    """Code -> kind when these rows are the whole list of country 44."""
    old = deck(1, "44,UK,0.5,0,1,1", "4420,London,0.9,0,1,1", "447,Mobile,2,0,1,1", "33,F,1,0,1,1")
    new = deck(2, *listed, coverage="partial", valid_from_ms=NOW)
    rows = closing_rows(state_of([old], NOW).rates, new.rates, ["44"], NOW)
    whole = new._replace(rates=pa.concat_tables([new.rates, rows]))
    return {line["code"]: line["kind"] for line in lines(diff([old], whole)) if line["first"]}


def test_what_a_countrys_list_does_not_have_follows_its_shorter_code() -> None:
    found = country("44,UK,0.6,0,1,1", "447,Mobile,2,0,1,1")
    assert found == {"33": "unchanged", "44": "increased", "4420": "decreased", "447": "unchanged"}


def test_what_nothing_listed_begins_is_blocked() -> None:
    found = country("447,Mobile,2,0,1,1")
    assert found == {"33": "unchanged", "44": "blocked", "4420": "blocked", "447": "unchanged"}
