"""Plans: every call in exactly one chunk, also one that nobody knew of."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.instants import DAY_MS
from rerate.plan import HOUR_MS, Chunk, Key, Slot, plan

DAYS = range(20_000, 20_003)
CUSTOMERS = ("", "a", "ab", "b", "é", "\U0010ffff")
SLOTS = st.dictionaries(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(CUSTOMERS), st.integers(0, 23)),
    st.integers(0, 9),
    max_size=40,
).map(lambda found: [Slot(*key, calls) for key, calls in found.items()])
CALLS = st.tuples(st.sampled_from(DAYS), st.text(max_size=3), st.integers(0, DAY_MS - 1))


def holds(chunk: Chunk, day: int, key: Key) -> bool:
    return chunk.day == day and chunk.begin <= key and (chunk.end is None or key < chunk.end)


@settings(deadline=None)
@given(SLOTS, CALLS, st.integers(1, 30))
def test_every_call_lies_in_exactly_one_chunk(
    slots: list[Slot], call: tuple[int, str, int], calls_max: int
) -> None:
    day, customer, ms = call
    key = Key(customer, day * DAY_MS + ms)
    assert sum(holds(chunk, day, key) for chunk in plan("run", DAYS, slots, calls_max)) == 1


@settings(deadline=None)
@given(SLOTS, st.integers(1, 30))
def test_chunks_have_the_calls_of_their_slots_and_no_more_than_allowed(
    slots: list[Slot], calls_max: int
) -> None:
    chunks = plan("run", DAYS, slots, calls_max)
    for chunk in chunks:
        own = [
            slot
            for slot in slots
            if holds(chunk, slot.day, Key(slot.customer, slot.day * DAY_MS + slot.hour * HOUR_MS))
        ]
        assert chunk.calls == sum(slot.calls for slot in own)
        assert chunk.calls <= calls_max or sum(slot.calls > 0 for slot in own) == 1
    assert sum(chunk.calls for chunk in chunks) == sum(slot.calls for slot in slots)
    assert {chunk.day for chunk in chunks} == set(DAYS)


@settings(deadline=None)
@given(SLOTS, st.randoms(use_true_random=False))
def test_the_same_run_has_the_same_chunks_another_run_others(
    slots: list[Slot], random: Random
) -> None:
    chunks = plan("run", DAYS, slots, 5)
    shuffled = list(slots)
    random.shuffle(shuffled)
    assert plan("run", DAYS, shuffled, 5) == chunks
    ids = {chunk.id for chunk in chunks}
    assert len(ids) == len(chunks)
    assert not ids & {chunk.id for chunk in plan("other", DAYS, slots, 5)}
