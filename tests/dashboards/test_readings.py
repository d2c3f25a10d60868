"""What is read again, and when: little on each beat, all of it now and then."""

from hypothesis import given
from hypothesis import strategies as st

from clickhouse.queries import Intake
from dashboards import readings
from dashboards.kpi import STEP_MS, WINDOW_MS
from dashboards.readings import FULL_MS, LATE_MS, REST_FACTOR, Reader, kept
from tests.dashboards.rows import NOW_MS
from tests.dashboards.stand_in import StandIn


class Clock:
    """Moves only when told to."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def __call__(self) -> int:
        return self.ms


def test_a_beat_reads_only_what_may_have_changed() -> None:
    clock, client = Clock(), StandIn({"AS stored_rows": [(NOW_MS - 5_000, 1)]})
    reader = Reader(clock)
    for _ in range(3):
        reader.read(client)
        clock.ms += 2_000
    first, _week, second, third = client.since_ms("FROM receipt FINAL\nWHERE")
    assert first <= NOW_MS - WINDOW_MS
    newest_step_ms = (NOW_MS - 5_000 - LATE_MS) // STEP_MS * STEP_MS
    assert (second, third) == (newest_step_ms, newest_step_ms)
    clock.ms = NOW_MS + FULL_MS
    reader.read(client)
    assert client.since_ms("FROM receipt FINAL\nWHERE")[-1] <= clock.ms - WINDOW_MS


def test_slow_parts_rest_ten_times_as_long_as_they_took() -> None:
    clock, client = Clock(), StandIn()
    client.on_query = lambda: setattr(clock, "ms", clock.ms + 400)
    reader = Reader(clock)
    reader.read(client)
    client.on_query = lambda: None
    read_ms = clock.ms
    clock.ms = read_ms + readings.SLOW_MS
    reader.read(client)
    assert len(client.since_ms("'duplicate' AS part")) == 1
    clock.ms = read_ms + 400 * 8 * REST_FACTOR
    reader.read(client)
    assert len(client.since_ms("'duplicate' AS part")) == 2


def test_the_newest_call_is_remembered_when_nothing_newer_came() -> None:
    clock, client = Clock(), StandIn({"AS stored_rows": [(NOW_MS - 9_000, 3)]})
    reader = Reader(clock)
    reader.read(client)
    client.rows["AS stored_rows"] = [(None, 3)]
    assert reader.read(client).newest_call_ms == NOW_MS - 9_000


STEPS = st.lists(st.integers(0, 60), unique=True, max_size=40)


@given(STEPS, STEPS, st.integers(0, 60), st.integers(0, 20))
def test_merging_equals_reading_all_again(
    old: list[int], later: list[int], since: int, floor: int
) -> None:
    def step(at: int) -> Intake:
        return Intake(at, 1, 1, 0, 0, 0)

    unchanged = {at for at in old if at < since}
    stored = sorted(unchanged | {at for at in later if at >= since})
    fresh = [step(at) for at in stored if at >= max(since, floor)]
    merged = kept([step(at) for at in sorted(old)], fresh, max(since, floor), floor)
    assert merged == [step(at) for at in stored if at >= floor]
