"""What was taken as messages: every record in one, each within the limits of cdr.raw."""

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.cdr import CALLS, Cdr, calls_from
from billing.mediation import Message, mediate
from billing.mediation.switches import Dead, Taken
from streams.collect.packing import LETTERS_MAX, PAYLOAD_BYTES_MAX, ROWS_MAX, Packed, pack


def calls(*names: str, text: str = "", same: bool = False) -> pa.RecordBatch:
    """A call of each customer, in this order."""
    cdrs = [
        Cdr(
            call_id="c" if same else f"c{n}",
            switch=text,
            leg="",
            customer=name,
            vendor="vend",
            calling=text,
            called="4930123456",
            answered_at=1_790_000_000_000,
            duration_ms=60_000,
            sip_code=200,
            pdd_ms=None,
        )
        for n, name in enumerate(names)
    ]
    return calls_from(cdrs)


def taken(batch: pa.RecordBatch, *dead: Dead) -> Taken:
    """These calls and dead records."""
    n = batch.num_rows
    return Taken(batch, np.arange(n) + 1, list(dead), n + len(dead), {})


def letter(number: int, raw: bytes = b"bad") -> Dead:
    """A record that is no call."""
    return Dead(number, raw, "invalid", "lasted", "x", "not a number", 7_000)


def found(packed: list[Packed]) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """What the rater makes of messages: calls and dead letters."""
    outcome = mediate([Message(p.value, p.kind) for p in packed])
    for message, own in enumerate(packed):
        assert len(own.value) <= PAYLOAD_BYTES_MAX
        dead = (outcome.dead.column("message").to_numpy() == message).sum()
        assert (outcome.message == message).sum() + dead == own.calls + own.dead
    return outcome.calls, outcome.dead


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["acme", "bolt", "ü", ""]), max_size=30), st.integers(0, 5))
def test_every_record_is_in_one_message(names: list[str], bad: int) -> None:
    batch = calls(*names)
    packed = pack(taken(batch, *(letter(n) for n in range(bad))), "sw", "cdr.csv")
    good, dead = found(packed)
    nameless = names.count("")
    assert good.num_rows == len(names) - nameless
    assert dead.num_rows == bad + nameless, "a call without a customer is the rater's to refuse"
    for own in packed:
        if own.calls:
            table = pa.ipc.open_stream(own.value).read_all()
            assert {own.key.decode()} == set(table.column("customer").to_pylist())
    of_each = Counter(p.key for p in packed if p.calls)
    assert set(of_each.values()) <= {1}
    assert pack(taken(batch), "sw", "f") == pack(taken(batch), "sw", "f"), "the same again"


def test_order_stays_within_a_customer() -> None:
    packed = pack(taken(calls(*["acme", "bolt"] * 10)), "sw", "f")
    first = pa.ipc.open_stream(packed[0].value).read_all().column("call_id").to_pylist()
    assert first == [f"c{n}" for n in range(0, 20, 2)]


def test_many_calls_and_long_ones_are_cut() -> None:
    many = pack(taken(calls(*["acme"] * (2 * ROWS_MAX + 1))), "sw", "f")
    assert [p.calls for p in many] == [ROWS_MAX, ROWS_MAX, 1]
    rng = np.random.default_rng(1)
    noise = "".join(map(chr, rng.integers(0x4E00, 0x9FA5, 85).tolist()))
    long = pack(taken(calls(*["acme"] * ROWS_MAX, text=noise)), "sw", "f")
    good, dead = found(long)
    assert (good.num_rows, dead.num_rows) == (ROWS_MAX, 0)


def test_calls_that_are_all_alike_are_not_packed_beyond_what_is_taken() -> None:
    good, dead = found(pack(taken(calls(*["acme"] * ROWS_MAX, same=True)), "sw", "f"))
    assert (good.num_rows, dead.num_rows) == (ROWS_MAX, 0)


def test_dead_records_keep_what_they_say() -> None:
    count = 2 * LETTERS_MAX + 1
    packed = pack(taken(calls(), *(letter(n) for n in range(count))), "sw", "cdr.csv")
    assert [p.dead for p in packed] == [LETTERS_MAX, LETTERS_MAX, 1]
    dead = found(packed)[1].to_pylist()
    assert len(dead) == count
    one = dead[3]
    assert (one["reason"], one["field"], one["value"]) == ("invalid", "lasted", "x")
    assert one["detail"] == "not a number (sw: cdr.csv, line 3)"
    assert one["duration_ms"] == 7_000


def test_large_dead_records_are_cut() -> None:
    huge = pack(taken(calls(), *(letter(n, b"x" * (1 << 20)) for n in range(40))), "sw", "f")
    assert found(huge)[1].num_rows == 40


def test_a_revision_is_behind_the_leg() -> None:
    packed = pack(taken(calls("acme")), "sw", "f.rev2.csv", "rev2")
    assert found(packed)[0].column("leg").to_pylist() == ["~rev2"]
    assert found(packed)[0].schema.equals(CALLS)
