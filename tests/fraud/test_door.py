"""Order, lateness and wrong clocks."""

from billing.fraud.door import BUCKET_MS, Door
from billing.fraud.facts import CDR, START, STOP, Rows, numbers_of
from billing.fraud.names import Names
from billing.fraud.rules import Timing
from tests.fraud.made import Fact, table

T0 = 1_800_000_000_000
TIMING = Timing(lateness_s=5, late_s=60)


def take(door: Door, *facts: Fact) -> list[tuple[int, int]]:
    """(call, ms since T0) of what comes out."""
    out: Rows = door.take(*numbers_of(table(*facts), Names()))
    return [(int(row["call"]), int(row["at"]) - T0) for row in out]


def test_facts_leave_in_order_when_their_bucket_is_closed() -> None:
    door = Door(TIMING)
    assert take(door, Fact(START, T0 + 3_000, 1), Fact(START, T0 + 1_000, 2)) == []
    assert take(door, Fact(START, T0 + 14_999, 3)) == []
    assert take(door, Fact(START, T0 + 15_000, 4)) == [(2, 1_000), (1, 3_000)]


def test_a_late_fact_counts_in_the_oldest_open_bucket_up_to_a_limit() -> None:
    door = Door(TIMING)
    take(door, Fact(START, T0 + 125_000, 1))
    assert door.open_ms == T0 + 120_000
    take(door, Fact(START, T0 + 61_000, 2), Fact(CDR, T0 + 59_000, 3), Fact(STOP, T0, 4))
    assert (door.late, door.dropped) == (2, 1)
    assert take(door, Fact(START, T0 + 300_000, 5)) == [(2, 120_000), (4, 120_000), (1, 125_000)]


def test_a_clock_that_runs_ahead_does_not_move_time() -> None:
    door = Door(TIMING)
    take(door, Fact(START, T0 + 9 * 10**9, 1, arrived_ms=T0 + 1_000))
    assert (door.ahead, door.open_ms) == (1, T0 - BUCKET_MS)
    assert take(door, Fact(START, T0 + 30_000, 2, arrived_ms=T0 + 30_500)) == [(1, 1_000)]


def test_what_lies_outside_our_century_is_dropped() -> None:
    door = Door(TIMING)
    assert take(door, Fact(START, 5, 1), Fact(START, 2**62, 2), Fact(START, T0, 3)) == []
    assert (door.dropped, door.clock) == (2, T0)


def test_time_passes_without_facts() -> None:
    door = Door(TIMING)
    take(door, Fact(START, T0, 1))
    assert len(door.pass_time(T0 + 15_000)) == 1
    assert take(door, Fact(START, T0 - 10**7, 2)) == []
    assert door.dropped == 1


def test_where_switches_send_events_silence_is_soon_taken_for_silence() -> None:
    door = Door(TIMING)
    take(door, Fact(START, T0, 1, arrived_ms=T0))
    assert len(door.pass_arrivals(T0 + 44_999)) == 0
    assert len(door.pass_arrivals(T0 + 45_000)) == 1


def test_records_may_come_an_hour_late_where_there_are_no_events() -> None:
    door = Door(TIMING)
    take(door, Fact(CDR, T0, 1, arrived_ms=T0 + 1_800_000))
    assert take(door, Fact(CDR, T0 + 1_000, 2, arrived_ms=T0 + 3_600_000)) == []
    assert (door.late, door.dropped) == (0, 0)
    assert len(door.pass_arrivals(T0 + 3_615_000)) == 2


def test_what_arrives_next_finds_the_clock_that_silence_had_moved() -> None:
    """Whether time was passed or not before it: so that who reads again finds the same."""
    for passed in (True, False):
        door = Door(TIMING)
        take(door, Fact(START, T0, 1, arrived_ms=T0))
        if passed:
            door.pass_arrivals(T0 + 1_799_000)
        take(door, Fact(START, T0 + 1_000_000, 2, arrived_ms=T0 + 1_800_000))
        assert (door.dropped, door.clock) == (1, T0 + 1_770_000)
