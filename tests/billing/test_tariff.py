"""Versions to one book: what a later version closes, and what the last published wins."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from billing.deck import FOREVER_MS, DeckVersion
from billing.explain_rate import find_rate, versions_of
from billing.explain_terms import ExplainedCall
from billing.instants import parse_instant_ms
from billing.tariff import Tariff
from kernels import Calls, Leg, Numbers, parse_numbers, rate
from tests.billing.decks import buy, tariff, version

JAN, FEB, MAR, APR = (parse_instant_ms(f"2026-{m:02d}-01") for m in (1, 2, 3, 4))


def code_of(made: Tariff, row: int) -> tuple[int, str]:
    """(version number, code) of a rate row."""
    version, _, prefix, _ = made.rows.of(np.array([row], np.int32), np.array([False]))
    return int(version[0]), prefix[0].as_py()


def found(made: Tariff, called: str, at_ms: int, deck: tuple[str, str]) -> tuple[int, str] | None:
    """(version number, code) that prices a call, None if nothing does."""
    digits, count = parse_numbers(pa.array([called]))
    none = np.array([-1], np.int32)
    at = np.array([made.decks[deck]], np.int32)
    one, no_fx = np.array([1_000], np.int32), np.empty(0, np.int32)
    numbers = Numbers(digits, count)
    calls = Calls(numbers, np.array([at_ms]), one, Leg(at, no_fx), Leg(none, no_fx))
    row = int(rate(calls, made.book).sell.rate_row[0])
    if row < 0:
        return None
    number, code, local = *code_of(made, row), int(made.rows.local[row])
    own = made.versions[number].rates.column("prefix")[local]
    assert own.as_py() == code, "local points into the version"
    return number, code


def sold(made: Tariff, called: str, at_ms: int) -> tuple[int, str] | None:
    return found(made, called, at_ms, ("sell", "retail"))


FULL = version(1, "44,UK,1,0,1,1", "447,UK mobile,2,0,1,1", "33,FR,1,0,1,1")


def later(number: int, *rows: str, **terms: Any) -> DeckVersion:
    return version(number, *rows, **{"valid_from_ms": FEB, **terms})


def test_a_later_full_version_closes_the_codes_it_does_not_list() -> None:
    made = tariff(FULL, later(2, "44,UK,3,0,1,1"))
    assert sold(made, "3312", FEB - 1) == (1, "33")
    assert sold(made, "3312", FEB) is None
    assert sold(made, "4470", FEB - 1) == (1, "447")
    assert sold(made, "4470", FEB) == (2, "44"), "the closed longer code gives way"
    assert sold(made, "4420", FEB - 1) == (1, "44")
    assert sold(made, "4420", FEB) == (2, "44")


def test_a_code_listed_with_a_later_date_keeps_its_price_until_then() -> None:
    made = tariff(FULL, later(2, "44,UK,3,0,1,1,,", "447,UK mobile,4,0,1,1,2026-03-01,"))
    assert sold(made, "4420", FEB) == (2, "44")
    assert sold(made, "4470", FEB) == (1, "447"), "the increase comes in March"
    assert sold(made, "4470", MAR - 1) == (1, "447")
    assert sold(made, "4470", MAR) == (2, "447")
    assert sold(made, "3312", FEB) is None, "not listed: closed at the version's date"
    for at_ms, version_number in ((MAR - 1, 1), (MAR, 2)):
        rate, _ = find_rate(versions_of(made, "sell", "retail"), ExplainedCall("4470", at_ms))
        assert rate is not None
        assert (rate.version.number, rate.prefix) == (version_number, "447")


def test_a_later_partial_version_leaves_them() -> None:
    made = tariff(FULL, later(2, "44,UK,3,0,1,1", coverage="partial"))
    assert sold(made, "3312", FEB) == (1, "33")
    assert sold(made, "4470", FEB) == (1, "447")
    assert sold(made, "4420", FEB) == (2, "44")
    assert sold(made, "4420", FEB - 1) == (1, "44")


def test_a_full_version_closes_partial_ones_before_it() -> None:
    partial = later(2, "447,UK mobile,5,0,1,1", coverage="partial")
    made = tariff(FULL, partial, version(3, "44,UK,9,0,1,1", valid_from_ms=MAR))
    assert sold(made, "4470", MAR - 1) == (2, "447")
    assert sold(made, "4470", MAR) == (3, "44")


def test_a_full_version_of_an_earlier_date_published_later_closes_what_came_before_it() -> None:
    made = tariff(FULL, version(2, "33,FR,2,0,1,1", valid_from_ms=MAR), later(3, "44,UK,9,0,1,1"))
    assert sold(made, "3312", FEB - 1) == (1, "33")
    assert sold(made, "3312", FEB) is None
    assert sold(made, "3312", MAR) is None, "version 3 says that 33 is closed from February on"
    assert sold(made, "4420", MAR) == (3, "44")


def test_an_earlier_version_does_not_close_a_later_one() -> None:
    made = tariff(later(1, "44,UK,1,0,1,1"), version(2, "33,FR,1,0,1,1", valid_from_ms=JAN))
    assert sold(made, "3312", APR) == (2, "33")
    assert sold(made, "4420", FEB) is None


def test_of_two_versions_of_one_code_the_last_published_wins_where_it_applies() -> None:
    made = tariff(
        FULL, later(2, f"44,UK,3,0,1,1,{'2026-02-01'},{'2026-03-01'}", coverage="partial")
    )
    assert [sold(made, "4420", at) for at in (FEB - 1, FEB, MAR - 1, MAR)] == [
        *((1, "44"), (2, "44"), (2, "44"), (1, "44"))
    ]


def test_the_order_given_does_not_matter_the_number_does() -> None:
    versions = [FULL, later(2, "44,UK,3,0,1,1"), later(3, "44,UK,4,0,1,1", coverage="partial")]
    for order in (versions, versions[::-1], [versions[1], versions[2], versions[0]]):
        assert sold(tariff(*order), "4420", MAR) == (3, "44")


def test_decks_and_sides_of_one_name_are_apart() -> None:
    other = version(3, "44,UK,1,0,1,1", deck="gold")
    both = tariff(FULL, version(2, "33,FR,7,0,1,1", deck="retail", side="buy"), other)
    assert sold(both, "4420", FEB) == (1, "44")
    assert found(both, "3312", FEB, ("buy", "retail")) == (2, "33")
    assert found(both, "4420", FEB, ("buy", "retail")) is None
    assert found(both, "4470", FEB, ("sell", "gold")) == (3, "44")


def test_every_version_charges_by_its_own_options() -> None:
    grid = {"anchor": "whole_call"}
    made = tariff(
        version(1, "44,UK,60,0,30,18"),
        version(2, "33,FR,60,0,30,18", deck="gold", options=grid),
        version(3, "49,DE,60,0,30,18", deck="gold", options=grid, coverage="partial"),
        buy(4, "44,UK,60,0,30,18", options=grid),
    )
    digits, count = parse_numbers(pa.array(["4420", "3312", "4930", "4420"]))
    decks = [("sell", "retail"), ("sell", "gold"), ("sell", "gold"), ("buy", "a-z")]
    n = len(decks)
    calls = Calls(
        Numbers(digits, count),
        np.full(n, FEB),
        np.full(n, 40_000, np.int32),
        Leg(np.array([made.decks[d] for d in decks], np.int32), np.empty(0, np.int32)),
        Leg(np.full(n, -1, np.int32), np.empty(0, np.int32)),
    )
    assert rate(calls, made.book).sell.billed_s.tolist() == [48, 54, 54, 54]


def test_what_a_tariff_knows_of_its_rows() -> None:
    second = later(2, "44,UK,3,0,1,1", options={"currency": "EUR"}, deck="gold")
    made = tariff(FULL, second)
    every = np.arange(4, dtype=np.int32)
    number, local, prefix, destination = made.rows.of(every, every < 0)
    assert number.tolist() == [1, 1, 1, 2]
    assert local.tolist() == [0, 1, 2, 0]
    assert prefix.to_pylist() == ["44", "447", "33", "44"]
    assert destination.to_pylist() == ["UK", "UK mobile", "FR", "UK"]
    nothing = made.rows.of(every, every >= 0)
    assert [list(np.asarray(column)) for column in nothing] == [[0] * 4] * 2 + [[""] * 4] * 2
    assert made.currencies == {("sell", "retail"): "USD", ("sell", "gold"): "EUR"}
    assert made.versions == {1: FULL, 2: second}


def test_no_versions() -> None:
    made = tariff()
    assert (made.decks, len(made.rows.version)) == ({}, 0)


def test_a_version_without_rows_closes_a_deck() -> None:
    made = tariff(FULL, FULL._replace(number=2, valid_from_ms=FEB, rates=FULL.rates.slice(0, 0)))
    assert sold(made, "4420", FEB - 1) == (1, "44")
    assert sold(made, "4420", FEB) is None


@pytest.mark.parametrize("column", ["first_rate_nanos", "next_rate_nanos", "connect_nanos"])
@pytest.mark.parametrize("value", [-1, 10**13 + 1, 2**62])
def test_rates_beyond_the_limits_are_a_bug_and_stop(column: str, value: int) -> None:
    at = FULL.rates.column_names.index(column)
    wrong = FULL.rates.set_column(at, column, pa.array([0, value, 0], pa.int64()))
    with pytest.raises(AssertionError, match=column):
        tariff(FULL._replace(rates=wrong))


def test_a_year_of_monthly_versions() -> None:
    starts = [parse_instant_ms(f"2026-{m:02d}-01") for m in range(1, 13)]
    made = tariff(*(version(n, "44,UK,1,0,1,1", valid_from_ms=s) for n, s in enumerate(starts, 1)))
    for n, start in enumerate(starts, 1):
        assert sold(made, "4420", start) == (n, "44")
        assert sold(made, "4420", start - 1) == ((n - 1, "44") if n > 1 else None)
    assert sold(made, "4420", FOREVER_MS - 1) == (12, "44")
