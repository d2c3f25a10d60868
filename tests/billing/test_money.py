"""Money between text and nanos: exact both ways, nothing rounded, nothing guessed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import NANOS, format_nanos, parse_currency, parse_nanos

EXACT = {
    "0": 0,
    "0.0": 0,
    "-0": 0,
    "1": NANOS,
    "+1": NANOS,
    "-1": -NANOS,
    "0.0105": 10_500_000,
    "0.000000001": 1,
    "-0.000000001": -1,
    "0.0000000010000": 1,
    "007": 7 * NANOS,
    " 1.5 ": 1_500_000_000,
    "999999999999.999999999": 999_999_999_999_999_999_999,
    "1.": NANOS,
}


@pytest.mark.parametrize("text", EXACT)
def test_a_plain_decimal_is_exact(text: str) -> None:
    assert parse_nanos(text) == EXACT[text]
    assert parse_nanos(text) == Decimal(text.strip()) * NANOS


REFUSED = ["", " ", ".5", "1,5", "1.000,5", "1e-3", "1E3", "nan", "inf", "0x10", "1 0", "--1", "-"]
REFUSED += [
    "£1",
    "1$",
    "1_000",
    "1.2.3",
    "1\n2",
    "１",
    "1.٥",
    "9" * 13,
    "0.0000000001",
    "1.0000000015",
]


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        parse_nanos(text)


@given(st.integers(-(10**21) + 1, 10**21 - 1))
def test_text_and_nanos_are_the_same_thing(nanos: int) -> None:
    text = format_nanos(nanos)
    assert Decimal(text) * NANOS == nanos
    assert parse_nanos(text) == nanos


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0"),
        (10_500_000, "0.0105"),
        (-10_500_000, "-0.0105"),
        (100 * NANOS, "100"),
        (-1, "-0.000000001"),
        (1_200_000_000, "1.2"),
    ],
)
def test_the_shortest_text(nanos: int, text: str) -> None:
    assert format_nanos(nanos) == text


def test_a_currency_is_three_capitals() -> None:
    assert parse_currency("EUR") == "EUR"
    for text in ("", "eur", "EURO", "EU", "E1R", " EUR", "EUR ", "EUR\n", "ÄÖÜ"):
        with pytest.raises(ValueError, match="currency"):
            parse_currency(text)
