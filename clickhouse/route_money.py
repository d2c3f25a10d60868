"""Sold against bought: sums of a window of the calls' own time, by cause of leakage.

May raise ClickHouseDown, ClickHouseRefused.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from clickhouse_connect.driver.client import Client

from clickhouse.client import asking
from clickhouse.queries import SETTINGS, ask, text

By = Literal["total", "day", "customer", "vendor", "destination", "line"]
Cause = Literal[
    "suspended", "sell_only", "currencies", "negative", "increments", "codes", "none", "any"
]
ALL: Final = 2**32 - 1


class Money(NamedTuple):
    """Calls of one group and cause; names that are not asked for are "".

    leak_nanos: queries/route_money.sql says of what.
    """

    by: By
    day: str
    customer: str
    vendor: str
    destination: str
    sell_currency: str
    buy_currency: str
    cause: Cause
    """any: calls that have a margin, whatever leaks"""
    calls: int
    duration_ms: int
    sell_s: int
    buy_s: int
    sell_nanos: int
    buy_nanos: int
    leak_nanos: int


def leaks(
    client: Client, from_ms: int, until_ms: int, by: Sequence[By], rows_max: int
) -> list[Money]:
    """Groups of each cause, by sold currency, most leakage first.

    At most rows_max of each of `by` and each sold currency.
    """
    bound = _bound(from_ms, until_ms, by, rows_max, with_causes=True)
    return [Money(*row) for row in ask(client, "route_money", bound)]


def every_leak(client: Client, from_ms: int, until_ms: int) -> Iterator[Money]:
    """All lines (customer, vendor, destination, cause), one after another."""
    bound = _bound(from_ms, until_ms, ("line",), ALL, with_causes=True)
    with (
        asking(),
        client.query_rows_stream(
            text("route_money"), parameters=bound, settings=dict(SETTINGS)
        ) as rows,
    ):
        for row in rows:
            yield Money(*row)


def earned(client: Client, from_ms: int, until_ms: int, by: Sequence[By]) -> list[Money]:
    """Every group of the calls that have a margin: nothing is cut."""
    bound = _bound(from_ms, until_ms, by, ALL, with_causes=False)
    return [Money(*row) for row in ask(client, "route_money", bound)]


def _bound(
    from_ms: int, until_ms: int, by: Sequence[By], rows_max: int, *, with_causes: bool
) -> dict[str, object]:
    return {
        "from_ms": from_ms,
        "until_ms": until_ms,
        "by": list(by),
        "rows_max": rows_max,
        "with_causes": with_causes,
    }
