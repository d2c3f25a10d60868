"""Stored calls as people look for them: a page of a window, one call, what waits in suspense.

Each function runs files of `queries/`. Values travel as bound parameters only. Times are
milliseconds since 1970 UTC, of the call itself. May raise ClickHouseDown, ClickHouseRefused.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from clickhouse_connect.driver.client import Client

from clickhouse.queries import ask

ID: Final = re.compile(r"[0-9a-f]{32}")
LAST: Final = "f" * 32
SUSPENSE_MAX: Final = 500


class Wanted(NamedTuple):
    """Which calls: of a window, and what is known of them; "" = any."""

    from_ms: int
    until_ms: int
    customer: str = ""
    vendor: str = ""
    called: str = ""
    """the number begins with it"""
    reason: str = ""
    """in suspense, for this reason"""


class Leg(NamedTuple):
    """One side of a call as it is charged now."""

    side: Literal["sell", "buy"]
    reason: str
    """why it has no money; "" where it has"""
    billed_s: int
    nanos: int
    currency: str
    deck_version: int
    rate_row: int
    fx_num: int
    fx_den: int
    run: int
    """the re-rating that charged it; 0 = live"""


class Call(NamedTuple):
    """A call of a list."""

    id: str
    """cdr_id, 32 hexadecimal digits"""
    at_ms: int
    customer: str
    vendor: str
    calling: str
    called: str
    duration_ms: int
    sip_code: int
    legs: tuple[Leg, ...]


class Whole(NamedTuple):
    """One call, with where it came from."""

    call: Call
    switch: str
    call_id: str
    pdd_ms: int | None
    lrn: str
    received_ms: int
    place: str
    """partition/offset/row of cdr.raw"""


class RateRow(NamedTuple):
    """The row of a deck that charged a leg."""

    deck: str
    destination: str
    prefix: str


class Waiting(NamedTuple):
    """Calls in suspense for one reason between one customer and one vendor."""

    reason: str
    customer: str
    vendor: str
    calls: int
    duration_ms: int
    oldest_ms: int
    newest_ms: int


def page(client: Client, wanted: Wanted, before: tuple[int, str] | None, rows: int) -> list[Call]:
    """The newest `rows` calls, of those before a cursor (at_ms, id)."""
    before_ms, before_id = before or (wanted.until_ms, LAST)
    bound = {**wanted._asdict(), "before_ms": before_ms, "before_id": before_id, "rows_max": rows}
    found = ask(client, "calls", bound)
    if not found:
        return []
    times = [int(row[1]) for row in found]
    legs = _legs(client, [row[0] for row in found], min(times), max(times))
    return [_call(row, legs) for row in found]


def one(client: Client, call: str) -> Whole | None:
    """A call by its id."""
    if not ID.fullmatch(call):
        return None
    found = ask(client, "call", {"id": call})
    if not found:
        return None
    own, (switch, call_id, pdd_ms, lrn, received_ms, *place) = found[0][:8], found[0][8:]
    legs = _legs(client, [call], own[1], own[1])
    where = "/".join(map(str, place))
    return Whole(_call(own, legs), switch, call_id, pdd_ms, lrn, received_ms, where)


def rate_row(client: Client, leg: Leg) -> RateRow | None:
    """The row of a deck that charged a leg."""
    at = {"deck_version": leg.deck_version, "rate_row": leg.rate_row}
    found = ask(client, "rate_row", at)
    return RateRow(*found[0]) if found else None


def suspense(client: Client, from_ms: int, until_ms: int) -> list[Waiting]:
    """What waits in suspense of a window, most minutes first, at most SUSPENSE_MAX lines."""
    bound = {"from_ms": from_ms, "until_ms": until_ms, "rows_max": SUSPENSE_MAX}
    return [Waiting(*row) for row in ask(client, "suspense", bound)]


def _call(row: Sequence[Any], legs: Mapping[str, list[Leg]]) -> Call:
    call, at_ms, customer, vendor, calling, called, duration_ms, sip_code = row
    own = tuple(legs.get(call, ()))
    return Call(call, at_ms, customer, vendor, calling, called, duration_ms, sip_code, own)


def _legs(client: Client, ids: list[str], from_ms: int, until_ms: int) -> dict[str, list[Leg]]:
    bound = {"ids": ids, "from_ms": from_ms, "until_ms": until_ms}
    found: dict[str, list[Leg]] = {}
    for call, *leg in ask(client, "call_legs", bound):
        found.setdefault(call, []).append(Leg(*leg))
    return found
