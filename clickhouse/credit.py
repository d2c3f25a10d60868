"""Credit at rest: limits, movements of money, decisions and events; and the sums it begins from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.credit.limits import Caps, Limit
from billing.credit.orders import Accepted
from clickhouse.client import asking, insert_arrow
from clickhouse.credit_tables import CREDIT_LIMIT, CREDIT_STATE, MOVEMENT
from clickhouse.tables import LIVE_VERSIONS

_FOLDER: Final = Path(__file__).parent / "queries"
_SUMS: Final = (_FOLDER / "credit_sums.sql").read_text()
_RERATED: Final = (_FOLDER / "credit_rerated.sql").read_text()

Account = tuple[str, str, str]
"""(role, account, currency)"""


class Sums(NamedTuple):
    """What is known of an account's money, nanos; `before`: through other logs than this one."""

    charged_nanos: int = 0
    charged_before_nanos: int = 0
    paid_nanos: int = 0
    paid_before_nanos: int = 0


def save_limits(client: Client, limits: Sequence[Limit], loaded_ms: int) -> None:
    """Write limits; a later one of the same account replaces it."""
    rows = []
    for limit in limits:
        row = {**limit._asdict(), **limit.caps._asdict(), "loaded_at": loaded_ms}
        rows.append({**row, "trunks": msgspec.json.encode(limit.trunks).decode()})
    insert_arrow(client, CREDIT_LIMIT.name, pa.Table.from_pylist(rows, schema=CREDIT_LIMIT.schema))


def load_limits(client: Client) -> list[Limit]:
    """All limits."""
    query = """SELECT toString(role) AS role, account, currency, limit_nanos, max_calls,
        max_calls_per_s, when_recovering, trunks FROM credit_limit FINAL ORDER BY role, account"""
    with asking():
        rows = list(client.query(query).named_results())
    return [
        Limit(
            **{name: row[name] for name in ("role", "account", "currency", "limit_nanos")},
            caps=Caps(row["max_calls"], row["max_calls_per_s"]),
            when_recovering=row["when_recovering"],
            trunks=msgspec.json.decode(row["trunks"], type=dict[str, Caps]),
        )
        for row in rows
    ]


def save_movement(
    client: Client, accepted: Accepted, log: str, offset: int, received_ms: int
) -> None:
    """Write a payment or an adjustment; of one id the first one sent stands."""
    order = accepted.order
    row = {
        **{name: getattr(order, name) for name in ("role", "account", "id", "kind", "currency")},
        "nanos": accepted.nanos,
        "ordered_by": order.by,
        "note": order.note,
        "at": order.at_ms,
        "received_at": received_ms,
        "log": log,
        "version": LIVE_VERSIONS - 1 - offset,
    }
    insert_arrow(client, MOVEMENT.name, pa.Table.from_pylist([row], schema=MOVEMENT.schema))


def log_of(client: Client, accepted: Accepted) -> str:
    """Through which log the movement of this id came that stands."""
    order = accepted.order
    query = """SELECT log FROM movement FINAL WHERE role = {role:String}
        AND account = {account:String} AND id = {id:String}"""
    values = {"role": order.role, "account": order.account, "id": order.id}
    with asking():
        rows = client.query(query, values).result_rows
    return str(rows[0][0]) if rows else ""


def save_states(client: Client, states: Sequence[dict[str, Any]]) -> None:
    """Write what accounts may spend: rows of `credit_state`."""
    rows = pa.Table.from_pylist(list(states), schema=CREDIT_STATE.schema)
    insert_arrow(client, CREDIT_STATE.name, rows)


def states(client: Client, account: str = "") -> list[dict[str, Any]]:
    """What accounts may spend, by name: all of them, or one."""
    query = """SELECT account, limited, limit_nanos, paid_nanos, spent_nanos, reserved_nanos,
        free_nanos, overrun_nanos, calls, level, blocks, toUnixTimestamp64Milli(at) AS at_ms
        FROM credit_state FINAL WHERE account = {account:String} OR {account:String} = ''
        ORDER BY account"""
    with asking():
        return list(client.query(query, {"account": account}).named_results())


def sums(client: Client, log: str) -> dict[Account, Sums]:
    """What every account has been charged and has paid."""
    with asking():
        rows = client.query(_SUMS, {"log": log}).result_rows
    return {(str(row[0]), str(row[1]), str(row[2])): Sums(*map(int, row[3:])) for row in rows}


def applied_steps(client: Client) -> list[Any]:
    """What tells whether `rerated` has changed: the steps of re-rating and what they undo."""
    query = "SELECT step, phase, state, undoes FROM rerate_step FINAL ORDER BY step"
    with asking():
        return list(client.query(query).result_rows)


def rerated(client: Client) -> dict[Account, int]:
    """What re-rating has changed of every account's charges, nanos."""
    with asking():
        rows = client.query(_RERATED).result_rows
    return {(str(role), str(name), str(money)): int(nanos) for role, name, money, nanos in rows}
