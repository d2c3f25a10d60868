"""Deck versions, accounts, exchange rates at rest, read back when a broker starts empty."""

import random
from collections.abc import Sequence
from typing import NamedTuple
from uuid import uuid4

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.deck import FOREVER_MS, RATES, DeckOptions, DeckVersion
from billing.errors import TollwireError
from billing.fx import FX
from billing.parties import Account
from clickhouse.client import asking, insert_arrow
from clickhouse.tables import ACCOUNT, DECK_VERSION, FX_RATE, RATE

_MS = pa.timestamp("ms", "UTC")


CLAIMS_MAX = 50


class TooManyLoads(TollwireError):
    """No deck number could be claimed: others kept taking the same one. Nothing was written."""


class VersionRow(NamedTuple):
    """A deck version without its rates; times in milliseconds since 1970, UTC."""

    number: int
    deck: str
    side: str
    currency: str
    coverage: str
    valid_from_ms: int
    published_ms: int
    options: str
    source: str
    sha256: str
    rates: int


_VERSIONS = """
SELECT deck_version, deck, toString(side), currency, toString(coverage),
       toUnixTimestamp64Milli(valid_from), toUnixTimestamp64Milli(published_at),
       options, source, toString(sha256), rates
FROM deck_version FINAL ORDER BY deck_version
"""
_RATES = """
SELECT prefix, destination, first_rate_nanos, next_rate_nanos, connect_nanos,
       toInt64(first_increment_s) AS first_increment_s,
       toInt64(next_increment_s) AS next_increment_s,
       toUnixTimestamp64Milli(valid_from) AS valid_from_ms,
       ifNull(toUnixTimestamp64Milli(valid_to), {forever:Int64}) AS valid_to_ms,
       toString(time_class) AS time_class, toString(origin_class) AS origin_class,
       blocked
FROM rate FINAL WHERE deck_version = {number:UInt32} ORDER BY rate_row
"""


def list_versions(client: Client) -> list[VersionRow]:
    """All published versions, in order of publication."""
    with asking():
        return [VersionRow(*row) for row in client.query(_VERSIONS).result_rows]


def load_rates(client: Client, number: int) -> pa.Table:
    """The rates of one version, as billing.deck.RATES."""
    with asking():
        rates = client.query_arrow(
            _RATES, parameters={"number": number, "forever": FOREVER_MS}, use_strings=True
        )
    return rates.cast(RATES) if rates.num_rows else RATES.empty_table()


def load_version(client: Client, row: VersionRow, options: DeckOptions) -> DeckVersion:
    """A whole version; options: `row.options` decoded."""
    return DeckVersion(
        row.number,
        row.deck,
        row.side,
        row.coverage,
        row.valid_from_ms,
        row.published_ms,
        options,
        load_rates(client, row.number),
    )


def save_version(
    client: Client, version: DeckVersion, options: str, source: str, sha256: str
) -> None:
    """Write the rates, then the version that makes them count."""
    rates, n = version.rates, version.rates.num_rows
    valid_to = rates.column("valid_to_ms").to_pylist()
    columns = {
        "deck_version": pa.array([version.number] * n, pa.uint32()),
        "rate_row": pa.array(range(n), pa.uint32()),
        "valid_from": rates.column("valid_from_ms").cast(_MS),
        "valid_to": pa.array([None if ms == FOREVER_MS else ms for ms in valid_to], _MS),
    }
    arrays = [
        columns.get(f.name) if f.name in columns else rates.column(f.name).cast(f.type)
        for f in RATE.schema
    ]
    insert_arrow(client, RATE.name, pa.Table.from_arrays(arrays, schema=RATE.schema))
    row = {
        "deck_version": version.number,
        "deck": version.deck,
        "side": version.side,
        "currency": version.currency,
        "coverage": version.coverage,
        "valid_from": version.valid_from_ms,
        "published_at": version.published_ms,
        "options": options,
        "source": source,
        "sha256": sha256.encode(),
        "rates": n,
    }
    insert_arrow(client, DECK_VERSION.name, pa.Table.from_pylist([row], schema=DECK_VERSION.schema))


def claim_number(client: Client) -> int:
    """A version number that nobody else has or will get. Raises TooManyLoads.

    A number claimed by two at once is burnt for both, so no vote is needed.
    """
    for attempt in range(CLAIMS_MAX):
        claim = uuid4()
        with asking():
            last = client.query("SELECT max(number) FROM deck_number").result_rows[0][0]
            number = int(last) + 1 + random.randrange(attempt + 1)
            client.insert("deck_number", [[number, claim]], column_names=["number", "claim"])
            claims = client.query(
                "SELECT uniqExact(claim) FROM deck_number WHERE number = {number:UInt32}",
                parameters={"number": number},
            ).result_rows[0][0]
        if claims == 1:
            return number
    raise TooManyLoads("other deck loads are going on; load again, one at a time")


def save_accounts(client: Client, accounts: Sequence[Account], loaded_ms: int) -> None:
    """Write accounts; a later one of the same role and name replaces it."""
    rows = [{**a._asdict(), "loaded_at": loaded_ms} for a in accounts]
    insert_arrow(client, ACCOUNT.name, pa.Table.from_pylist(rows, schema=ACCOUNT.schema))


def load_accounts(client: Client) -> list[Account]:
    """All accounts."""
    query = "SELECT account, toString(role), name, deck, currency FROM account FINAL"
    with asking():
        return [Account(*row) for row in client.query(query).result_rows]


_FX = """
SELECT toString(from_currency) AS from_currency, toString(to_currency) AS to_currency,
       toInt64(numerator) AS numerator, toInt64(denominator) AS denominator,
       toUnixTimestamp64Milli(valid_from) AS valid_from_ms,
       toUnixTimestamp64Milli(published_at) AS published_ms
FROM fx_rate FINAL
ORDER BY from_currency, to_currency, valid_from, published_at, numerator, denominator
"""


def save_fx(client: Client, rates: pa.Table) -> None:
    """Add exchange rates (billing.fx.FX)."""
    instants = {"valid_from": "valid_from_ms", "published_at": "published_ms"}
    arrays = [
        rates.column(instants.get(f.name, f.name)).combine_chunks().cast(f.type)
        for f in FX_RATE.schema
    ]
    insert_arrow(client, FX_RATE.name, pa.Table.from_arrays(arrays, schema=FX_RATE.schema))


def load_fx(client: Client) -> pa.Table:
    """All exchange rates, as billing.fx.FX."""
    with asking():
        rates = client.query_arrow(_FX, use_strings=True)
    return rates.cast(FX) if rates.num_rows else FX.empty_table()


def calls_rated_since(client: Client, deck: str, side: str, since_ms: int) -> int:
    """Calls answered since an instant that were priced by any version of a deck."""
    query = """
        SELECT count() FROM charge FINAL
        WHERE leg = {side:String} AND answered_at >= fromUnixTimestamp64Milli({since:Int64})
          AND reason = ''
          AND deck_version IN (SELECT deck_version FROM deck_version WHERE deck = {deck:String})
    """
    with asking():
        values = {"side": side, "since": since_ms, "deck": deck}
        return int(client.query(query, parameters=values).result_rows[0][0])
