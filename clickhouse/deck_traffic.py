"""What a deck was used for lately: calls and milliseconds by leading digits, to weigh a change."""

from typing import Final, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.deck_diff.weigh import MONDAY_MS, MONTH_DAYS, TRAFFIC, WEEK_MS
from billing.instants import DAY_MS
from clickhouse.client import asking
from clickhouse.queries import text

GROUPS_MAX: Final = 1_000_000
ANSWER_S_MAX: Final = 120
_SETTINGS: Final = {
    "do_not_merge_across_partitions_select_final": 1,
    "max_execution_time": ANSWER_S_MAX,
}


class Grain(NamedTuple):
    """How finely calls are told apart."""

    digits: int
    """leading digits of the called number: the longest code's length"""
    origin_digits: int = 0
    """of the A-number; 0 without origin classes"""
    by_hour: bool = False
    """by hour of the week, for time classes"""


class Used(NamedTuple):
    """The calls of MONTH_DAYS days."""

    traffic: pa.Table
    """TRAFFIC; at most GROUPS_MAX groups, those with the most minutes"""
    cut: bool
    """whether there are more"""


def month_of(client: Client, deck: str, side: str, to_ms: int, grain: Grain) -> Used:
    """The calls of a deck's accounts in the MONTH_DAYS days before an instant.

    Raises ClickHouseDown, ClickHouseRefused.
    """
    bound = {
        "deck": deck,
        "side": side,
        "from_ms": to_ms - MONTH_DAYS * DAY_MS,
        "to_ms": to_ms,
        "digits": grain.digits,
        "origin_digits": grain.origin_digits,
        "by_hour": int(grain.by_hour),
        "monday_ms": MONDAY_MS,
        "week_ms": WEEK_MS,
        "rows_max": GROUPS_MAX,
    }
    with asking():
        found = client.query_arrow(
            text("deck_traffic"), parameters=bound, settings=dict(_SETTINGS), use_strings=True
        )
    if not found.num_rows:
        return Used(TRAFFIC.empty_table(), False)
    columns = [found.column(n) for n in ("digits", "origin", "hour_ms", "calls", "duration_ms_sum")]
    arrays = [c.cast(f.type) for c, f in zip(columns, TRAFFIC, strict=True)]
    return Used(pa.Table.from_arrays(arrays, schema=TRAFFIC), found.num_rows == GROUPS_MAX)
