"""Currencies are never mixed, and the page does not flap between two of them."""

from dashboards import ledger
from tests.dashboards.rows import destination, earning


def test_sums_stay_within_their_currency() -> None:
    steps = [
        earning(2_000, sell_nanos=5, buy_nanos=4),
        earning(4_000, sell_nanos=7, buy_nanos=9, currency="USD"),
        earning(4_000, currency=""),
    ]
    totals = ledger.per_currency(steps)
    assert totals == {"EUR": (5, 4), "USD": (7, 9)}
    lines = ledger.currency_sums(totals)
    assert [(line.currency, line.margin) for line in lines] == [
        ("USD", "-0.000000002"),
        ("EUR", "0.000000001"),
    ]


def test_the_page_keeps_its_currency_until_another_is_clearly_larger() -> None:
    assert ledger.main_currency({}, None) is None
    assert ledger.main_currency({}, "EUR") == "EUR"
    assert ledger.main_currency({"EUR": (100, 0), "USD": (101, 0)}, None) == "USD"
    assert ledger.main_currency({"EUR": (100, 0), "USD": (124, 0)}, "EUR") == "EUR"
    assert ledger.main_currency({"EUR": (100, 0), "USD": (125, 0)}, "EUR") == "USD"
    assert ledger.main_currency({"USD": (1, 0)}, "EUR") == "USD"


def test_losses_outside_the_top_are_shown_worst_first() -> None:
    top = [destination(f"top {n}", 1_000 - n, 10) for n in range(ledger.DESTINATIONS_SHOWN_MAX)]
    small = [destination(f"loss {n}", 5, 6 + n) for n in range(9)]
    foreign = destination("elsewhere", 4, 900, foreign_calls=3)
    other = destination("other currency", 10_000, 0, currency="USD")
    rows = [*small, foreign, *top, other, destination("fine", 5, 1)]
    shown, losing, count = ledger.split_destinations(rows, "EUR")
    assert [row.name for row in shown] == [each.name for each in top]
    assert [row.name for row in losing] == ["loss 8", "loss 7", "loss 6", "loss 5"]
    assert count == len(small)


def test_a_loss_within_the_top_is_counted_and_not_shown_twice() -> None:
    shown, losing, count = ledger.split_destinations([destination("bad", 100, 101)], "EUR")
    assert (shown[0].margin, shown[0].margin_percent) == ("-0.000000001", "-1.0")
    assert (losing, count) == ([], 1)


def test_no_margin_where_part_was_bought_in_another_currency() -> None:
    (row,), _, count = ledger.split_destinations([destination("mixed", 100, 0, "EUR", 1)], "EUR")
    assert (row.margin, row.margin_percent, count) == (None, None, 0)
