"""What every version has written is read by the readers of today."""

from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from billing.cdr import CALLS
from billing.credit.call_events import CallEvent, parse_events
from billing.credit.orders import parse_order
from billing.credit.outcomes import Disconnect
from billing.fraud.answers import parse_action
from clickhouse.tables import DEAD_LETTER, RECEIPT
from deploy.contract.catalogue import PUBLIC
from deploy.contract.message import Message
from rerate.sending import Event
from streams import topics, wire
from streams.agents import credit_store, fraud_store
from streams.fraud_messages import told_by
from tests.contract.history import arrow_samples, golden_files, write_missing
from tests.contract.schemas import hold

VERSIONS = [(m, version) for m in PUBLIC for version in range(1, m.version + 1)]
CAME_MS = 1_795_428_061_000


async def _no_insert(_table: str, _rows: pa.Table) -> None:
    raise AssertionError("nothing is inserted here")


def _stored(topic: str) -> Callable[[bytes], Any]:
    made = credit_store.stores("log", _no_insert) | fraud_store.stores("log", _no_insert)

    def read(value: bytes) -> Any:
        (rows,) = made[topic].rows([(0, 0, value)])
        assert rows.num_rows == 1
        return rows

    return read


def _events(value: bytes) -> list[CallEvent]:
    found = parse_events(value, CAME_MS)
    assert all(isinstance(event, CallEvent) for event in found)
    return [event for event in found if isinstance(event, CallEvent)]


def _action(value: bytes) -> Any:
    assert _stored(topics.FRAUD_ACTIONS)(value).num_rows == 1
    return parse_action(value)


def _alert(value: bytes) -> Any:
    assert _stored(topics.FRAUD_ALERTS)(value).num_rows == 1
    return told_by(value)


READERS: dict[str, Callable[[bytes], Any]] = {
    topics.RATED: wire.decode_rated,
    topics.DEAD: lambda value: wire.decode(value).select(DEAD_LETTER.schema.names),
    topics.RECEIPT: lambda value: wire.decode(value).select(RECEIPT.schema.names),
    topics.CALL_EVENTS: _events,
    topics.CREDIT_ORDER: parse_order,
    topics.CALL_CONTROL: lambda value: Disconnect(**msgspec.json.decode(value)),
    topics.CREDIT_DECISIONS: _stored(topics.CREDIT_DECISIONS),
    topics.CREDIT_EVENTS: _stored(topics.CREDIT_EVENTS),
    topics.FRAUD_ALERTS: _alert,
    topics.FRAUD_ACTIONS: _action,
    topics.RERATE_EVENTS: lambda value: Event(**msgspec.json.decode(value)),
}


def test_no_version_is_without_a_message() -> None:
    missing = [f"{m.topic} {version}" for m, version in VERSIONS if not golden_files(m, version)]
    assert not missing, f"{missing}: run `make contract` and commit what it writes"
    assert write_missing() == []


@pytest.mark.parametrize(("message", "version"), VERSIONS, ids=lambda v: getattr(v, "topic", v))
def test_todays_readers_read_what_a_version_wrote(message: Message, version: int) -> None:
    for path in golden_files(message, version):
        assert READERS[message.topic](path.read_bytes())


@pytest.mark.parametrize(("message", "version"), VERSIONS, ids=lambda v: getattr(v, "topic", v))
def test_what_todays_version_wrote_is_in_the_contract(message: Message, version: int) -> None:
    if version == message.version:
        for path in golden_files(message, version):
            hold(message.topic, path.read_bytes())


def test_the_rated_calls_of_the_first_version_keep_their_money() -> None:
    message = next(m for m in PUBLIC if m.topic == topics.RATED)
    rows = wire.decode_rated(golden_files(message, 1)[0].read_bytes()).to_pylist()
    assert [(r["call_id"], r["reason"]) for r in rows] == [
        ("rated", ""),
        ("attempt", ""),
        ("suspended", "sell_rate_missing"),
    ]
    assert [r["sell_nanos"] for r in rows] == [20_000_000, 0, 0]
    assert [r["margin_nanos"] for r in rows] == [10_000_000, 0, None]


def test_a_missing_column_is_noticed() -> None:
    rows = wire.decode(arrow_samples()[topics.RATED]).drop_columns([CALLS.names[0]])
    with pytest.raises(AssertionError):
        hold(topics.RATED, wire.encode(rows.combine_chunks().to_batches()[0]))
