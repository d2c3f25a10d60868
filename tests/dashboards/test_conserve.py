"""The conservation line: exact, in flight, or a difference that stays."""

import pytest

from dashboards import conserve
from dashboards.conserve import CHECKS_MIN, Gap
from tests.dashboards.rows import balances

EXACT = Gap(0, 0)


def test_an_exact_line() -> None:
    parts = balances(received=10, rated=5, suspended=2, dead=1, duplicate=2)
    line = conserve.line(parts, [EXACT], 1, 2)
    assert (line.flow, line.text, line.calls.difference) == ("exact", "exact", "0")
    assert (line.seconds.received, line.seconds.rated) == ("10", "5")


def test_parts_that_are_absent_count_as_none() -> None:
    line = conserve.line([], [], 1, 2)
    assert (line.flow, line.calls.received, line.calls.duplicate) == ("exact", "0", "0")


def test_calls_on_their_way_are_no_difference() -> None:
    parts = balances(received=8, rated=8) + balances(settled=False, received=5, rated=2)
    line = conserve.line(parts, [EXACT] * CHECKS_MIN, 1, 2)
    assert (line.flow, line.text, line.calls.difference) == ("in_flight", "3 in flight", "3")


def test_lost_milliseconds_show_even_if_the_calls_agree() -> None:
    assert conserve.judge(Gap(0, 5), [])[0] == "in_flight"
    assert conserve.judge(Gap(0, 5), [Gap(0, 5)] * CHECKS_MIN) == (
        "difference",
        "difference +0 calls, 0.005 s",
    )


@pytest.mark.parametrize("missing", [1, -1])
def test_a_gap_that_stays_is_a_difference(missing: int) -> None:
    stays = [Gap(missing, 0)] * CHECKS_MIN
    assert conserve.judge(Gap(missing, 0), stays)[0] == "difference"
    assert conserve.judge(Gap(missing, 0), stays[1:])[0] == "in_flight"
    assert conserve.judge(Gap(missing, 0), [*stays[:3], EXACT, *stays[4:]])[0] == "in_flight"
    assert conserve.judge(Gap(missing, 0), [*stays[1:], Gap(-missing, 0)])[0] == "in_flight"


def test_a_growing_loss_names_the_least_that_is_surely_lost() -> None:
    growing = [Gap(n, n * 1_000) for n in range(1, CHECKS_MIN + 1)]
    assert conserve.judge(growing[-1], growing) == ("difference", "difference +1 calls, 1 s")
