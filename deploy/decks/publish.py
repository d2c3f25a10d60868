"""The one way to publish a deck version: refused, or stored and then handed to the workers.

A version is published once: the same rates under the same terms as the deck's newest version are
that version, handed over again.
"""

import asyncio
import time
from typing import NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing.deck import DeckOptions, DeckVersion, decode_options, encode_options
from billing.errors import OptionsRefused
from billing.parties import parties_of
from billing.tariff import compile_tariff
from clickhouse import reference
from clickhouse.deck_touched import Touched, touched
from clickhouse.reference import VersionRow
from deploy.decks.line import rows_of, version_of
from deploy.runtime.settings import Settings
from streams import decks
from streams.topics import ensure_topics


class Terms(NamedTuple):
    """What a version is besides its rates."""

    deck: str
    side: str
    coverage: str
    valid_from_ms: int
    options: DeckOptions
    source: str
    """the file's name, or what else the rates come from"""
    sha256: str
    """of that"""


class Published(NamedTuple):
    """What `publish` did."""

    version: DeckVersion
    already: bool
    """True: it is the deck's newest version already; it was handed over again"""
    touched: list[Touched]
    """calls since its date, where that lies in the past"""
    now_ms: int


def publish(settings: Settings, client: Client, terms: Terms, rates: pa.Table) -> Published:
    """Store rates as the deck's next version and hand it to the running workers.

    Raises OptionsRefused (nothing was written), ClickHouseDown, BrokerDown.
    """
    asyncio.run(ensure_topics(settings))
    own = rows_of(client, terms.deck, terms.side)
    now_ms = int(time.time() * 1_000)
    if own and is_already(own[-1], terms):
        version = version_of(client, own[-1])
        asyncio.run(decks.publish(settings, [version]))
        return Published(version, True, late(client, terms, now_ms), now_ms)
    version = DeckVersion(0, *terms[:4], now_ms, terms.options, rates)
    fits(client, own, version)
    version = version._replace(number=reference.claim_number(client))
    encoded = encode_options(terms.options)
    reference.save_version(client, version, encoded, terms.source, terms.sha256)
    asyncio.run(decks.publish(settings, [version]))
    return Published(version, False, late(client, terms, now_ms), now_ms)


def is_already(newest: VersionRow, terms: Terms) -> bool:
    """Whether a version is what these terms would make."""
    wanted = (terms.coverage, terms.valid_from_ms, encode_options(terms.options), terms.sha256)
    return (newest.coverage, newest.valid_from_ms, newest.options, newest.sha256) == wanted


def late(client: Client, terms: Terms, now_ms: int) -> list[Touched]:
    """Calls answered since the date of a version that takes effect in the past."""
    if terms.valid_from_ms >= now_ms:
        return []
    return touched(client, terms.deck, terms.side, max(terms.valid_from_ms, 0), now_ms)


def fits(client: Client, earlier: list[VersionRow], version: DeckVersion) -> None:
    """Raises OptionsRefused if a version does not go with the deck's earlier ones."""
    name = f"{version.side} deck {version.deck}"
    if earlier and earlier[-1].currency != version.currency:
        raise OptionsRefused(
            f"{name} is in {earlier[-1].currency}, this file in {version.currency}: a deck keeps "
            "its currency; load it under another name"
        )
    options = [decode_options(row.options) for row in earlier]
    if options and options[-1].match != version.options.match:
        raise OptionsRefused(
            f"{name} is matched by {options[-1].match}, this version by {version.options.match}: "
            "a deck keeps what it is matched by; load it under another name"
        )
    every = (*options, version.options)
    if any(o.time_classes or o.origin_classes or o.jurisdiction for o in every):
        line = [version_of(client, row) for row in earlier]
        last = version._replace(number=1 + max((v.number for v in line), default=0))
        compile_tariff([*line, last], parties_of([]))
