"""What became of given messages: receipts, dead letters and charges, for whoever sent them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from clickhouse.client import asking

_SETTINGS = {"do_not_merge_across_partitions_select_final": 1}


class Outcomes(NamedTuple):
    """Distinct calls stored, of those whose call id starts with some text."""

    rated: int
    suspended: int
    rated_ms: int
    suspended_ms: int


class DestinationMoney(NamedTuple):
    """Money of one destination and currency, in nanos."""

    destination: str
    currency: str
    calls: int
    duration_ms: int
    sell_nanos: int
    buy_nanos: int


_RECEIPTS = """
SELECT offset, calls, rated, suspended, dead, duplicate, calls_ms, duplicate_ms, dead_ms
FROM receipt FINAL
WHERE log = {log:String} AND partition = {partition:UInt16}
  AND offset BETWEEN {low:UInt64} AND {high:UInt64}
"""
_DEAD = """
SELECT offset, duration_ms FROM dead_letter FINAL
WHERE log = {log:String} AND partition = {partition:UInt16}
  AND offset BETWEEN {low:UInt64} AND {high:UInt64}
"""
_RECEIVED = """
SELECT sum(rated + suspended) FROM receipt FINAL WHERE log = {log:String} AND {places}
"""
_CHARGED = """
SELECT count() FROM charge FINAL
WHERE leg = 'sell'
  AND cdr_id IN (SELECT cdr_id FROM cdr WHERE log = {log:String} AND {places})
"""
_LATENCY = """
SELECT quantilesExact({levels})(
    toUnixTimestamp64Milli(stored_at) - toUnixTimestamp64Milli(received_at))
FROM charge
WHERE leg = 'sell'
  AND cdr_id IN (SELECT cdr_id FROM cdr WHERE startsWith(call_id, {run:String}))
"""
_OUTCOMES = """
SELECT countIf(reason = ''), countIf(reason != ''),
       sumIf(duration_ms, reason = ''), sumIf(duration_ms, reason != '')
FROM charge FINAL
WHERE leg = 'sell'
  AND cdr_id IN (SELECT cdr_id FROM cdr WHERE startsWith(call_id, {run:String}))
"""
_MONEY = """
WITH own AS (SELECT cdr_id FROM cdr WHERE startsWith(call_id, {run:String})),
     priced AS (
         SELECT * FROM charge FINAL WHERE reason = '' AND cdr_id IN (SELECT cdr_id FROM own)),
     sold AS (
         SELECT cdr_id, destination FROM priced
         INNER JOIN (SELECT deck_version, rate_row, destination FROM rate FINAL) AS r
         USING (deck_version, rate_row) WHERE leg = 'sell')
SELECT sold.destination, currency, countIf(leg = 'sell'), sumIf(duration_ms, leg = 'sell'),
       sumIf(toInt128(nanos), leg = 'sell'), sumIf(toInt128(nanos), leg = 'buy')
FROM priced INNER JOIN sold USING (cdr_id)
GROUP BY sold.destination, currency
ORDER BY sumIf(toInt128(nanos), leg = 'sell') DESC, sold.destination
"""


def receipts(client: Client, log: str, partition: int, low: int, high: int) -> pa.Table:
    """One row per received message with offset in [low, high]: its counts."""
    return _between(client, _RECEIPTS, log, partition, low, high)


def dead_letters(client: Client, log: str, partition: int, low: int, high: int) -> pa.Table:
    """One row per dead letter of the messages with offset in [low, high]."""
    return _between(client, _DEAD, log, partition, low, high)


def _between(client: Client, query: str, log: str, partition: int, low: int, high: int) -> pa.Table:
    values = {"log": log, "partition": partition, "low": low, "high": high}
    with asking():
        return client.query_arrow(query, parameters=values, settings=_SETTINGS)


def stored(client: Client, log: str, since: Mapping[int, int]) -> int:
    """Calls that are stored with their charges, of the messages from these offsets on.

    since: partition -> first offset. A call counts once its receipt and its charges are there.
    """
    counts = []
    for query in (_RECEIVED, _CHARGED):
        with asking():
            found = client.query(
                query.replace("{places}", _places(since)),
                parameters={"log": log},
                settings=_SETTINGS,
            )
        counts.append(int(found.result_rows[0][0]))
    return min(counts)


def latency_ms(client: Client, run: str, quantiles: Sequence[float]) -> list[float]:
    """Quantiles of the time from a call's arrival in the broker to its charge's insert.

    run: what the call ids begin with.
    """
    levels = ", ".join(f"{float(q)}" for q in quantiles)
    query = _LATENCY.replace("{levels}", levels)
    with asking():
        found = client.query(query, parameters={"run": run}, settings=_SETTINGS)
    return [float(ms) for ms in found.result_rows[0][0]]


def _places(since: Mapping[int, int]) -> str:
    """A condition spelt from integers only."""
    parts = (f"(partition = {int(p)} AND offset >= {int(at)})" for p, at in since.items())
    return "(" + " OR ".join(parts) + ")"


def outcomes(client: Client, run: str) -> Outcomes:
    """Stored calls whose call id starts with `run`."""
    with asking():
        found = client.query(_OUTCOMES, parameters={"run": run}, settings=_SETTINGS)
    return Outcomes(*(int(n) for n in found.result_rows[0]))


def money(client: Client, run: str) -> list[DestinationMoney]:
    """Revenue and cost by destination of the sell deck, of calls whose id starts with `run`."""
    with asking():
        found = client.query(_MONEY, parameters={"run": run}, settings=_SETTINGS)
    return [DestinationMoney(*row) for row in found.result_rows]
