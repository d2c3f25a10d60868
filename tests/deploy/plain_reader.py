"""What a plain reader and a naive rater make of the demo's messages, knowing nothing of how they
were made: only the decks and the accounts file."""

import csv
import json
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pyarrow as pa

from deploy.traffic import CSV_COLUMNS, SeedDeck, Truth, accounts_toml, seed_decks


@cache
def decks() -> dict[str, SeedDeck]:
    return {deck.name: deck for deck in seed_decks(1)}


@cache
def prefixes(deck: str) -> frozenset[str]:
    return frozenset(row["prefix"] for row in decks()[deck].rows)


@cache
def accounts() -> dict[str, Any]:
    return tomllib.loads(accounts_toml())


def covers(deck: str, number: str) -> bool:
    digits = number.removeprefix("+")
    return any(digits[:n] in prefixes(deck) for n in range(1, len(digits) + 1))


def records(messages: Iterator[bytes], form: str) -> Iterator[dict[str, Any] | None]:
    """What a plain reader makes of each message; None where it cannot read it at all."""
    for message in messages:
        if form == "arrow":
            yield from pa.ipc.open_stream(message).read_all().to_pylist()
        elif form == "csv":
            cells = next(csv.reader([message.decode()]))
            yield dict(zip(CSV_COLUMNS, cells, strict=True)) if len(cells) > 2 else None
        else:
            try:
                yield json.loads(message)
            except json.JSONDecodeError:
                yield None


def answered_ms(value: Any) -> int | None:
    if isinstance(value, datetime):
        return round(value.timestamp() * 1_000)
    try:
        return int(value)
    except (TypeError, ValueError):
        pass
    try:
        at = datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
    return round(at.timestamp() * 1_000)


def judge(read: Iterator[dict[str, Any] | None]) -> Truth:
    """A naive rater's account: it knows the decks and the accounts file, not the generator."""
    seen: set[tuple[str, str]] = set()
    counts: Counter[str] = Counter()
    for record in read:
        counts["sent"] += 1
        if (
            record is None
            or not record.get("call_id")
            or answered_ms(record["answered_at"]) is None
        ):
            counts["dead"] += 1
            continue
        duration_ms = int(record["duration_ms"])
        customer = accounts()["customers"].get(record["customer"])
        if duration_ms < 0:
            counts["dead"] += 1
            continue
        if (record["switch"], record["call_id"]) in seen:
            fate = "duplicate"
        elif customer is None:
            fate = "unknown_customer"
        elif not covers(customer["sell_deck"], record["called"]):
            fate = "unknown_destination"
        else:
            assert covers(record["vendor"], record["called"])
            fate = "rated"
        seen.add((record["switch"], record["call_id"]))
        counts[fate] += 1
        counts["suspended_ms" if "unknown" in fate else f"{fate}_ms"] += duration_ms
    return Truth(**counts)
