"""Which row of the closure a call takes: labels by instant and A-number, and what is refused."""

from typing import Any

import numpy as np
import pytest

from kernels import BatchError, Numbers
from kernels.classes import DAY_MS, NO_PLAN, NONE, Classes, origin_labels, rows_of
from kernels.dialcodes import build_dialcodes
from tests.kernels.compiled import digits_of

DAYS = 4
BEGINS = [0, 5, DAY_MS, 3 * DAY_MS - 1]  # labels 0 1 2 1
PREFIXES = ["44", "4420", "1"]  # labels 1 2 1


def classes() -> Classes:
    """Rows 0-5: deck 0 has both kinds (3 x 3 cells), 3 only origins, 4 only times, 5 none."""
    codes = build_dialcodes(*digits_of([*PREFIXES, "4", "442", "9"]))
    label = np.array([1, 2, 1], np.int32)
    origin = [origin_labels(codes, *digits_of(PREFIXES), label, missing, 0) for missing in (0, 2)]
    days = np.arange(DAYS) * DAY_MS
    return Classes(
        plan=np.array([0, NO_PLAN, NO_PLAN, 1, 2, NO_PLAN], np.int32),
        plans=np.array([(0, 0, 0, 3), (NONE, 1, 9, 3), (0, NONE, 12, 1)], np.int32),
        cells=np.arange(100, 115, dtype=np.int32),
        day_first=np.array([np.searchsorted(BEGINS, days, "right") - 1], np.int32),
        begin_ms=np.array([*BEGINS, DAYS * DAY_MS], np.int64),
        label=np.array([0, 1, 2, 1, NONE], np.int32),
        codes=codes,
        origin=np.array(origin, np.int32),
        window_ms=(0, DAYS * DAY_MS),
    )


def found(deck: list[int], at_ms: list[int], calling: list[str], threads: int = 1) -> list[int]:
    columns = (np.array(deck, np.int32), np.array(at_ms, np.int64))
    rows = rows_of(classes(), *columns, Numbers(*digits_of(calling)), threads)
    return [int(row) for row in rows]


def test_decks_without_classes_pass_through() -> None:
    assert found([1, 5, -1, 2], [-(10**15), 10**15, 0, 0], ["44", "", "x", "1"]) == [1, 5, -1, 2]
    assert found([], [], []) == []


def test_a_time_label_holds_from_its_first_millisecond_to_the_last_before_the_next() -> None:
    at_ms = [0, 4, 5, DAY_MS - 1, DAY_MS, 2 * DAY_MS, 3 * DAY_MS - 2, 3 * DAY_MS - 1, 3 * DAY_MS]
    labels = [0, 0, 1, 1, 2, 2, 2, 1, 1]
    assert found([4] * 9, at_ms, [""] * 9) == [112 + label for label in labels]
    assert found([4], [DAYS * DAY_MS - 1], ["1"]) == [113]


def test_an_origin_label_is_that_of_the_longest_prefix() -> None:
    calling = ["4420", "44201", "442", "+4421", "0044", "4", "9", "17", "x1", "", "44 ", "+"]
    labels = [2, 2, 1, 1, 1, 0, 0, 1, 2, 2, 2, 2]
    assert found([3] * 12, [10**15] * 12, calling) == [109 + label for label in labels]


def test_both_labels_choose_a_cell() -> None:
    calling = ["", "44", "4420"] * 3
    at_ms = [0] * 3 + [5] * 3 + [DAY_MS] * 3
    assert found([0] * 9, at_ms, calling) == list(range(100, 109))


@pytest.mark.parametrize("n", [511, 512, 513, 70_000, 131_073])
def test_any_number_of_calls_and_threads(n: int) -> None:
    deck = [(0, 3, 5, 4)[i % 4] for i in range(n)]
    at_ms = [(i * 7_919_000) % (DAYS * DAY_MS) for i in range(n)]
    calling = [("4420", "1", "", "9")[i % 3] for i in range(n)]
    one = found(deck, at_ms, calling)
    assert one == found(deck, at_ms, calling, 0) == found(deck, at_ms, calling, 2)
    some = range(0, n, 1_009)
    assert [one[i] for i in some] == [found([deck[i]], [at_ms[i]], [calling[i]])[0] for i in some]


@pytest.mark.parametrize("at_ms", [-1, DAYS * DAY_MS, -(2**62), 2**62])
def test_an_instant_without_a_time_class_is_refused(at_ms: int) -> None:
    with pytest.raises(BatchError, match=f"answered_ms of row 1 is {at_ms}: time classes are"):
        found([3, 0, 0], [at_ms, at_ms, 0], [""] * 3)
    many = [5] * 70_000
    with pytest.raises(BatchError, match="answered_ms of row 69999 is"):
        found([*many[1:], 4], [*many[1:], at_ms], [""] * 70_000, 2)


COLUMNS: dict[str, tuple[int, Any, str]] = {
    "a deck too high": (0, np.array([6], np.int32), "deck of row 0 is 6: allowed -1 to 5"),
    "a deck too low": (0, np.array([-2], np.int32), "deck of row 0 is -2"),
    "a wrong type": (0, np.array([0], np.int64), "column deck: int64 instead of int32"),
    "a wrong length": (1, np.zeros(2, np.int64), r"column answered_ms: \(2,\) instead of \(1,\)"),
    "wrong digits": (2, np.zeros(1, np.int64), "column calling_digits: int64"),
    "wrong counts": (3, np.zeros(0, np.uint8), "column calling_digit_count"),
}


@pytest.mark.parametrize("what", COLUMNS)
def test_columns_that_do_not_fit_are_refused(what: str) -> None:
    at, column, said = COLUMNS[what]
    good: list[Any] = [np.zeros(1, kind) for kind in ("i4", "i8", "u8", "u1")]
    good[at] = column
    with pytest.raises(BatchError, match=said):
        rows_of(classes(), good[0], good[1], Numbers(good[2], good[3]))
