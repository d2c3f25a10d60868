"""Columns of text to exact numbers, and numbers without what SIP puts around them."""

from decimal import ROUND_DOWN, Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.mediation.switches.columns import Flaws, Table, plain, scaled, whole


@settings(deadline=None)
@given(st.lists(st.decimals(0, 10**9 - 1, places=6, allow_nan=False), min_size=1, max_size=10))
def test_milliseconds_of_decimals_are_exact(numbers: list[Decimal]) -> None:
    found = Flaws()
    texts = [f"{n:f}" for n in numbers]
    ms = scaled(pa.array(texts), 1_000, "s", found).tolist()
    assert ms == [int((n * 1_000).to_integral_value(ROUND_DOWN)) for n in numbers]
    assert not found.first().num_rows


@pytest.mark.parametrize("text", ["x", "1e3", "-", "1,5", "--1", "9" * 30, "٣", "1.2.3", "0x1"])
def test_what_is_no_number_is_a_flaw_of_its_row(text: str) -> None:
    for per_unit in (1, 1_000):
        found, texts = Flaws(), pa.array(["7", text, "8"])
        numbers = whole(texts, "n", found) if per_unit == 1 else scaled(texts, 1_000, "n", found)
        result = numbers.tolist()
        (flaw,) = found.first().to_pylist()
        assert (flaw["row"], flaw["reason"], flaw["field"]) == (1, "invalid", "n")
        assert flaw["value"] == text
        assert result[1] == 0
        assert result[0] in {7, 7_000}


@given(
    st.lists(st.sampled_from(["7", " 7", "\t7", "7.5", " 7.5", "", "x", "-7", "1e3"]), max_size=6)
)
def test_a_number_is_read_alike_whatever_stands_beside_it(texts: list[str]) -> None:
    together = Flaws()
    ms = scaled(pa.array(texts, pa.string()), 1_000, "s", together).tolist()
    bad = {flaw["row"]: flaw for flaw in together.first().to_pylist()}
    for row, text in enumerate(texts):
        alone = Flaws()
        assert scaled(pa.array([text]), 1_000, "s", alone).tolist() == [ms[row]]
        found = [{**flaw, "row": row} for flaw in alone.first().to_pylist()]
        assert found == ([bad[row]] if row in bad else [])


def test_blank_numbers() -> None:
    found = Flaws()
    assert whole(pa.array(["", "3"]), "n", found).tolist() == [0, 3]
    assert not found.first().num_rows
    whole(pa.array(["", "3"]), "n", found, None)
    assert found.first()["reason"].to_pylist() == ["missing"]


def test_the_first_flaw_of_a_row_counts() -> None:
    found = Flaws()
    for field in ("a", "b"):
        whole(pa.array(["x"]), field, found)
    assert found.first()["field"].to_pylist() == ["a"]


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ("4420", "4420"),
        ("+4420", "+4420"),
        ("sip:+4420@192.0.2.1:5060;user=phone", "+4420"),
        ('"Ann" <sip:4420@192.0.2.1>;tag=7', "4420"),
        ("tel:+44-20-79", "+442079"),
        ("(020) 79.46/0", "02079460"),
        ("4420;npdi", "4420"),
        ("anonymous", "anonymous"),
        ("", ""),
        ("123#4420", "123#4420"),
    ],
)
def test_plain_numbers(sent: str, number: str) -> None:
    assert plain(pa.array(["1", sent])).to_pylist() == ["1", number]


def test_the_first_column_that_says_something() -> None:
    table = Table({"a": pa.array(["", "x", ""]), "b": pa.array(["y", "z", ""])}, pa.array([0]))
    assert table.first("a", "b").to_pylist() == ["y", "x", ""]
    assert table.first("b", "a").to_pylist() == ["y", "z", ""]
