"""Up to when accounts have been invoiced, and what runs have changed of invoiced calls since."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from clickhouse.client import asking, insert_arrow
from clickhouse.tables import INVOICED

_ADJUSTMENTS: Final = (Path(__file__).parent / "queries" / "adjustments.sql").read_text()
Account = tuple[str, str]
"""(role, account)"""


class Adjustment(NamedTuple):
    """What a run has changed of an account's invoiced calls of a month."""

    day: str
    """on which it is booked"""
    run: int
    role: str
    account: str
    month: str
    """of the calls, such as 2026-10"""
    currency: str
    calls: int
    nanos: int


def save(client: Client, until_ms: Mapping[Account, int], by: str) -> None:
    """Say up to when accounts have been invoiced."""
    rows = [
        {"role": role, "account": account, "until": ms, "set_by": by}
        for (role, account), ms in until_ms.items()
    ]
    insert_arrow(client, INVOICED, pa.Table.from_pylist(rows, schema=INVOICED.schema))


def load(client: Client) -> dict[Account, int]:
    """Up to when each account has been invoiced, in ms; the others never were."""
    query = "SELECT toString(role), account, toUnixTimestamp64Milli(until) FROM invoiced FINAL"
    with asking():
        rows = client.query(query).result_rows
    return {(str(role), str(account)): int(ms) for role, account, ms in rows}


def adjustments(client: Client, from_ms: int, to_ms: int) -> list[Adjustment]:
    """What was booked from an instant to before another, in the order of booking."""
    values = {"from_ms": from_ms, "to_ms": to_ms}
    with asking():
        return [Adjustment(*row) for row in client.query(_ADJUSTMENTS, values).result_rows]
