"""Positions against a sort by time and bytes and a plain sum."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import BatchError
from kernels.layout import I64
from kernels.positions import (
    BILLED_S_MAX,
    NO_GROUP,
    POSITION_S_MAX,
    CallIds,
    Positions,
    call_ids,
    positions,
)


class Counted(NamedTuple):
    """One call."""

    group: int
    at_ms: int
    id: bytes
    billed_s: int


def naive_positions(calls: list[Counted], opening_s: list[int]) -> tuple[list[int], list[int]]:
    billed, start = list(opening_s), [NO_GROUP] * len(calls)
    for row in sorted(range(len(calls)), key=lambda row: (calls[row].at_ms, calls[row].id)):
        call = calls[row]
        if call.group != NO_GROUP:
            start[row] = billed[call.group]
            billed[call.group] += call.billed_s
    return start, billed


def counted(calls: list[Counted], opening_s: list[int]) -> tuple[list[int], list[int]]:
    group, at_ms, ids, billed_s = zip(*calls, strict=True) if calls else [()] * 4
    found = positions(
        np.array(group, np.int32),
        np.array(at_ms, np.int64),
        call_ids(pa.array(ids, pa.binary(16))),
        np.array(billed_s, np.int32),
        np.array(opening_s, np.int64),
    )
    return found.start_s.tolist(), found.closing_s.tolist()


HALVES = st.integers(0, 255).map(lambda byte: bytes([byte]) * 8)
IDS = st.lists(
    st.builds(bytes.__add__, HALVES, HALVES) | st.binary(min_size=16, max_size=16),
    max_size=40,
    unique=True,
)


@settings(max_examples=200, deadline=None)
@given(IDS, st.data())
def test_positions_are_the_seconds_billed_before(ids: list[bytes], data: st.DataObject) -> None:
    groups = data.draw(st.integers(1, 3))
    calls = [
        Counted(
            data.draw(st.integers(NO_GROUP, groups - 1)),
            data.draw(st.integers(-2, 2) | st.sampled_from([-(2**63), 2**63 - 1])),
            each,
            data.draw(st.integers(0, 100) | st.just(BILLED_S_MAX)),
        )
        for each in ids
    ]
    opening_s = [data.draw(st.sampled_from([0, 1, POSITION_S_MAX])) for _ in range(groups)]
    assert counted(calls, opening_s) == naive_positions(calls, opening_s)


def columns(n: int, instants: int) -> dict[str, Any]:
    draw = np.random.default_rng(n)
    return {
        "group": draw.integers(-1, 3, n, dtype=np.int32),
        "answered_ms": draw.integers(0, instants, n),
        "ids": CallIds(draw.integers(0, 9, n, dtype=np.uint64), draw.permutation(n).astype("u8")),
        "billed_s": draw.integers(0, BILLED_S_MAX, n, dtype=np.int32),
        "opening_s": np.array([5, 0, 7], np.int64),
    }


def by_cumsum(given: dict[str, Any]) -> tuple[I64, I64]:
    """The same from numpy: sorted by group, the running sum less its value where a group begins."""
    ids = given["ids"]
    order = np.lexsort((ids.low, ids.high, given["answered_ms"], given["group"]))
    group, billed_s = given["group"][order], given["billed_s"][order].astype(np.int64)
    before = np.cumsum(billed_s) - billed_s
    first = np.searchsorted(group, np.arange(-1, 3))
    start_s, closing_s = np.full(len(order), -1, np.int64), given["opening_s"].copy()
    for g in range(3):
        rows = slice(first[g + 1], first[g + 2] if g < 2 else len(order))
        start_s[order[rows]] = before[rows] - before[first[g + 1]] + closing_s[g]
        closing_s[g] += billed_s[rows].sum()
    return start_s, closing_s


@pytest.mark.parametrize("instants", [1, 50, 10**9])
def test_many_calls_of_few_and_of_many_instants(instants: int) -> None:
    given = columns(20_000, instants)
    found, expected = positions(**given), by_cumsum(given)
    assert np.array_equal(found.start_s, expected[0])
    assert np.array_equal(found.closing_s, expected[1])


def test_rows_in_order_and_rows_in_any_order() -> None:
    given = columns(5_000, 100)
    before = {name: np.copy(column) for name, column in given.items()}
    found = positions(**given)
    ids = given["ids"]
    for order in (
        np.lexsort((ids.low, ids.high, given["answered_ms"])),
        np.random.default_rng(1).permutation(5_000),
    ):
        moved = {name: column[order] for name, column in given.items() if len(column) == 5_000}
        moved |= {"ids": CallIds(*(i[order] for i in ids)), "opening_s": given["opening_s"]}
        again: Positions = positions(**moved)
        assert np.array_equal(again.start_s, found.start_s[order])
        assert np.array_equal(again.closing_s, found.closing_s)
    assert all(np.array_equal(before[name], given[name]) for name in before)


def test_ids_compare_as_bytes() -> None:
    texts = [b"\x80" + bytes(15), b"\x7f" * 16, bytes(8) + b"\x80" + bytes(7), bytes(15) + b"\x01"]
    found = counted([Counted(0, 0, text, 1) for text in texts], [0])
    assert found == ([3, 2, 1, 0], [4])
    part = call_ids(pa.array([b"0" * 16, *texts], pa.binary(16))[1:])
    assert [hex(int(high)) for high in part.high[:2]] == [
        "0x8000000000000000",
        "0x7f7f7f7f7f7f7f7f",
    ]
    assert part.low.tolist() == [0, 0x7F7F7F7F7F7F7F7F, 2**63, 1]


WRONG: list[tuple[str, Any, str]] = [
    ("group", np.zeros(2, np.int64), "group: int64 instead of int32"),
    ("group", np.zeros(1, np.int32), r"group: \(1,\) instead of \(2,\)"),
    ("group", np.array([0, 3], np.int32), "group of row 1 is 3: allowed -1 to 2"),
    ("group", np.array([-2, 3], np.int32), "group of row 0 is -2"),
    ("answered_ms", np.zeros(2, np.int32), "answered_ms: int32 instead of int64"),
    ("ids", CallIds(np.zeros(2, np.uint64), np.zeros(3, np.uint64)), r"id_low: \(3,\)"),
    ("ids", CallIds(np.zeros(2, np.int64), np.zeros(2, np.uint64)), "id_high: int64"),
    ("billed_s", np.array([0, -1], np.int32), "billed_s of row 1 is -1: allowed 0 to 608400"),
    ("billed_s", np.array([BILLED_S_MAX + 1, 0], np.int32), "billed_s of row 0 is 608401"),
    ("opening_s", np.array([0, 0, -1]), "opening_s of row 2 is -1"),
    (
        "opening_s",
        np.array([0, 0, POSITION_S_MAX + 1]),
        "opening_s of row 2 is 4611686018427387905",
    ),
    ("opening_s", np.zeros(3), "opening_s: float64 instead of int64"),
]


@pytest.mark.parametrize(("column", "values", "message"), WRONG)
def test_what_is_refused(column: str, values: Any, message: str) -> None:
    with pytest.raises(BatchError, match=message):
        positions(**(columns(2, 9) | {column: values}))


def test_two_calls_of_one_instant_and_id_are_refused() -> None:
    calls = [Counted(g, at, bytes(16), 1) for g, at in ((0, 7), (-1, 8), (1, 9), (0, 8), (-1, 9))]
    assert counted(calls, [0, 0])[1] == [2, 1]
    with pytest.raises(BatchError, match="id of row 3 is that of row 0, answered at the same"):
        counted([calls[0], *calls[1:3], calls[0]], [0, 0])


@pytest.mark.parametrize("ids", [[b"1" * 15], [b"1" * 16, None]])
def test_ids_have_sixteen_bytes(ids: list[bytes | None]) -> None:
    with pytest.raises(BatchError, match="instead of 16 bytes"):
        call_ids(pa.array(ids, pa.binary(len(ids[0] or b""))))
