"""What is refused of runs, and that nothing is changed by it, on a real ClickHouse."""

import pytest

from rerate import life
from rerate.life import Refused, State
from rerate.prices import NoPrices
from rerate.task import Phase
from tests.rerate.stored import Stored, call, whole
from tests.rerate.test_run import DEAR, approved, priced


def test_four_eyes_and_the_typed_delta(stored: Stored) -> None:
    priced(stored)
    number = stored.desk.make(whole(), "ann").number
    with pytest.raises(Refused, match="preview it first"):
        stored.desk.submit(number, "ann")
    delta = stored.desk.preview(number, "ann").record.run.delta
    stored.desk.submit(number, "ann")
    with pytest.raises(Refused, match="another person"):
        stored.desk.approve(number, "ann", delta)
    with pytest.raises(Refused, match=r"changes the money by sell -0\.24 USD"):
        stored.desk.approve(number, "bob", "sell -0.2 USD")
    stored.desk.approve(number, "bob", delta)
    stored.desk.apply(number, "ann")
    with pytest.raises(Refused, match="it is applied"):
        stored.desk.apply(number, "ann")


def test_a_preview_expires_when_decks_or_calls_change(stored: Stored) -> None:
    priced(stored)
    number = approved(stored)
    stored.deck("gold", "sell", {"49": 2 * DEAR})
    with pytest.raises(Refused, match="has expired"):
        stored.desk.apply(number, "ann")
    assert stored.desk.go_on(number).record.run.state is State.EXPIRED
    record = stored.desk.preview(number, "ann").record
    assert record.run.delta == "sell 0.48 USD"
    other = approved(stored)
    stored.desk.apply(other, "ann")
    with pytest.raises(Refused, match="has expired"):
        stored.desk.submit(number, "ann")


def test_a_preview_that_ends_after_another_run_was_applied_has_expired(stored: Stored) -> None:
    priced(stored)
    first = approved(stored)
    second = stored.desk.make(whole(customers=["acme"]), "ann").number
    stored.held = True
    stored.desk.preview(second, "ann")
    stored.work()
    stored.held = False
    stored.desk.apply(first, "ann")
    record = stored.desk.go_on(second).record
    assert record.run.delta == "sell -0.12 USD"
    with pytest.raises(Refused, match="has expired"):
        stored.desk.submit(second, "ann")


def test_nobody_approves_what_they_made(stored: Stored) -> None:
    priced(stored)
    number = stored.desk.make(whole(), "ann").number
    delta = stored.desk.preview(number, "ann").record.run.delta
    stored.desk.submit(number, "bob")
    with pytest.raises(Refused, match="was made by ann"):
        stored.desk.approve(number, "ann", delta)


def test_a_preview_that_holds_no_more_is_not_applied(stored: Stored) -> None:
    """Another run came between the look at the hash and the record of the apply."""
    priced(stored)
    number = approved(stored)
    other = approved(stored, customers=["acme"])
    record = stored.desk.go_on(number).record
    stored.desk.apply(other, "ann")
    steps = stored.steps
    with pytest.raises(Refused, match="has expired"):
        steps.begin(record, life.apply(record.run, record.run.preview_hash), Phase.APPLY, "ann")
    assert stored.desk.go_on(number).record.run.state is State.EXPIRED


def test_a_run_by_another_deck_expires_with_each_call_that_comes(stored: Stored) -> None:
    priced(stored)
    stored.deck("silver", "sell", {"49": 2 * DEAR})
    number = stored.desk.make(whole(), "ann", {("sell", "gold"): "silver"}).number
    stored.desk.preview(number, "ann")
    stored.calls(call(8))
    with pytest.raises(Refused, match="has expired"):
        stored.desk.submit(number, "ann")


def test_a_run_touched_by_a_later_one_is_not_rolled_back(stored: Stored) -> None:
    priced(stored)
    first = approved(stored)
    stored.desk.apply(first, "ann")
    stored.deck("gold", "sell", {"49": 2 * DEAR})
    second = approved(stored, customers=["acme"])
    stored.desk.apply(second, "ann")
    with pytest.raises(Refused, match=f"roll run {second} back first"):
        stored.desk.roll_back(first, "ann")
    stored.desk.roll_back(second, "ann")
    stored.desk.roll_back(first, "ann")
    assert stored.total("sell") == 8 * DEAR


def test_nothing_to_rate_and_no_such_deck(stored: Stored) -> None:
    with pytest.raises(Refused, match="matches no calls"):
        stored.desk.make(whole(), "ann")
    priced(stored)
    with pytest.raises(Refused, match="lies in the future"):
        stored.desk.make(whole(to="2099-01-01T00:00:00Z"), "ann")
    for instead in (("gold", "tin"), ("tin", "gold")):
        with pytest.raises(NoPrices, match="no sell deck 'tin'"):
            stored.desk.make(whole(), "ann", {("sell", instead[0]): instead[1]})
    with pytest.raises(Refused, match="no account has the deck 'tin'"):
        stored.desk.make(whole(decks=["gold", "tin"]), "ann")


def test_a_deck_that_does_not_cover_the_period(stored: Stored) -> None:
    priced(stored)
    stored.deck("gold", "sell", {"33": DEAR})
    number = stored.desk.make(whole(), "ann").number
    stored.desk.preview(number, "ann")
    with pytest.raises(Refused, match="16 legs without a price"):
        stored.desk.submit(number, "ann")
