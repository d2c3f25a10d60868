"""Sold against bought: sums of a window of the calls' own time, by cause of leakage.

May raise ClickHouseDown, ClickHouseRefused.
"""

from typing import Final, Literal, NamedTuple

from clickhouse_connect.driver.client import Client

from clickhouse.queries import ask

By = Literal["total", "day", "customer", "vendor", "destination", "line"]
Cause = Literal["suspended", "sell_only", "currencies", "negative", "increments", "codes", "none"]
ROWS_MAX: Final = 5_000


class Money(NamedTuple):
    """Calls of one group and cause. leak_nanos: queries/route_money.sql says of what."""

    first: str
    """the customer, or the day; "" where it is not asked for"""
    vendor: str
    destination: str
    sell_currency: str
    buy_currency: str
    cause: Cause
    calls: int
    duration_ms: int
    sell_s: int
    buy_s: int
    sell_nanos: int
    buy_nanos: int
    leak_nanos: int


def route_money(client: Client, from_ms: int, until_ms: int, by: By) -> list[Money]:
    """Groups, most leakage first, at most ROWS_MAX."""
    bound = {"from_ms": from_ms, "until_ms": until_ms, "by": by, "rows_max": ROWS_MAX}
    return [Money(*row) for row in ask(client, "route_money", bound)]
