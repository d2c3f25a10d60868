"""INVITEs and BYEs: pairs, repetitions, what waits in vain, in bulk as record by record."""

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.mediation.switches import open_reader
from billing.mediation.switches.pairing import Events, Paired, pair
from tests.billing.switches.imagined import BEGIN_MS
from tests.billing.switches.samples import source_of

AGE_MS = 10
RECORDS = st.lists(
    st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 30)), max_size=30
)


def events(records: list[tuple[str, bool, int]]) -> Events:
    """Records as columns."""
    dialogs, bye, at = zip(*records, strict=True) if records else ((), (), ())
    return Events(
        pa.array(dialogs, pa.string()),
        np.array(bye, np.bool_),
        np.array(at, np.int64),
        np.ones(len(records), np.int64),
    )


def one_by_one(records: list[tuple[str, bool, int]]) -> dict[str, Any]:
    """The same rules, record by record, as they are written down."""
    held: dict[str, int] = {}
    pairs, repeated, old, now = set(), set(), set(), 0
    for i, (dialog, is_bye, at) in enumerate(records):
        now = max(now, at)
        for other, waits in list(held.items()):
            if records[waits][2] + AGE_MS < now:
                old.add(held.pop(other))
        if dialog not in held:
            held[dialog] = i
        elif records[held[dialog]][1] == is_bye:
            repeated.add(i)
        else:
            waits = held.pop(dialog)
            pairs.add((waits, i) if is_bye else (i, waits))
        if records[i][2] + AGE_MS < now and held.get(dialog) == i:
            old.add(held.pop(dialog))
    return {"pairs": pairs, "repeated": repeated, "old": old, "waiting": set(held.values())}


def shown(paired: Paired) -> dict[str, Any]:
    """The result in bulk, as sets."""
    pairs = zip(paired.invite.tolist(), paired.bye.tolist(), strict=True)
    rest = {name: set(getattr(paired, name).tolist()) for name in ("repeated", "old", "waiting")}
    return {"pairs": set(pairs), **rest}


@settings(deadline=None)
@given(RECORDS)
def test_in_bulk_as_record_by_record(records: list[tuple[str, bool, int]]) -> None:
    assert shown(pair(events(records), 0, AGE_MS)) == one_by_one(records)


def test_beyond_the_limit_the_oldest_go() -> None:
    paired = pair(events([(d, False, 1) for d in "abcd"]), 0, AGE_MS, waiting_max=3)
    assert (paired.old.tolist(), paired.waiting.tolist()) == ([0], [1, 2, 3])


def row(method: str, dialog: str, after_s: int, code: int = 200, tags: str = "f|t") -> bytes:
    """A line of flatstore."""
    at = BEGIN_MS // 1_000 + after_s
    return f"{method}|{tags}|{dialog}|{code}|OK|{at}|12025550100|h|192.0.2.7|4420|4420|g\n".encode()


def test_the_callee_hangs_up() -> None:
    data = row("INVITE", "c", 0) + row("BYE", "c", 9, tags="t|f")
    taken = open_reader(source_of("acc_flatstore")).take(data, 1)
    assert taken.calls["duration_ms"].to_pylist() == [9_000]


def test_an_invite_that_waits_too_long_is_a_dead_letter_with_its_bytes() -> None:
    reader = open_reader(source_of("acc_flatstore", "pair_age_h = 1\n"))
    lost = row("INVITE", "lost", 0)
    assert reader.take(lost, 1).dead == []
    reader = open_reader(reader.source, reader.state())
    (dead,) = reader.take(row("INVITE", "new", 3_601), 2).dead
    assert (dead.line, dead.raw + b"\n", dead.reason, dead.value) == (1, lost, "unpaired", "lost")
    assert reader.waiting == 1
    late = reader.take(row("BYE", "lost", 3_700), 3)
    assert (late.calls.num_rows, late.dead, reader.waiting) == (0, [], 2)


def test_a_pair_over_two_files_and_a_restart() -> None:
    reader = open_reader(source_of("acc_flatstore"))
    reader.take(row("INVITE", "c", 0), 1)
    reader = open_reader(reader.source, reader.state())
    taken = reader.take(row("BYE", "c", 5), 1, last=True)
    assert taken.calls["duration_ms"].to_pylist() == [5_000]
    assert reader.waiting == 0


def test_a_bye_before_its_invite_in_time_is_no_call() -> None:
    data = row("INVITE", "c", 9) + row("BYE", "c", 3)
    (dead,) = open_reader(source_of("acc_flatstore")).take(data, 1).dead
    assert (dead.line, dead.reason, dead.field) == (1, "invalid", "time")
