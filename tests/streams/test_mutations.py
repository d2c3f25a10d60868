"""A step takes any bytes: each record is accounted for, whatever a sender made of it.

A seed that fails is a test of its own: `step_of(seed)`.
"""

import resource
import time
from collections.abc import Sequence
from itertools import count, islice

import pytest

from billing.mediation import Message
from kernels.seen import Seen
from streams import wire
from streams.agents.rate import letters
from streams.dead_letters import Allowance
from streams.step import Outcome, Raw, settle, take_in
from streams.topics import MESSAGE_BYTES_MAX
from tests.streams.mutations import Mutator, Sent
from tests.streams.test_step import AT_MS, LOG, TARIFF

PARTS = ("rated", "suspended", "dead", "duplicate")
SELL_NANOS_PER_3_S = 1_000_000
MESSAGES = 200


def checked(sent: Sequence[Sent], offset: int, seen: Seen, allowance: Allowance) -> Outcome:
    """One step over the messages; every promise about it is asserted."""
    raws = [
        Raw(Message(each.payload, each.content_type), offset + i, AT_MS)
        for i, each in enumerate(sent)
    ]
    out = settle(take_in(LOG, 0, raws, seen), {}, TARIFF, 1, allowance)
    receipts = out.receipts.to_pydict()
    assert receipts["offset"] == [raw.offset for raw in raws]
    for at, calls in enumerate(receipts["calls"]):
        assert calls == sum(receipts[part][at] for part in PARTS), sent[at]
    assert out.dead.num_rows == sum(receipts["dead"])
    assert out.rated.num_rows == sum(receipts["rated"]) + sum(receipts["suspended"])
    places = [
        place
        for rows in (out.rated, out.dead)
        for place in zip(*(rows.column(c).to_pylist() for c in ("offset", "row")), strict=True)
    ]
    assert len(set(places)) == len(places)
    columns = ("call_id", "reason", "sell_nanos")
    rated = zip(*(out.rated.column(c).to_pylist() for c in columns), strict=True)
    priced = {call_id: nanos for call_id, reason, nanos in rated if not reason}
    for each in sent:
        for call_id, seconds in each.canaries.items():
            assert priced[call_id] == seconds // 3 * SELL_NANOS_PER_3_S
    for batch in (*wire.slices(out.rated), *letters(out.dead), out.receipts):
        assert len(wire.encode(batch)) < MESSAGE_BYTES_MAX
    return out


def digest(seed: int, records: int) -> dict[str, int]:
    """What became of the mutated records of a seed."""
    seen, allowance = Seen(1 << 15, 0), Allowance()
    sums = dict.fromkeys(("calls", *PARTS), 0)
    offset = 0
    messages = Mutator(seed, AT_MS).messages(records)
    while sent := list(islice(messages, MESSAGES)):
        receipts = checked(sent, offset, seen, allowance).receipts
        offset += len(sent)
        for part in sums:
            sums[part] += sum(receipts.column(part).to_pylist())
    return sums


@pytest.mark.parametrize("seed", range(4))
def test_each_of_ten_thousand_mutated_records_is_accounted_for(seed: int) -> None:
    sums = digest(seed, 10_000)
    assert min(sums.values()) > 0, "a mutator that has become too tame, or too wild"


@pytest.mark.slow
def test_each_of_a_million_mutated_records_is_accounted_for() -> None:
    begin, taken = time.monotonic(), 0
    digest(1_000, 20_000)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in count():
        taken += digest(seed, 20_000)["calls"]
        if taken >= 1_000_000:
            break
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_kb) / 1_024
    print(f"{taken} records in {time.monotonic() - begin:.0f} s, {grown_mb:.0f} MB more")
    assert grown_mb < 100
