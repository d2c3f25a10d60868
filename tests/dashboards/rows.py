"""Short ways to write query rows in tests."""

from clickhouse.queries import Balance, Destination, Earning, Intake, Part
from dashboards.kpi import STEP_MS

NOW_MS = 1_700_000_000_000 // STEP_MS * STEP_MS + 3_000
"""A moment whose last settled step ends at NOW_MS - 3,000."""
END_MS = NOW_MS - 3_000


def intake(ago_ms: int, received: int = 1, suspended: int = 0, dead: int = 0) -> Intake:
    """A step that starts `ago_ms` before the end of the window; the rest is rated."""
    rated = received - suspended - dead
    return Intake(END_MS - ago_ms, received, rated, suspended, dead, 0)


def earning(
    ago_ms: int,
    *,
    sell_nanos: int = 0,
    buy_nanos: int = 0,
    attempts: int = 1,
    answered: int = 1,
    billed_s: int = 0,
    currency: str = "EUR",
) -> Earning:
    """A step of one currency; every answered call is rated."""
    start_ms = END_MS - ago_ms
    return Earning(
        start_ms, currency, attempts, answered, answered, billed_s, sell_nanos, buy_nanos
    )


def destination(
    name: str, sell_nanos: int, buy_nanos: int, currency: str = "EUR", foreign_calls: int = 0
) -> Destination:
    """Ten calls of a minute each."""
    return Destination(name, currency, 10, 600, sell_nanos, buy_nanos, foreign_calls)


def balances(settled: bool = True, **calls: int) -> list[Balance]:
    """Parts of the line; every call lasts one second."""
    found: list[Balance] = []
    parts: tuple[Part, ...] = ("received", "rated", "suspended", "dead", "duplicate")
    for part in parts:
        if part in calls:
            found.append(Balance(settled, part, calls[part], calls[part] * 1_000))
    return found
