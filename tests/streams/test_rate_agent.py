"""What a producer may do to a message's envelope must not stop the worker."""

from types import SimpleNamespace

import pytest

from billing.instants import INSTANT_MS_MAX, INSTANT_MS_MIN
from billing.mediation.mediate import ARROW_MARK, CSV
from streams.agents import rate


def message(**other: object) -> SimpleNamespace:
    """A message as Faust hands it over; its timestamp is in seconds."""
    fields: dict[str, object] = {"key": None, "value": b"{}", "offset": 7, "headers": None}
    fields |= {"timestamp": 1_795_428_000.123}
    return SimpleNamespace(**{**fields, **other})


@pytest.mark.parametrize(
    ("headers", "content_type"),
    [
        (None, ""),
        ([], ""),
        ({"content-type": b"text/csv"}, CSV),
        ([("content-type", b"text/csv")], CSV),
        ([("content-type", None)], ""),
        ([("content-type", b"\xff\xfe")], "\ufffd\ufffd"),
    ],
)
def test_headers(headers: object, content_type: str) -> None:
    raw = rate.raw_of(message(headers=headers))
    assert raw.message.content_type == content_type


@pytest.mark.parametrize(
    ("timestamp", "received_ms"),
    [
        (1_795_428_000.123, 1_795_428_000_123),
        (None, INSTANT_MS_MIN),
        (-0.001, INSTANT_MS_MIN),
        (9e12, INSTANT_MS_MAX - 1),
    ],
)
def test_a_timestamp_stays_within_what_tables_hold(timestamp: object, received_ms: int) -> None:
    assert rate.raw_of(message(timestamp=timestamp)).received_ms == received_ms


def test_a_message_without_a_value_is_an_empty_one() -> None:
    assert rate.raw_of(message(value=None)).message.payload == b""


def test_small_arrow_messages_are_not_many_in_one_step() -> None:
    small = [rate.raw_of(message(value=ARROW_MARK + b"....")) for _ in range(40)]
    assert [len(chunk) for chunk in rate.chunks(small)] == [16, 16, 8]
    texts = [rate.raw_of(message(value=b"x" * 1024)) for _ in range(3_000)]
    assert [len(chunk) for chunk in rate.chunks(texts)] == [2_048, 952]
