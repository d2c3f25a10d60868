"""What goes over the topics comes back the same."""

import random

import pyarrow as pa

from billing.deck import RATES, DeckOptions, DeckVersion, decode_options, encode_options
from billing.fx import FX
from billing.parties import Account
from billing.time_classes import TimeClasses
from streams import wire
from streams.topics import MESSAGE_BYTES_MAX


def version(rates: int) -> DeckVersion:
    """A version with that many rates."""
    columns = [
        [str(i) for i in range(rates)],
        [f"place {i}" for i in range(rates)],
        *([i] * rates for i in range(1, 8)),
        *(["any"] * rates for _ in "ab"),
        [i % 3 == 2 for i in range(rates)],
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
    assert decode_options(encode_options(options)) == options
    account = Account("acme", "customer", "Acme", "gold", "USD")
    key, value = wire.encode_account(account)
    assert (key, wire.decode_account(value)) == (b"customer/acme", account)


def test_classes_come_back_and_cost_nothing_where_there_are_none() -> None:
    profile = TimeClasses("off", ((480, 1_200, "peak"),), (("2026-12-25", "feast"),))
    classes = {"time_classes": profile, "origin_classes": (("33", "EEA"), ("44", "UK"))}
    options = DeckOptions(**classes)  # type: ignore[arg-type]
    assert decode_options(encode_options(options)) == options
    assert "classes" not in encode_options(DeckOptions())
    sent = version(2)._replace(options=options)
    parts = wire.PartialVersions()
    assert [parts.add(value) for _, value in wire.encode_version(sent)] == [sent]


def test_what_was_written_before_there_were_classes_and_exchange_rates_is_read() -> None:
    sent = version(2)
    before = sent._replace(
        options=tuple(sent.options)[:12],  # type: ignore[arg-type]
        rates=sent.rates.drop_columns(["time_class", "origin_class", "blocked"]),
    )
    [(_, value)] = wire.encode_version(before)
    assert wire.PartialVersions().add(value) == sent
    names = [n for n in wire.RATED.names if "fx" not in n]
    rated = pa.RecordBatch.from_pylist([{"call_id": "1"}], pa.schema(map(wire.RATED.field, names)))
    row = wire.decode_rated(wire.encode(rated)).to_pylist()[0]
    assert list(row) == wire.RATED.names
    assert {row[n] for n in wire.RATED.names if "fx" in n} == {1}


def test_exchange_rates_come_back_the_same_in_any_order() -> None:
    rows = [("EUR", "USD", 11, 10, since, at) for since in (5, 6) for at in (1, 2)]
    sent = pa.Table.from_pylist([dict(zip(FX.names, row, strict=True)) for row in rows], FX)
    messages = dict(wire.encode_fx(sent))
    assert messages == dict(wire.encode_fx(sent.take([3, 1, 2, 0])))
    assert sorted(key[:2] for key in messages) == [b"1:", b"2:"]
    found = pa.concat_tables(map(wire.decode_fx, messages.values()))
    assert sorted(map(repr, found.to_pylist())) == sorted(map(repr, sent.to_pylist()))
    assert list(wire.encode_fx(sent.slice(0, 0))) == []


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
