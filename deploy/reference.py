"""Decks, accounts, exchange rates: an operator's files are stored first, then handed over."""

import asyncio
import hashlib
import time
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from clickhouse_connect.driver.client import Client

from billing import deck_csv
from billing.credit.limits import Limit, parse_limits
from billing.deck import DeckOptions, DeckVersion, decode_options, encode_options
from billing.errors import OptionsRefused, Problem
from billing.fx import FX
from billing.fx_csv import parse_fx
from billing.parties import Account, parse_accounts, parties_of
from billing.tariff import compile_tariff
from clickhouse import credit, reference
from clickhouse.client import connect
from deploy.files import read_file
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
    """Validate a CSV deck, store it as a new version, hand it to the running workers.

    Raises DeckRefused, OptionsRefused or FileRefused (nothing was written), ClickHouseDown,
    BrokerDown.
    """
    data = read_file(path)
    parsed = deck_csv.parse_deck(data, str(path), valid_from_ms, options)
    rates = deck_csv.accept(parsed, str(path), skip_bad_rows)
    digest, terms = hashlib.sha256(data).hexdigest(), encode_options(options)
    asyncio.run(ensure_topics(settings))
    client = connect(settings)
    try:
        own = [v for v in reference.list_versions(client) if (v.deck, v.side) == (name, side)]
        wanted = (coverage, valid_from_ms, terms, digest)
        if own and (own[-1].coverage, own[-1].valid_from_ms, own[-1].options, own[-1].sha256) == (
            wanted
        ):
            version = reference.load_version(client, own[-1], options)
            asyncio.run(decks.publish(settings, [version]))
            return Loaded(version, parsed.unused, parsed.problems, True, 0)
        published_ms = int(time.time() * 1_000)
        version = DeckVersion(0, name, side, coverage, valid_from_ms, published_ms, options, rates)
        _fits(client, own, version)
        version = version._replace(number=reference.claim_number(client))
        reference.save_version(client, version, terms, path.name, digest)
        asyncio.run(decks.publish(settings, [version]))
        late = reference.calls_rated_since(client, name, side, valid_from_ms)
        return Loaded(version, parsed.unused, parsed.problems, False, late)
    finally:
        client.close()


def _fits(client: Client, earlier: list[reference.VersionRow], version: DeckVersion) -> None:
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
        pairs = zip(earlier, options, strict=True)
        line = [reference.load_version(client, row, own) for row, own in pairs]
        last = version._replace(number=1 + max((v.number for v in line), default=0))
        compile_tariff([*line, last], parties_of([]))


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


def load_accounts(settings: Settings, path: Path) -> list[Account]:
    """Store the accounts of a TOML file and hand them to the running workers."""
    try:
        accounts = parse_accounts(read_file(path).decode(), str(path))
    except UnicodeDecodeError:
        raise OptionsRefused(f"{path}: not UTF-8 text: is it TOML?") from None
    asyncio.run(ensure_topics(settings))
    client = connect(settings)
    try:
        reference.save_accounts(client, accounts, int(time.time() * 1_000))
    finally:
        client.close()
    asyncio.run(decks.publish(settings, accounts=accounts))
    return accounts


def load_limits(settings: Settings, path: Path) -> list[Limit]:
    """Store the credit limits of a TOML file and hand them to the running workers.

    Raises OptionsRefused or FileRefused (nothing was written), ClickHouseDown, BrokerDown.
    """
    try:
        text = read_file(path).decode()
    except UnicodeDecodeError:
        raise OptionsRefused(f"{path}: not UTF-8 text: is it TOML?") from None
    asyncio.run(ensure_topics(settings))
    client = connect(settings)
    try:
        accounts = {(a.role, a.account): a for a in reference.load_accounts(client)}
        limits = parse_limits(text, str(path), accounts)
        credit.save_limits(client, limits, int(time.time() * 1_000))
    finally:
        client.close()
    asyncio.run(decks.publish(settings, limits=limits))
    return limits


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
