"""Decks and accounts from an operator's files to the stream: stored first, then handed over."""

import asyncio
import hashlib
import time
from pathlib import Path
from typing import NamedTuple

from billing import deck_csv
from billing.deck import DeckOptions, DeckVersion
from billing.errors import OptionsRefused, Problem
from billing.parties import Account, parse_accounts
from clickhouse import reference
from clickhouse.client import connect
from deploy.files import read_file
from deploy.runtime.settings import Settings
from streams import decks, wire
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

    Raises DeckRefused or FileRefused (nothing was written), ClickHouseDown, BrokerDown.
    """
    data = read_file(path)
    parsed = deck_csv.parse_deck(data, str(path), valid_from_ms, options.time_zone)
    rates = deck_csv.accept(parsed, str(path), skip_bad_rows)
    digest, terms = hashlib.sha256(data).hexdigest(), wire.encode_options(options)
    asyncio.run(ensure_topics(settings))
    client = connect(settings)
    try:
        own = [v for v in reference.list_versions(client) if (v.deck, v.side) == (name, side)]
        wanted = (coverage, valid_from_ms, terms, digest)
        if own and (own[-1].coverage, own[-1].valid_from_ms, own[-1].options, own[-1].sha256) == (
            wanted
        ):
            version = reference.load_version(client, own[-1], options)
            asyncio.run(decks.publish(settings, [version], []))
            return Loaded(version, parsed.unused, parsed.problems, True, 0)
        number = reference.claim_number(client)
        published_ms = int(time.time() * 1_000)
        version = DeckVersion(
            number, name, side, coverage, valid_from_ms, published_ms, options, rates
        )
        reference.save_version(client, version, terms, path.name, digest)
        asyncio.run(decks.publish(settings, [version], []))
        late = reference.calls_rated_since(client, name, side, valid_from_ms)
        return Loaded(version, parsed.unused, parsed.problems, False, late)
    finally:
        client.close()


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
    asyncio.run(decks.publish(settings, [], accounts))
    return accounts


def hand_over_again(settings: Settings) -> tuple[int, int]:
    """Publish every stored version and account; (versions, accounts). For a broker that lost them.

    Harmless where the broker still has them: same keys, same values.
    """
    client = connect(settings)
    try:
        versions = [
            reference.load_version(client, row, wire.decode_options(row.options))
            for row in reference.list_versions(client)
        ]
        accounts = reference.load_accounts(client)
    finally:
        client.close()
    asyncio.run(decks.publish(settings, versions, accounts))
    return len(versions), len(accounts)
