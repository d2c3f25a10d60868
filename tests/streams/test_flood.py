"""A flood of dead letters begins and ends once, and says what most of them have in common."""

import json

from kernels.seen import Seen
from streams.flood import Cause, Flood, FloodWatch
from streams.step import Raw, settle, take_in
from tests.streams.test_step import AT_MS, LOG, TARIFF, call, raw


class Stream:
    """A partition whose second n has some good calls and some bad ones of a customer."""

    def __init__(self, dead_max: int = 10, percent_max: float = 5) -> None:
        self.watch, self.seen = FloodWatch(dead_max, percent_max), Seen(1 << 15, 0)
        self.offset = 0

    def second(self, n: int, good: int, bad: int, customer: str = "acme") -> Flood | None:
        records = [call(f"{n}-{i}") for i in range(good)]
        records += [call(f"{n}-{i}", duration_ms=-1) for i in range(good, good + bad)]
        raws = [self._raw(record, n, customer) for record in records]
        outcome = settle(take_in(LOG, 0, raws, self.seen), {}, TARIFF, 1)
        self.watch.take(outcome.receipts, outcome.dead, [each.customer for each in raws])
        return self.watch.flood

    def _raw(self, record: dict[str, object], n: int, customer: str) -> Raw:
        self.offset += 1
        return raw(self.offset, record, AT_MS + 1_000 * n)._replace(customer=customer)


def test_both_limits_must_be_passed() -> None:
    assert Stream().second(0, 1, 10) is None, "not more than ten"
    assert Stream().second(0, 400, 11) is None, "not more than 5 %"
    assert Stream().second(0, 200, 11) is not None


def test_it_says_what_most_have_in_common_and_where_one_stands() -> None:
    stream = Stream()
    stream.second(0, 0, 4, "few")
    flood = stream.second(1, 3, 9, "many")
    assert flood is not None
    assert flood == Flood(16, 13, Cause("invalid", "duration_ms", "many"), 8, 0)


def test_it_goes_on_until_one_limit_is_not_even_half_reached() -> None:
    stream = Stream()
    assert stream.second(0, 0, 12)
    assert stream.second(50, 0, 6)
    began = stream.second(60, 0, 0 + 1)
    assert began, "the first second is forgotten, 7 are left: more than half of 10"
    assert began.cause.customer == "acme"
    assert stream.second(112, 1, 0) is None


def test_what_is_older_than_a_minute_does_not_count() -> None:
    stream = Stream()
    assert [stream.second(20 * n, 0, 3) for n in range(10)] == [None] * 10


def test_a_message_of_another_century_does_not_stop_the_watch() -> None:
    stream = Stream()
    stream.second(0, 0, 4)
    stream.second(10**9, 1, 0)
    assert stream.second(1, 0, 20) is not None


def test_times_that_jump_back_leave_a_flood_whose_cause_is_unknown() -> None:
    watch, seen = FloodWatch(4, 5), Seen(1 << 15, 0)
    bad = [raw(i, b"{", AT_MS + 10_000) for i in range(10)]
    good = [raw(10 + i, call(str(i)), AT_MS + 60_000) for i in range(300)]
    for raws in ([*bad, *good], [raw(400, call("x"), AT_MS)]):
        outcome = settle(take_in(LOG, 0, raws, seen), {}, TARIFF, 1)
        before = watch.flood
        watch.take(outcome.receipts, outcome.dead, [""] * len(raws))
    assert before is None
    assert watch.flood == Flood(11, 10, Cause("unknown", "", ""), 0, 0)


def test_one_step_may_span_seconds() -> None:
    watch, seen = FloodWatch(10, 5), Seen(1 << 15, 0)
    bad = json.dumps(call("x", called="?")).encode()
    raws = [raw(n, bad, AT_MS + 10_000 * n) for n in range(20)]
    outcome = settle(take_in(LOG, 0, raws, seen), {}, TARIFF, 1)
    watch.take(outcome.receipts, outcome.dead, [""] * 20)
    assert watch.flood is None
    watch = FloodWatch(4, 5)
    watch.take(outcome.receipts, outcome.dead, [""] * 20)
    assert watch.flood is not None
    assert watch.flood.dead == 6
