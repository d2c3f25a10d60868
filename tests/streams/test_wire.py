"""What goes over the topics comes back the same."""

import random

import pyarrow as pa

from billing.deck import RATES, DeckOptions, DeckVersion
from billing.parties import Account
from streams import wire
from streams.topics import MESSAGE_BYTES_MAX


def version(rates: int) -> DeckVersion:
    """A version with that many rates."""
    columns = [
        [str(i) for i in range(rates)],
        [f"place {i}" for i in range(rates)],
        *([i] * rates for i in range(1, 8)),
    ]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, RATES, strict=True)]
    options = DeckOptions(anchor="whole_call", round_decimals=4)
    return DeckVersion(
        7, "gold", "sell", "full", 5, 6, options, pa.Table.from_arrays(arrays, schema=RATES)
    )


def test_a_deck_version_is_whole_only_when_all_its_parts_are_there() -> None:
    sent = version(2 * wire.RATES_PER_PART + 1)
    messages = wire.encode_version(sent)
    assert [key for key, _ in messages] == [b"7:0", b"7:1", b"7:2"]
    random.Random(1).shuffle(messages)
    parts = wire.PartialVersions()
    assert [parts.add(value) for _, value in messages[:2]] == [None, None]
    assert parts.add(messages[2][1]) == sent


def test_parts_that_come_twice_do_no_harm() -> None:
    sent = version(3)
    parts = wire.PartialVersions()
    for _, value in wire.encode_version(sent) * 2:
        assert parts.add(value) == sent


def test_options_and_accounts_come_back() -> None:
    options = DeckOptions(grace_rule="deduct", grace_s=5, currency="EUR")
    assert wire.decode_options(wire.encode_options(options)) == options
    account = Account("acme", "customer", "Acme", "gold", "USD")
    key, value = wire.encode_account(account)
    assert (key, wire.decode_account(value)) == (b"customer/acme", account)


def test_a_full_message_stays_below_the_broker_s_limit() -> None:
    longest = "x" * 256
    row = [
        longest if f.type == pa.string() else (b"0" * 16 if f.name == "cdr_id" else 1)
        for f in wire.RATED
    ]
    for bounded in ("log", "reason", "sell_prefix", "buy_prefix", "sell_currency", "buy_currency"):
        row[wire.RATED.get_field_index(bounded)] = "x" * 36
    arrays = [
        pa.array([v] * wire.ROWS_MAX).cast(f.type) for v, f in zip(row, wire.RATED, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, schema=wire.RATED)
    assert len(wire.encode(batch)) < MESSAGE_BYTES_MAX
