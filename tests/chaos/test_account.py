"""The generator's account: its prices against the exact oracle, its fates case by case."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from aiokafka.partitioner import murmur2

from billing.mediation import Message as Raw
from billing.mediation import mediate
from tests.chaos import world
from tests.chaos.account import (
    DEAD,
    DUPLICATE,
    RATED,
    REASONS,
    SUSPENDED,
    Account,
    Log,
    digest,
    fates,
    read,
    reasons,
)
from tests.chaos.calls import LATER, LONGER, POISON, RECORD, SAME, Draw, Records
from tests.chaos.messages import BAD_MESSAGES, Encoder
from tests.kernels.naive import NaiveDeck, Price, RateRow, Rule

NOW_MS = 1_800_000_000_000
FOREVER_MS = 2**62
"""Deterministic: the draws of a seed are part of the test."""


def versions() -> list[world.Version]:
    return [
        world.Version(NOW_MS - 100 * 3_600_000, world.draw_prices(7, 0)),
        world.Version(NOW_MS - 60_000, world.draw_prices(7, 1)),
    ]


def naive_decks() -> list[NaiveDeck]:
    """The same decks as the oracle has them: rows by dial code, chosen by the number dialled."""
    return [
        NaiveDeck(
            RateRow(
                prefix,
                version.valid_from_ms,
                FOREVER_MS,
                Price(
                    *(int(c[deck, i]) for c in version.prices), *map(int, world.INCREMENTS[deck])
                ),
                Rule(),
            )
            for version in versions()
            for i, prefix in enumerate(world.PREFIXES)
        )
        for deck in range(len(world.DECKS))
    ]


def drawn(calls: int = 3_000) -> Records:
    return Draw(5).fresh(calls, NOW_MS)


@pytest.mark.parametrize("side", ["sell", "buy"])
def test_the_prices_are_those_of_the_oracle(side: str) -> None:
    records = drawn()
    records = records[records["call"] != POISON]
    deck = (
        world.DECK_OF_CUSTOMER[records["customer"]]
        if side == "sell"
        else world.DECK_OF_VENDOR[records["vendor"]]
    )
    billed_s, nanos = world.price(
        versions(), deck, records["destination"], records["answered_ms"], records["duration_ms"]
    )
    decks = naive_decks()
    fields = Encoder("run", 1)._fields(records)
    seen = set()
    for i, called in enumerate(fields["called"]):
        record = records[i]
        row, billed, charged = decks[int(deck[i])].charge(
            str(called), int(record["answered_ms"]), int(record["duration_ms"]), fx=Fraction(1)
        )
        assert (billed_s[i], nanos[i]) == (billed, charged), (called, record)
        seen.add((deck[i], record["destination"], row))
    priced = {entry for entry in seen if entry[1] != world.NOWHERE}
    assert {row // len(world.PREFIXES) for _, _, row in priced} == {0, 1}, "both versions price"
    assert {(d, i) for d, i, _ in priced} == {
        (d, i) for d in set(deck.tolist()) for i in range(len(world.PREFIXES))
    }


def test_a_price_to_the_nano_by_hand() -> None:
    one = np.array([[0]]), np.array([0]), np.array([0]), np.array([NOW_MS]), np.array([1_001])
    deck, _, destination, answered_ms, duration_ms = (np.ravel(part) for part in one)
    prices = world.Prices(*(np.full((7, 20), n) for n in (1_000_000, 1_000_001, 5)))
    found = world.price([world.Version(0, prices)], deck, destination, answered_ms, duration_ms)
    # 2 s: one at 1,000,000 / 60, one at 1,000,001 / 60, and the fee: 33,338.35, rounded half up
    assert [int(part[0]) for part in found] == [2, 33_338]


def test_every_partition_has_customers() -> None:
    known = world.CUSTOMERS[: world.KNOWN_CUSTOMERS]
    partition = {(murmur2(name.encode()) & 0x7FFFFFFF) % world.PARTITIONS for name in known}
    assert partition == set(range(world.PARTITIONS))


def log_of(records: Records) -> Log:
    """A log in which every message of the records stands once, in order, in one partition."""
    numbers = np.unique(records["message"]).astype(np.int64)
    return Log(np.zeros(len(numbers), np.int64), np.arange(len(numbers)), numbers)


def test_fates_follow_the_log() -> None:
    """Message: calls; the second message stands in the log twice, before and after the fourth."""
    rows = [
        (0, 0, 10, SAME, 0),
        (0, 1, POISON, SAME, 0),
        (1, 0, 11, SAME, 0),
        (2, 0, 10, SAME, 0),
        (2, 1, 12, SAME, world.KNOWN_CUSTOMERS),
        (3, 0, 11, LONGER, 0),
        (3, 1, 13, LATER, 0),
        (4, 0, 13, SAME, 0),
    ]
    records = np.zeros(len(rows), RECORD)
    for i, row in enumerate(rows):
        for name, value in zip(("message", "row", "call", "variant", "customer"), row, strict=True):
            records[name][i] = value
    order = np.array([0, 1, 2, 3, 1, 4])
    found = fates(records, Log(np.zeros(6, np.int64), np.arange(6), order))
    assert list(zip(found.offset, found.row, found.outcome, strict=True)) == [
        (0, 0, RATED),
        (0, 1, DEAD),
        (1, 0, RATED),
        (2, 0, DUPLICATE),
        (2, 1, SUSPENDED),
        (3, 0, DEAD),
        (3, 1, RATED),
        (4, 0, DUPLICATE),
        (5, 0, DEAD),
    ]
    assert REASONS[reasons(found.record)[4]] == "customer_unknown"


def test_what_is_written_down_is_read_back(tmp_path: Path) -> None:
    account = Account(tmp_path)
    messages = list(Encoder("run", 1).messages(drawn(500)))
    for offset, message in enumerate(messages):
        account.about_to_send(message)
        account.acknowledged(message, 3, offset, 1 + (offset == 2))
    account.close()
    found = read(tmp_path)
    assert (found.records == np.concatenate([m.records for m in messages])).all()
    assert found.places[3, 4] == digest(messages[4].payload)
    assert found.digests[digest(messages[4].payload)] == 4
    assert found.resent == 1


def test_each_message_becomes_what_the_account_says() -> None:
    """The product's own reading of the messages: as many calls and dead letters as written down."""
    draw = Draw(11)
    parts = [draw.fresh(2_000, NOW_MS), draw.poison(400, NOW_MS)]
    for part in parts:
        for message in Encoder("run", 1).messages(part):
            found = mediate([Raw(message.payload, message.kind)])
            good = int((message.records["call"] != POISON).sum())
            assert (len(found.calls), len(found.dead)) == (good, len(message.records) - good), (
                message.payload[:200]
            )


def test_every_bad_message_is_one_dead_letter() -> None:
    for payload in BAD_MESSAGES:
        for kind in ("", "application/json", "application/vnd.apache.arrow.stream"):
            found = mediate([Raw(payload, kind)])
            assert (len(found.calls), len(found.dead)) == (0, 1), (payload, kind)


def test_copies_come_later_and_conflicts_after_their_call() -> None:
    draw = Draw(3)
    sent = draw.fresh(20_000, NOW_MS)
    sent["message"] = np.arange(len(sent))
    draw.plan_copies(sent, now_s=0.0)
    waiting = set(range(len(sent)))
    copies = draw.due(1_000.0, waiting)
    assert len(copies)
    assert set(copies["variant"].tolist()) == {SAME}, "the conflicts still wait for their calls"
    conflicts = draw.due(1_002.0, set())
    assert set(conflicts["variant"].tolist()) == {LONGER, LATER}
    assert len(conflicts) == pytest.approx(0.002 * len(sent), rel=0.5)
    assert len(copies) == pytest.approx(0.01 * len(sent), rel=0.5)
