"""Stored nodes under other dial codes: right, or said to need their number again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import BatchError, Nodes, Numbers, rate
from kernels.dialcodes import build_dialcodes
from kernels.epochs import matched, remap
from kernels.layout import DialCodes
from tests.kernels.compiled import Call, book_of, calls_of, digits_of
from tests.kernels.naive import Price, RateRow, Rule

DIGITS = st.text("014", max_size=8).filter(lambda text: not text.startswith("00"))
CODES = st.lists(DIGITS.map(lambda text: text[:5] or "4"), max_size=25)
NUMBERS = st.lists(DIGITS, min_size=1, max_size=40)


def codes_of(codes: list[str]) -> DialCodes:
    return build_dialcodes(*digits_of(codes))


@settings(max_examples=300, deadline=None)
@given(CODES, CODES, NUMBERS)
def test_a_node_is_carried_over_or_its_number_asked_for(
    old: list[str], new: list[str], numbers: list[str]
) -> None:
    before, after = codes_of(old), codes_of(new)
    digits = digits_of(numbers)
    found, again = remap(Nodes(matched(before, *digits), before.epoch), before, after)
    right = matched(after, *digits)
    assert found.epoch == after.epoch
    assert (again | (found.node == right)).all()
    for i, number in enumerate(numbers):
        longer = [c for c in set(new) - set(old) if number.startswith(c)]
        if any(len(c) > before.length[matched(before, *digits)[i]] for c in longer):
            assert again[i], "a new longer code matches"


@settings(max_examples=50, deadline=None)
@given(CODES, NUMBERS)
def test_the_same_codes_ask_for_nothing(codes: list[str], numbers: list[str]) -> None:
    before, after = codes_of(codes), codes_of(list(reversed(codes)))
    nodes = Nodes(matched(before, *digits_of(numbers)), before.epoch)
    found, again = remap(nodes, before, after)
    assert not again.any()
    assert np.array_equal(found.node, nodes.node)


def test_only_what_a_new_code_continues_is_asked_for() -> None:
    before, after = codes_of(["44", "1"]), codes_of(["44", "1", "4477"])
    nodes = Nodes(matched(before, *digits_of(["4477", "4420", "1202", "7"])), before.epoch)
    _, again = remap(nodes, before, after)
    assert again.tolist() == [True, True, False, False]


PRICE = Price(60_000, 60_000, 0, 1, 1)


def test_a_batch_of_nodes_is_the_batch_of_its_numbers() -> None:
    book = book_of([[RateRow(c, 0, 99, PRICE, Rule()) for c in ("44", "4420", "1")]])
    calls = calls_of([Call(n, 5, 7_000) for n in ("442012", "44", "1", "9", "")])
    rated = rate(calls, book)
    again = rate(calls._replace(called=Nodes(rated.node, book.codes.epoch)), book)
    assert np.array_equal(again.sell.nanos, rated.sell.nanos)
    assert np.array_equal(again.sell.rate_row, rated.sell.rate_row)
    assert np.array_equal(again.node, rated.node)


def test_nodes_of_another_epoch_are_refused_before_anything_is_written() -> None:
    book = book_of([[RateRow("44", 0, 99, PRICE, Rule())]])
    other = book_of([[RateRow("45", 0, 99, PRICE, Rule())]])
    calls = calls_of([Call("44", 5, 1)])
    assert isinstance(calls.called, Numbers)
    stored = Nodes(np.zeros(1, np.int32), other.codes.epoch)
    with pytest.raises(BatchError, match=r"nodes of epoch .*, book of epoch"):
        rate(calls._replace(called=stored), book)
    with pytest.raises(BatchError, match="nodes of epoch"):
        remap(stored, book.codes, other.codes)


@pytest.mark.parametrize("node", [-1, 2])
def test_a_node_that_the_book_does_not_have_is_refused(node: int) -> None:
    book = book_of([[RateRow("44", 0, 99, PRICE, Rule())]])
    wrong = Nodes(np.array([0, node], np.int32), book.codes.epoch)
    calls = calls_of([Call("44", 5, 1)] * 2)._replace(called=wrong)
    with pytest.raises(BatchError, match=f"node of row 1 is {node}: allowed 0 to 1"):
        rate(calls, book)
    with pytest.raises(BatchError, match=f"node of row 1 is {node}: allowed 0 to 1"):
        remap(wrong, book.codes, book.codes)
