"""Numbers to digits, and the longest code that begins a number, against a scan of all codes."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernels import parse_numbers, rate
from kernels.book import nodes_of
from kernels.dialcodes import build_dialcodes
from tests.kernels.compiled import Call, book_of, calls_of, digits_of
from tests.kernels.naive import Price, RateRow, Rule, naive_digits

FREE = Price(0, 0, 0, 1, 1)


def longest(codes: set[str], number: str) -> str:
    """The longest code the number begins with, "" if none: a scan of them all."""
    digits = naive_digits(number)
    return max((code for code in codes if digits.startswith(code)), key=len, default="")


def matched(codes: set[str], numbers: list[str]) -> list[str]:
    """The code of the node that the kernels find for each number."""
    book = book_of([[RateRow(code, 0, 9, FREE, Rule()) for code in sorted(codes)]])
    nodes = rate(calls_of([Call(number, 1, 1) for number in numbers]), book).node
    lengths = book.codes.length[nodes].tolist()
    digits = book.codes.digits[nodes].tolist()
    return [f"{d:015d}"[:n] for d, n in zip(digits, lengths, strict=True)]


DIGITS = {
    "442071838750": "442071838750",
    "+442071838750": "442071838750",
    "00442071838750": "442071838750",
    "0": "0",
    "000": "0",
    "+0044": "0044",
    "0440": "0440",
    "4": "4",
    "123456789012345": "123456789012345",
    "1234567890123456": "123456789012345",
    "99999999999999999999999999": "999999999999999",
    "00" + "9" * 15: "999999999999999",
    "00" + "9" * 16: "999999999999999",
    "": "",
    "+": "",
    "00": "",
    "++44": "",
    "44+": "",
    " 44": "",
    "44 20": "",
    "44-20": "",
    "44.0": "",
    "-44": "",
    "sip:44@x": "",
    "anonymous": "",
    "４４": "",
    "٤٤": "",
    "44\0": "",
    "1234567890123456x": "",
}


@pytest.mark.parametrize("number", DIGITS)
def test_digits_of_a_number(number: str) -> None:
    expected = DIGITS[number]
    digits, count = digits_of([number])
    assert f"{int(digits[0]):015d}"[: count[0]] == expected
    assert int(digits[0]) == int(expected.ljust(15, "0") or 0)
    assert naive_digits(number)[:15] == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30) | st.text("+0123456789", max_size=20), max_size=20))
def test_any_text_is_digits_or_nothing(numbers: list[str]) -> None:
    digits, count = digits_of(numbers)
    expected = [naive_digits(number)[:15] for number in numbers]
    assert count.tolist() == [len(text) for text in expected]
    assert digits.tolist() == [int(text.ljust(15, "0") or 0) for text in expected]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_a_slice_of_any_string_column(kind: pa.DataType) -> None:
    column = pa.array(["111", "+4420", "", "0049", "7" * 40], kind)
    for start in range(6):
        for length in range(6 - start):
            digits, count = parse_numbers(column.slice(start, length))
            expected = [naive_digits(t)[:15] for t in column.to_pylist()[start : start + length]]
            assert count.tolist() == [len(text) for text in expected]
            assert digits.tolist() == [int(text.ljust(15, "0") or 0) for text in expected]


FAMILY = {"442071838750123"[:n] for n in range(1, 16)}


@pytest.mark.parametrize("without", range(16))
def test_nested_codes_of_every_length(without: int) -> None:
    codes = {code for code in FAMILY if len(code) != without}
    numbers = ["442071838750123"[:n] + tail for n in range(16) for tail in ("", "9", "0", "00")]
    assert matched(codes, numbers) == [longest(codes, number) for number in numbers]


def test_a_short_number_does_not_match_a_code_that_ends_in_zeros() -> None:
    codes = {"440", "44000", "4400000", "440000000000000", "1", "10"}
    numbers = ["4", "44", "440", "4400", "44000", "440000", "4400000", "44000000", "1", "10", "100"]
    assert matched(codes, numbers) == [longest(codes, number) for number in numbers]
    assert matched({"440"}, ["44", "440"]) == ["", "440"]


def test_a_number_that_is_none_matches_no_code() -> None:
    codes = {"0", "1", "4", "44"}
    assert matched(codes, ["", "+", "00", "44x", "x", "+44", "0044", "0"]) == [
        *("", "", "", "", "", "44", "44", "0")
    ]


def test_no_codes_match_nothing() -> None:
    assert matched(set(), ["44", "", "0"]) == ["", "", ""]


CODE = st.text("0149", min_size=1, max_size=15).filter(lambda c: not c.startswith("00"))


@settings(max_examples=150, deadline=None)
@given(
    st.sets(CODE | st.text("01", min_size=5, max_size=9).map("4".__add__), max_size=60),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 15), st.text("0149+", max_size=20))),
)
@example({"4", "4400000"}, [(0, 15, "")])
def test_any_codes_and_numbers(codes: set[str], seeds: list[tuple[int, int, str]]) -> None:
    """Numbers are codes cut short, or lengthened, or unrelated."""
    ordered = sorted(codes) or ["4"]
    numbers = [ordered[at % len(ordered)][:cut] + tail for at, cut, tail in seeds]
    assert matched(codes, numbers) == [longest(codes, number) for number in numbers]


def test_forty_thousand_adversarial_numbers() -> None:
    draw = random.Random(7)
    codes: set[str] = set()
    while len(codes) < 400:
        stem = draw.choice([*sorted(codes)[:40], ""])
        code = stem + "".join(draw.choices("0019", k=draw.randint(1, 6)))
        if len(code) <= 15 and not code.startswith("00"):
            codes.add(code)
    ordered = sorted(codes)
    numbers = []
    for _ in range(40_000):
        code = draw.choice(ordered)
        cut = code[: draw.randint(1, len(code))]
        tail = draw.choice(["", "0", "00000000", "".join(draw.choices("0019", k=5))])
        number = cut + tail
        numbers.append(number if not number.startswith("00") else "+" + number)
    assert matched(codes, numbers) == [longest(codes, number) for number in numbers]


def test_equal_codes_have_equal_epochs_and_nodes_in_any_order() -> None:
    codes = ["44", "4", "440", "1", "4"]
    one = build_dialcodes(*digits_of(codes))
    other = build_dialcodes(*digits_of(codes[::-1]))
    assert one.epoch == other.epoch
    assert np.array_equal(one.digits, other.digits)
    assert np.array_equal(one.length, other.length)
    assert one.epoch != build_dialcodes(*digits_of(["44", "4", "4400", "1"])).epoch


def test_nodes_of_codes_and_of_a_stranger() -> None:
    codes = build_dialcodes(*digits_of(["44", "440", "1"]))
    nodes = nodes_of(codes, *digits_of(["440", "1", "44"]))
    assert codes.length[nodes].tolist() == [3, 1, 2]
    with pytest.raises(KeyError):
        nodes_of(codes, *digits_of(["4400"]))
    with pytest.raises(KeyError):
        nodes_of(codes, *digits_of(["45"]))


@pytest.mark.parametrize("length", [0, 16])
def test_a_code_of_no_or_too_many_digits_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="1 to 15 digits"):
        build_dialcodes(np.array([4], np.uint64), np.array([length], np.uint8))
