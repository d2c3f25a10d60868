"""A run from its preview to its roll-back, on a real ClickHouse."""

import pytest

from rerate.life import Refused, State, TakesBack
from rerate.steps import delta_of
from tests.rerate.stored import Stored, call, whole

DEAR, CHEAP, COST = 60_000_000, 30_000_000, 10_000_000


def priced(stored: Stored, calls: int = 8) -> None:
    """Calls at 0.06 and 0.01 a minute; then the sell deck is corrected to 0.03 from the start."""
    stored.deck("gold", "sell", {"49": DEAR})
    stored.deck("buy", "buy", {"49": COST})
    stored.calls(*(call(i) for i in range(calls)))
    stored.deck("gold", "sell", {"49": CHEAP})


def approved(stored: Stored, **scope: object) -> int:
    """A run that may be applied."""
    number = stored.desk.make(whole(**scope), "ann").number
    record = stored.desk.preview(number, "ann").record
    assert record.run.state is State.PREVIEWED
    stored.desk.submit(number, "ann")
    stored.desk.approve(number, "bob", record.run.delta)
    return number


def test_preview_apply_and_roll_back(stored: Stored) -> None:
    priced(stored)
    before = stored.charges()
    number = approved(stored)
    record = stored.desk.go_on(number).record
    assert record.run.delta == "sell -0.24 USD"
    assert stored.charges() == before

    applied = stored.desk.apply(number, "ann").record
    assert applied.run.state is State.APPLIED
    assert stored.total("sell") == 8 * CHEAP
    assert stored.total("buy") == 8 * COST
    assert {run for leg, run in stored.charges("leg, run") if leg == "sell"} == {number}
    assert {run for leg, run in stored.charges("leg, run") if leg == "buy"} == {0}

    back = stored.desk.roll_back(number, "ann").record
    assert back.run.state is State.ROLLED_BACK
    assert stored.charges() == before


def test_the_figures_of_a_preview(stored: Stored) -> None:
    priced(stored)
    stored.calls(call(8, called="33123456"))
    number = stored.desk.make(whole(), "ann").number
    record = stored.desk.preview(number, "ann").record
    figures = stored.desk.figures(record)
    sold = figures.lines()["sell", "USD", ""]
    assert (sold.legs, sold.changed, sold.suspended) == (9, 8, 1)
    assert (sold.old_nanos, sold.new_nanos) == (8 * DEAR, 8 * CHEAP)
    assert {text for _, _, text in figures.lines("account")} == {"acme", "bolt", "vend"}
    assert {text for _, _, text in figures.lines("destination")} == {"to 49", ""}
    assert len({text for _, _, text in figures.lines("day")}) == 4
    assert len(figures.largest("sell", "USD")) == 8
    assert delta_of(figures) == record.run.delta


def test_a_call_is_explained_as_it_is_and_as_it_would_be(stored: Stored) -> None:
    priced(stored)
    number = stored.desk.make(whole(), "ann").number
    record = stored.desk.preview(number, "ann").record
    worst = stored.desk.figures(record).largest("sell", "USD")[0]
    lines = stored.desk.explained(number, worst.call)
    assert "NOW, sell: 0.06 USD for 60 s, deck version 1 row 0, run 0" in lines
    nets = [line for line in lines if "net, rounded" in line]
    assert [line.rsplit(": ", 1)[1] for line in nets] == ["0.06 USD", "0.03 USD"] + 2 * ["0.01 USD"]
    assert not any("was another then" in line for line in lines)
    with pytest.raises(Refused, match="there is no call"):
        stored.desk.explained(number, "0" * 32)


def test_the_same_decks_change_nothing(stored: Stored) -> None:
    stored.deck("gold", "sell", {"49": DEAR})
    stored.deck("buy", "buy", {"49": COST})
    stored.calls(*(call(i) for i in range(8)), call(9, vendor="stranger"))
    before = stored.charges()
    number = approved(stored)
    assert stored.desk.go_on(number).record.run.delta == "0"
    stored.desk.apply(number, "ann")
    assert stored.charges() == before


def test_suspended_calls_are_rated_once_they_can_be(stored: Stored) -> None:
    stored.deck("gold", "sell", {"49": DEAR})
    stored.deck("buy", "buy", {"49": COST})
    stored.calls(call(0), call(1, called="33123"))
    before = stored.charges()
    stored.deck("gold", "sell", {"49": CHEAP, "33": DEAR})
    stored.deck("buy", "buy", {"49": COST, "33": COST})
    number = approved(stored, status="suspended")
    assert stored.desk.go_on(number).record.run.delta == "sell 0.06 USD, buy 0.01 USD"
    stored.desk.apply(number, "ann")
    assert stored.total("sell") == 2 * DEAR
    stored.desk.roll_back(number, "ann")
    assert stored.charges() == before


@pytest.mark.parametrize(
    ("narrow", "calls"),
    [
        ({"customers": ["acme"]}, 4),
        ({"vendors": ["vend"]}, 8),
        ({"decks": ["gold"]}, 8),
        ({"codes": ["4930"]}, 7),
        ({"codes": ["3"]}, 1),
        ({"status": "rated"}, 7),
        ({"status": "suspended"}, 1),
    ],
)
def test_a_scope_narrows_the_run(stored: Stored, narrow: dict[str, object], calls: int) -> None:
    priced(stored, 7)
    stored.calls(call(7, called="+33123", customer="bolt"))
    number = stored.desk.make(whole(**narrow), "ann").number
    record = stored.desk.preview(number, "ann").record
    line = stored.desk.figures(record).lines()
    assert sum(own.legs for (leg, *_), own in line.items() if leg == "sell") == calls


def test_a_dispute_names_its_calls(stored: Stored) -> None:
    priced(stored)
    ids = [row[0].lower() for row in stored.charges("hex(cdr_id), leg") if row[1] == "sell"][:2]
    number = approved(stored, calls=ids)
    stored.desk.apply(number, "ann")
    assert stored.total("sell") == 6 * DEAR + 2 * CHEAP


def test_a_dispute_may_name_many_calls(stored: Stored) -> None:
    priced(stored)
    own = [row[0].lower() for row in stored.charges("hex(cdr_id)")]
    ids = [*{*own}, *(f"{n:032x}" for n in range(19_000))]
    number = stored.desk.make(whole(calls=ids, status="rated", codes=["49"]), "ann").number
    record = stored.desk.preview(number, "ann").record
    assert record.run.delta == "sell -0.24 USD"


def test_calls_without_any_deck(stored: Stored) -> None:
    stored.calls(*(call(i) for i in range(4)))
    number = stored.desk.make(whole(), "ann").number
    record = stored.desk.preview(number, "ann").record
    assert (record.run.state, record.run.delta) == (State.PREVIEWED, "0")


def test_one_side_only(stored: Stored) -> None:
    priced(stored)
    stored.deck("buy", "buy", {"49": 2 * COST})
    number = approved(stored, side="sell")
    stored.desk.apply(number, "ann")
    assert (stored.total("sell"), stored.total("buy")) == (8 * CHEAP, 8 * COST)


def test_another_deck_instead(stored: Stored) -> None:
    priced(stored)
    stored.deck("silver", "sell", {"49": 2 * DEAR})
    made = stored.desk.make(whole(), "ann", {("sell", "gold"): "silver"})
    record = stored.desk.preview(made.number, "ann").record
    assert record.run.delta == "sell 0.48 USD"


def test_calls_that_come_later_do_not_expire_it_and_are_taken_along(stored: Stored) -> None:
    priced(stored)
    number = approved(stored)
    stored.calls(call(8), call(9))
    stored.desk.apply(number, "ann")
    assert stored.total("sell") == 10 * CHEAP


def test_a_cancelled_apply_is_taken_back(stored: Stored) -> None:
    priced(stored)
    before = stored.charges()
    number = approved(stored)
    stored.held = True
    stored.desk.apply(number, "ann")
    late = stored.tasks[2:]
    stored.tasks = stored.tasks[:2]
    stored.work()
    assert stored.charges() != before
    stored.held = False
    with pytest.raises(TakesBack, match="is being applied: cancelling takes that back"):
        stored.desk.cancel(number, "ann", may_take_back=False)
    record = stored.desk.cancel(number, "ann").record
    assert record.run.state is State.ROLLED_BACK
    assert stored.charges() == before
    for task in late:
        stored.worker.do(task)
    assert stored.charges() == before
