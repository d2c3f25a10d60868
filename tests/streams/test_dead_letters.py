"""Dead letters: one row a record however many, and no more original bytes than they may carry."""

import json

import pyarrow as pa
import pytest

from billing.mediation import Message
from billing.mediation.mediate import ARROW, CSV
from kernels.seen import Seen
from streams import wire
from streams.agents import rate
from streams.dead_letters import MESSAGE_BYTES_MIN, ONLY_IN_RAW, Allowance
from streams.step import Outcome, Raw, settle, take_in
from streams.topics import MESSAGE_BYTES_MAX, RAW_BYTES_MAX
from tests.billing.records import arrow_bytes, arrow_row
from tests.streams.test_step import AT_MS, LOG, TARIFF, call, parts


def step(raws: list[Raw], allowance: Allowance | None = None) -> Outcome:
    """One whole step of partition 0."""
    return settle(take_in(LOG, 0, raws, Seen(1 << 15, 0)), {}, TARIFF, 1, allowance)


def bad(offset: int, size: int = 100, received_ms: int = AT_MS) -> Raw:
    """A message of so many bytes that is no call."""
    return Raw(Message(b"{" + b"x" * (size - 1)), offset, received_ms)


def kept(out: Outcome) -> list[int]:
    """The offsets of the letters that carry their bytes; the others say where these are."""
    letters = out.dead.to_pylist()
    assert all(letter["detail"].endswith(ONLY_IN_RAW) != bool(letter["raw"]) for letter in letters)
    return [letter["offset"] for letter in letters if letter["raw"]]


def test_beyond_the_allowance_letters_stay_and_say_where_their_bytes_are() -> None:
    out = step([bad(i) for i in range(10)], Allowance(350))
    assert (out.dead.num_rows, parts(out)["dead"]) == (10, 10)
    assert kept(out) == [0, 1, 2]
    assert all(place["log"] == LOG for place in out.dead.to_pylist())


def test_a_letter_that_still_fits_keeps_its_bytes_after_one_that_did_not() -> None:
    assert kept(step([bad(0, 300), bad(1, 200), bad(2, 50)], Allowance(350))) == [0, 2]


def test_each_second_of_the_messages_has_its_own_allowance() -> None:
    raws = [bad(i, received_ms=AT_MS + 500 * i) for i in range(6)]
    assert kept(step(raws, Allowance(150))) == [0, 2, 4]


@pytest.mark.parametrize("cut", [1, 3, 7, 20])
def test_however_steps_are_cut_the_same_letters_carry_the_same_bytes(cut: int) -> None:
    raws = [bad(i, 40 + 37 * i % 100, AT_MS + 200 * i) for i in range(20)]
    allowance = Allowance(250)
    rows = [
        row
        for at in range(0, len(raws), cut)
        for row in step(raws[at : at + cut], allowance).dead.to_pylist()
    ]
    assert rows == step(raws, Allowance(250)).dead.to_pylist()


def test_nothing_is_carried_where_nothing_is_allowed() -> None:
    assert kept(step([bad(0), bad(1)], Allowance(0))) == []


def test_the_rows_of_an_arrow_message_carry_no_more_than_the_message() -> None:
    rows = [{**arrow_row(call_id=str(n)), "duration_ms": -1} for n in range(2_000)]
    payload = arrow_bytes(rows)
    out = step([Raw(Message(payload, ARROW), 0, AT_MS)])
    carried = sum(len(raw) for raw in out.dead.column("raw").to_pylist())
    assert MESSAGE_BYTES_MIN < carried <= len(payload)
    assert out.dead.num_rows == 2_000
    few = step([Raw(Message(arrow_bytes(rows[:5]), ARROW), 0, AT_MS)])
    assert kept(few) == [0] * 5


@pytest.mark.parametrize(
    "payload",
    [b"x\n" * (RAW_BYTES_MAX // 2), b"\r" * RAW_BYTES_MAX, b",\r" * (RAW_BYTES_MAX // 2)],
)
def test_a_message_of_nothing_but_line_ends_can_be_sent_on(payload: bytes) -> None:
    """Once it led to a message that no broker took, so that the partition stood still for ever."""
    out = step([Raw(Message(payload, CSV), 0, AT_MS)])
    sent = [wire.encode(batch) for batch in rate.letters(out.dead)]
    assert max(map(len, sent), default=0) < MESSAGE_BYTES_MAX
    assert out.dead.num_rows <= 20_001


def test_letters_are_cut_so_that_each_message_is_small_enough() -> None:
    records = [
        json.dumps(call(str(n), called="x" * 200, leg=chr(0x4E00 + n % 5_000) * 80))
        for n in range(900)
    ]
    raws = [Raw(Message(r.encode() * 1), n, AT_MS + 1_000 * n) for n, r in enumerate(records)]
    raws += [bad(n, RAW_BYTES_MAX, AT_MS + 1_000 * n) for n in range(900, 910)]
    dead = step(raws, Allowance(1 << 40)).dead
    batches = list(rate.letters(dead))
    assert pa.Table.from_batches(batches).equals(pa.Table.from_batches([dead]))
    assert 3 < len(batches) < 12
    assert max(len(wire.encode(batch)) for batch in batches) < MESSAGE_BYTES_MAX


def test_many_short_lines_are_not_many_in_one_step() -> None:
    lines = [Raw(Message(b"x\n" * 10_000, CSV), n, AT_MS) for n in range(10)]
    assert [len(chunk) for chunk in rate.chunks(lines)] == [3, 3, 3, 1]


def test_conflicts_by_the_thousand_cost_no_more_than_their_number() -> None:
    """Once each message was searched for in all of them."""
    raws = [
        Raw(Message(json.dumps(call("same", duration_ms=3 * n)).encode()), n, AT_MS)
        for n in range(20_000)
    ]
    out = step(raws)
    assert parts(out)["dead"] == 19_999
    assert out.dead.column("offset").to_pylist() == list(range(1, 20_000))
