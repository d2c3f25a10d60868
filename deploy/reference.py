"""Decks and exchange rates: an operator's files are stored first, then handed over."""

import asyncio
import hashlib
import time
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from billing import deck_csv
from billing.deck import DeckOptions, DeckVersion, decode_options
from billing.deck_draft import DraftRefused
from billing.errors import Problem
from billing.fx import FX
from billing.fx_csv import parse_fx
from clickhouse import credit, reference
from clickhouse.client import connect
from dashboards.documents.agreements import Agreements
from deploy.decks.publish import Terms, publish
from deploy.files import read_file
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings
from streams import decks
from streams.topics import ensure_topics


class Loaded(NamedTuple):
    """What `load_deck` did."""

    version: DeckVersion
    unused: list[str]
    """columns of the file that mean nothing"""
    problems: list[Problem]
    """the rows left out (only with skip_bad_rows)"""
    already: bool
    """True: the same file under the same terms is the deck's newest version; nothing was done"""
    late_calls: int
    """calls answered since valid_from that an earlier version has priced"""


def load_deck(
    settings: Settings,
    path: Path,
    name: str,
    side: str,
    coverage: str,
    valid_from_ms: int,
    options: DeckOptions,
    skip_bad_rows: bool,
) -> Loaded:
    """Validate a CSV deck and publish it at once, the short way for a deck of nobody else.

    Raises DraftRefused where an agreement wants two people, DeckRefused, OptionsRefused or
    FileRefused (nothing was written), ClickHouseDown, BrokerDown.
    """
    agreement = Agreements(documents_url(settings)).of_deck(side, name)
    if agreement is not None and agreement.wants_two:
        raise DraftRefused(
            f"{side} deck {name}: the agreement with {agreement.partner} wants two people to "
            "publish it: tollwire deck draft"
        )
    data = read_file(path)
    parsed = deck_csv.parse_deck(data, str(path), valid_from_ms, options)
    rates = deck_csv.accept(parsed, str(path), skip_bad_rows)
    digest = hashlib.sha256(data).hexdigest()
    terms = Terms(name, side, coverage, valid_from_ms, options, path.name, digest)
    client = connect(settings)
    try:
        done = publish(settings, client, terms, rates)
    finally:
        client.close()
    calls = 0 if done.already else sum(own.calls for own in done.touched)
    return Loaded(done.version, parsed.unused, parsed.problems, done.already, calls)


class FxLoaded(NamedTuple):
    """What `load_fx` did."""

    rates: int
    """in the file"""
    new: int
    """those that were not in force under the same pair and date already"""


def load_fx(settings: Settings, path: Path) -> FxLoaded:
    """Store the exchange rates of a CSV file that are new and hand them to the running workers.

    Raises FxRefused or FileRefused (nothing was written), ClickHouseDown, BrokerDown.
    """
    rates = parse_fx(read_file(path), str(path), int(time.time() * 1_000))
    asyncio.run(ensure_topics(settings))
    client = connect(settings)
    try:
        new = _unknown(rates, reference.load_fx(client))
        reference.save_fx(client, new)
    finally:
        client.close()
    asyncio.run(decks.publish(settings, fx=new))
    return FxLoaded(rates.num_rows, new.num_rows)


def _unknown(rates: pa.Table, known: pa.Table) -> pa.Table:
    """The rates that differ from the last published one of the same pair and date."""
    key, factor = [*FX.names[:2], "valid_from_ms"], FX.names[2:4]
    order = [(name, "ascending") for name in ("published_ms", *factor)]
    last = {
        tuple(rate[name] for name in key): [rate[name] for name in factor]
        for rate in known.sort_by(order).to_pylist()
    }
    new = [
        last.get(tuple(rate[name] for name in key)) != [rate[name] for name in factor]
        for rate in rates.to_pylist()
    ]
    return rates.filter(pa.array(new, pa.bool_()))


def hand_over_again(settings: Settings) -> tuple[int, int]:
    """Publish every stored version, account, exchange rate and limit; (versions, accounts).

    For a broker that lost them; harmless where it still has them: same keys, same values.
    """
    client = connect(settings)
    try:
        versions = [
            reference.load_version(client, row, decode_options(row.options))
            for row in reference.list_versions(client)
        ]
        accounts = reference.load_accounts(client)
        fx = reference.load_fx(client)
        limits = credit.load_limits(client)
    finally:
        client.close()
    asyncio.run(decks.publish(settings, versions, accounts, fx, limits))
    return len(versions), len(accounts)
