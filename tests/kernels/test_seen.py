"""The memory of call ids against plain dictionaries that remember everything."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernels.seen import CONFLICT, DUPLICATE, NEW, REPLAY, Seen, content_hash

CAPACITY = 6


class Arrival(NamedTuple):
    """A call as it comes in; `key` stands for its id."""

    key: int
    content: int
    offset: int
    row: int


def ids_of(keys: list[int]) -> pa.Array:
    """16-byte ids; keys that differ by 1,000 share the slot where the search begins."""
    return pa.array(
        [(k % 1_000).to_bytes(8, "little") + (k // 1_000).to_bytes(8, "little") for k in keys],
        pa.binary(16),
    )


def judged(seen: Seen, batch: list[Arrival], received_ms: int) -> list[int]:
    columns = [[a[k] for a in batch] for k in (1, 2, 3)]
    content, offset, row = (np.array(c, np.int64) for c in columns)
    received = np.full(len(batch), received_ms, np.int64)
    ids = ids_of([a.key for a in batch])
    verdicts = seen.judge(ids, content.view(np.uint64), offset, row, received)
    return [int(v) for v in verdicts]


class Model:
    """What must hold of a memory: the newest generations, each full before the next begins."""

    def __init__(self, covers_from_ms: int) -> None:
        self.generations: list[dict[int, Arrival]] = [{}, {}]
        self.begun_ms = [covers_from_ms, covers_from_ms]

    def judge(self, batch: list[Arrival], received_ms: int) -> list[int]:
        if len(self.generations[-1]) + len(batch) > CAPACITY:
            self.generations.append({})
            self.begun_ms.append(received_ms)
        return [self._verdict(a) for a in batch]

    def _verdict(self, a: Arrival) -> int:
        for known in self.generations[-2:]:
            first = known.get(a.key)
            if first is None:
                continue
            if (first.offset, first.row) == (a.offset, a.row):
                return REPLAY
            return DUPLICATE if first.content == a.content else CONFLICT
        self.generations[-1][a.key] = a
        return NEW


KEYS = st.integers(0, 8) | st.sampled_from([1_000, 1_001, 2_000, 2_001, 999_000])
BATCH = st.lists(
    st.builds(Arrival, KEYS, st.integers(0, 1), st.integers(0, 2), st.integers(0, 1)),
    max_size=CAPACITY,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(BATCH, max_size=12))
def test_verdicts_are_those_of_the_model(batches: list[list[Arrival]]) -> None:
    seen, model = Seen(CAPACITY, 100), Model(100)
    for at, batch in enumerate(batches):
        assert judged(seen, batch, 1_000 + at) == model.judge(batch, 1_000 + at)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(BATCH.filter(bool), st.integers(0, 2)), max_size=15))
def test_every_id_that_arrived_since_covers_from_is_known(
    steps: list[tuple[list[Arrival], int]],
) -> None:
    """Whatever is forgotten first arrived before covers_from_ms, also within one millisecond."""
    seen, now_ms = Seen(CAPACITY, 100), 100
    arrived: dict[int, int] = {}
    for batch, later_ms in steps:
        now_ms += later_ms
        for a, verdict in zip(batch, judged(seen, batch, now_ms), strict=True):
            if a.key in arrived and verdict == NEW:
                assert arrived[a.key] < seen.covers_from_ms
            arrived.setdefault(a.key, now_ms)
            if verdict == NEW:
                arrived[a.key] = now_ms


def test_the_four_verdicts() -> None:
    seen = Seen(100, 0)
    assert judged(seen, [Arrival(1, 7, 10, 0)], 1) == [NEW]
    again = [Arrival(1, 7, 10, 0), Arrival(1, 7, 10, 1), Arrival(1, 7, 11, 0), Arrival(1, 8, 11, 0)]
    assert judged(seen, again, 2) == [REPLAY, DUPLICATE, DUPLICATE, CONFLICT]
    assert judged(seen, [Arrival(2, 7, 10, 0)], 3) == [NEW]


def test_a_replay_is_known_by_its_place_even_if_its_content_reads_differently() -> None:
    seen = Seen(100, 0)
    judged(seen, [Arrival(1, 7, 10, 0)], 1)
    assert judged(seen, [Arrival(1, 8, 10, 0)], 2) == [REPLAY]


def test_within_one_batch_the_first_is_new() -> None:
    batch = [Arrival(1, 7, 10, 0), Arrival(1, 7, 10, 1), Arrival(2, 7, 10, 2), Arrival(2, 9, 10, 3)]
    assert judged(Seen(100, 0), batch, 1) == [NEW, DUPLICATE, NEW, CONFLICT]


def test_ids_that_differ_only_in_their_second_half_are_different() -> None:
    batch = [Arrival(k * 1_000 + 1, 0, 0, k) for k in range(50)]
    seen = Seen(100, 0)
    assert judged(seen, batch, 1) == [NEW] * 50
    assert judged(seen, batch, 2) == [REPLAY] * 50


def test_two_generations_are_remembered_and_older_ones_forgotten() -> None:
    seen = Seen(10, 500)
    batches = [[Arrival(100 * n + k, 0, n, k) for k in range(10)] for n in range(4)]
    for n, batch in enumerate(batches[:2]):
        assert judged(seen, batch, 1_000 + n) == [NEW] * 10
    assert seen.covers_from_ms == 500
    assert judged(seen, batches[0], 1_001) == [NEW] * 10, "a third generation forgets the first"
    assert judged(seen, batches[1][:0], 1_002) == []
    assert seen.covers_from_ms > 1_000


def test_it_covers_from_where_it_began_until_something_is_forgotten() -> None:
    seen = Seen(10, 500)
    assert seen.covers_from_ms == 500
    judged(seen, [Arrival(k, 0, 0, k) for k in range(10)], 1_000)
    judged(seen, [Arrival(20 + k, 0, 0, k) for k in range(10)], 2_000)
    assert seen.covers_from_ms == 500
    judged(seen, [Arrival(40, 0, 0, 0)], 3_000)
    assert 2_000 <= seen.covers_from_ms <= 2_001


def test_it_tells_from_which_mark_on_every_id_is_known() -> None:
    seen = Seen(10, 0, 7)
    columns = (np.zeros(10, np.uint64), np.zeros(10, np.int64), np.zeros(10, np.int64))
    known = []
    for n, mark in enumerate((7, 20, 30, 40)):
        seen.judge(ids_of(list(range(10 * n, 10 * n + 10))), *columns, np.full(10, n), mark)
        known.append(seen.covers_from_mark)
    assert known == [7, 7, 20, 30]


def test_more_ids_at_once_than_it_holds_are_refused() -> None:
    seen = Seen(10, 0)
    with pytest.raises(ValueError, match="11 ids at once, the memory holds 10"):
        judged(seen, [Arrival(k, 0, 0, k) for k in range(11)], 1)
    assert judged(seen, [Arrival(k, 0, 0, k) for k in range(10)], 1) == [NEW] * 10


def test_a_full_table_still_finds_every_id() -> None:
    draw = np.random.default_rng(5)
    keys = draw.permutation(50_000)[:20_000].tolist()
    seen = Seen(20_000, 0)
    batch = [Arrival(k * 999, k, k, 0) for k in keys]
    assert judged(seen, batch, 1) == [NEW] * len(keys)
    assert judged(seen, [a._replace(offset=-1) for a in batch[:10]], 2) == [DUPLICATE] * 10


TEXTS = st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(-(2**63), 2**63 - 1))
@example([("", "a"), ("\0", "a"), ("a", ""), ("", ""), ("\0", ""), ("", "\0"), ("\1", "")], 0)
def test_equal_rows_have_equal_contents_and_others_do_not(
    rows: list[tuple[str, str]], number: int
) -> None:
    numbers = np.full(len(rows), number, np.int64)
    columns = [pa.array([r[k] for r in rows], pa.string()) for k in (0, 1)]
    found = content_hash(columns, [numbers]).tolist()
    for i, row in enumerate(rows):
        alone = [pa.array([text], pa.string()) for text in row]
        assert content_hash(alone, [numbers[:1]]).tolist() == [found[i]]
        assert content_hash(alone, [numbers[:1] ^ 1]).tolist() != [found[i]]
        for j in range(i):
            assert (rows[j] == row) == (found[j] == found[i])


def test_contents_of_slices_and_of_nothing() -> None:
    column = pa.array(["a", "bc", "", "d"])
    numbers = np.arange(4, dtype=np.int64)
    whole = content_hash([column], [numbers])
    assert content_hash([column.slice(1, 2)], [numbers[1:3]]).tolist() == whole[1:3].tolist()
    assert content_hash([column.slice(4)], [numbers[4:]]).tolist() == []


def test_an_id_is_moved_to_where_it_was_first_seen() -> None:
    """Also when it stands in the old generation; others keep theirs."""
    for between in (0, CAPACITY - 1):
        seen = Seen(CAPACITY, 0)
        judged(seen, [Arrival(1, 8, 20, 0), Arrival(2, 7, 20, 1)], 1)
        judged(seen, [Arrival(100 + i, 0, 30, i) for i in range(between)], 2)
        seen.place(ids_of([1]), np.array([7], np.uint64), np.array([10]), np.array([3]))
        assert judged(seen, [Arrival(1, 7, 10, 3)], 3) == [REPLAY]
        assert judged(seen, [Arrival(1, 7, 20, 0)], 3) == [DUPLICATE]
        assert judged(seen, [Arrival(1, 8, 20, 0)], 3) == [CONFLICT]
        assert judged(seen, [Arrival(2, 7, 20, 1)], 3) == [REPLAY]
