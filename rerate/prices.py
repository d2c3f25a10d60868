"""What a run prices from, whole and for good: deck versions, accounts, exchange rates.

Taken together once, when a run is previewed, and named by a digest. A worker makes its tariff of
exactly that, whatever has been published since.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.deck import decode_options
from billing.errors import TollwireError
from billing.fx import FX
from billing.parties import Account, parties_of
from billing.tariff import Tariff, compile_tariff
from clickhouse import invoiced, reference, rerate_write

SIDE_OF: Final = {"customer": "sell", "vendor": "buy"}


class NoPrices(TollwireError):
    """A run's prices cannot be had; the message says which deck or version."""


class Prices(NamedTuple):
    """What a run prices from, and which decks it puts in the place of others."""

    versions: tuple[int, ...]
    accounts: tuple[Account, ...]
    fx: tuple[tuple[Any, ...], ...]
    """rows of billing.fx.FX"""
    instead: tuple[tuple[str, str, str], ...]
    """(side, deck, the deck that prices its accounts instead)"""
    invoiced: tuple[tuple[str, str, int], ...] = ()
    """(role, account, up to when in ms its calls have been invoiced)"""

    def body(self) -> str:
        """All of it as JSON, the same text for the same prices; `parse` reads it."""
        return json.dumps(self, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that name it."""
        return blake2b(self.body().encode(), digest_size=16).hexdigest()


def parse(body: str) -> Prices:
    """Prices from their `body`."""
    versions, accounts, fx, instead, *others = json.loads(body)
    return Prices(
        tuple(versions),
        tuple(Account(*account) for account in accounts),
        tuple(tuple(row) for row in fx),
        tuple((side, deck, other) for side, deck, other in instead),
        *(tuple(tuple(row) for row in own) for own in others),
    )


def gather(client: Client, instead: Mapping[tuple[str, str], str]) -> Prices:
    """Everything published by now, with other decks in the place of some.

    instead: (side, deck) -> deck. Raises NoPrices where there is no such deck.
    """
    rows = reference.list_versions(client)
    known = {(row.side, row.deck) for row in rows}
    for (side, deck), other in instead.items():
        for name in (deck, other):
            if (side, name) not in known:
                have = ", ".join(sorted(own for of, own in known if of == side)) or "none"
                raise NoPrices(f"there is no {side} deck {name!r}; loaded: {have}")
    fx = reference.load_fx(client)
    return Prices(
        tuple(row.number for row in rows),
        tuple(sorted(reference.load_accounts(client))),
        tuple(sorted(tuple(row.values()) for row in fx.to_pylist())),
        tuple(sorted((*name, other) for name, other in instead.items())),
        tuple(sorted((*name, ms) for name, ms in invoiced.load(client).items())),
    )


def tariff_of(client: Client, prices: Prices) -> Tariff:
    """The tariff of prices. Raises NoPrices if a deck version is not stored."""
    rows = {row.number: row for row in reference.list_versions(client)}
    missing = [number for number in prices.versions if number not in rows]
    if missing:
        raise NoPrices(
            f"deck version {missing[0]} is not stored: the run was previewed with it; "
            "load the deck again, or make a new run"
        )
    versions = [
        reference.load_version(client, rows[number], decode_options(rows[number].options))
        for number in prices.versions
    ]
    fx = pa.Table.from_pylist([dict(zip(FX.names, row, strict=True)) for row in prices.fx], FX)
    instead = {(side, deck): other for side, deck, other in prices.instead}
    accounts = [
        account._replace(deck=instead.get((SIDE_OF[account.role], account.deck), account.deck))
        for account in prices.accounts
    ]
    return compile_tariff(versions, parties_of(accounts), fx)


def save(client: Client, prices: Prices) -> str:
    """Keep prices; returns their digest."""
    rerate_write.save_prices(client, prices.digest, prices.body())
    return prices.digest


def load(client: Client, digest: str) -> Prices:
    """Prices by their digest. Raises NoPrices."""
    body = rerate_write.load_prices(client, digest)
    if body is None:
        raise NoPrices(f"the prices {digest} are not stored: preview the run again")
    return parse(body)
