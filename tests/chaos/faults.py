"""The kinds of faults by name, and how often each comes."""

from typing import Final, NamedTuple

from tests.chaos import part_faults as parts
from tests.chaos import worker_faults as workers
from tests.chaos.scene import Fault


class Kind(NamedTuple):
    """A kind of fault, and how often it comes, relative to the others."""

    run: Fault
    weight: int


KINDS: Final[dict[str, Kind]] = {
    "kill -9 rater, at once a new one": Kind(workers.kill("rater"), 28),
    "kill -9 rater, later a new one": Kind(workers.kill_late("rater"), 12),
    "SIGTERM rater, a new one": Kind(workers.leave("rater"), 12),
    "SIGSTOP rater 20 s (zombie)": Kind(workers.zombie("rater"), 12),
    "SIGSTOP rater, short": Kind(workers.pause_shortly("rater"), 10),
    "third rater joins and leaves": Kind(workers.join_and_leave, 20),
    "kill -9 controls, at once a new one": Kind(workers.kill("controls"), 16),
    "SIGTERM controls, a new one": Kind(workers.leave("controls"), 6),
    "SIGSTOP controls 20 s (zombie)": Kind(workers.zombie("controls"), 6),
    "kill -9 ClickHouse": Kind(parts.kill_clickhouse, 14),
    "SIGSTOP ClickHouse": Kind(parts.pause_clickhouse, 8),
    "kill -9 console": Kind(parts.kill_console, 4),
    "kill -9 broker": Kind(parts.kill_broker, 12),
    "SIGSTOP broker": Kind(parts.pause_broker, 8),
    "ClickHouse refuses connections": Kind(parts.misbehave("refuse", 2.0, 8.0), 6),
    "ClickHouse answers 500": Kind(parts.misbehave("error", 2.0, 8.0), 6),
    "ClickHouse answers late": Kind(parts.misbehave("slow", 5.0, 12.0), 6),
    "insert done, answer cut off": Kind(parts.misbehave("cut", 2.0, 8.0), 8),
    "disk full": Kind(parts.full_disk, 6),
    "clock jumps": Kind(parts.clock_jump, 8),
    "poison burst": Kind(parts.poison_burst, 6),
}
