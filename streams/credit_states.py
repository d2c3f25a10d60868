"""What accounts may spend, as rows of ClickHouse."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from billing.credit.desk import Desk
from billing.credit.state import figures_of

ACCOUNTS_AT_ONCE: Final = 20


async def states(desks: Mapping[int, Desk], log: str, at_ms: int) -> list[dict[str, Any]]:
    """Every account's credit, as rows of `credit_state`. Others go on after each few accounts."""
    rows = []
    for partition, desk in list(desks.items()):
        for i, (name, book) in enumerate(list(desk.journal.books.items())):
            if i % ACCOUNTS_AT_ONCE == 0:
                await asyncio.sleep(0)
            own = {"account": name, "log": log, "partition": partition, "at": at_ms}
            rows.append({**own, **figures_of(book)})
    return rows
