"""Columns of decimal texts."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from dashboards.lining import lined

MONEY = st.decimals(-(10**12), 10**12, places=9, allow_nan=False).map(
    lambda n: f"{n:f}".rstrip("0").rstrip(".")
)


@given(st.lists(MONEY, min_size=1))
def test_the_amounts_stay_and_their_points_stand_in_one_place(column: list[str]) -> None:
    shown = [lined(column)(text) for text in column]
    assert list(map(Decimal, shown)) == list(map(Decimal, column))
    assert len({len(text.partition(".")[2]) for text in shown}) == 1


def test_whole_numbers_get_no_point() -> None:
    assert lined(["7", "-12"])("7") == "7"
    assert lined([])("7") == "7"
