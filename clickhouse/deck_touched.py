"""Which stored calls a deck version is about that takes effect in the past."""

from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from clickhouse.client import asking
from clickhouse.queries import SETTINGS, text


class Touched(NamedTuple):
    """Calls charged in one currency."""

    currency: str
    calls: int
    """that an earlier version has priced"""
    without_price: int
    """that no rate of the deck priced"""
    nanos: int
    first_ms: int
    """when the first of them was answered"""


def touched(client: Client, deck: str, side: str, from_ms: int, to_ms: int) -> list[Touched]:
    """Calls of the deck's accounts answered in a period. Raises ClickHouseDown."""
    bound = {
        "deck": deck,
        "side": side,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "missing": f"{side}_rate_missing",
        "blocked": f"{side}_blocked",
    }
    with asking():
        rows = client.query(text("deck_touched"), parameters=bound, settings=SETTINGS).result_rows
    return [Touched(*row) for row in rows]
