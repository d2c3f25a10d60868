"""Deck hand-over: decks, accounts and exchange rates from compacted topics into a worker's tariff.

A plain consumer, no table: it reads the topics from the beginning, then follows. The tariff is
replaced whole, so a batch is rated from one state of the decks.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from billing.credit.limits import Limit
from billing.deck import DeckVersion
from billing.fx import NO_RATES
from billing.parties import Account, parties_of
from billing.tariff import Compiler, Tariff
from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from streams import topics, wire

_log = structlog.get_logger()


class Reference:
    """What a worker rates with, as `tariff`, and credit limits; `follow` keeps them up to date."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.broker,
            enable_auto_commit=False,
            max_partition_fetch_bytes=topics.MESSAGE_BYTES_MAX,
        )
        self._parts = wire.PartialVersions()
        self._versions: dict[int, DeckVersion] = {}
        self._accounts: dict[tuple[str, str], Account] = {}
        self._fx_parts: dict[bytes, pa.Table] = {}
        self._fx = NO_RATES
        self._compiler = Compiler()
        self.limits: dict[tuple[str, str], Limit] = {}
        """of accounts, by role and name"""
        self.tariff: Tariff = self._compiler.compile([], parties_of([]))

    @property
    def versions(self) -> set[int]:
        """Numbers of the deck versions that have arrived whole."""
        return set(self._versions)

    async def start(self) -> None:
        """Read the topics to their present end. Raises BrokerDown."""
        with topics.needing(self._settings, "read decks and accounts"):
            await self._consumer.start()
            at = [TopicPartition(name, 0) for name in topics.REFERENCE]
            begins = await self._consumer.beginning_offsets(at)
            ends = await self._consumer.end_offsets(at)
            self._consumer.assign(at)
            for tp, begin in begins.items():
                self._consumer.seek(tp, begin)
            while any([await self._consumer.position(tp) < end for tp, end in ends.items()]):
                self._take(await self._consumer.getmany(timeout_ms=1_000))
        await self._compile()

    async def stop(self) -> None:
        """Let go of the broker."""
        await self._consumer.stop()

    async def follow(self) -> None:
        """Keep the tariff up to date, for ever."""
        while True:
            if self._take(await self._consumer.getmany(timeout_ms=1_000)):
                await self._compile()

    def _take(self, records: dict[TopicPartition, list]) -> bool:  # type: ignore[type-arg]
        """Take messages in; whether the tariff must be compiled anew."""
        changed = False
        for messages in records.values():
            for message in messages:
                changed |= message.value is not None and self._took(message.topic, message)
        return changed

    def _took(self, topic: str, message: Any) -> bool:
        if topic == topics.ACCOUNT:
            account = wire.decode_account(message.value)
            key = (account.role, account.account)
            known, self._accounts[key] = self._accounts.get(key), account
            return account != known  # told again with a new limit: no tariff is compiled for that
        if topic == topics.FX:
            self._fx_parts[message.key] = wire.decode_fx(message.value)
            self._fx = pa.concat_tables(self._fx_parts.values())
            return True
        if topic == topics.CREDIT_LIMIT:
            limit = wire.decode_limit(message.value)
            self.limits[limit.role, limit.account] = limit
            return False
        version = self._parts.add(message.value)
        if version is not None:
            self._versions[version.number] = version
        return version is not None

    async def _compile(self) -> None:
        versions, accounts = list(self._versions.values()), list(self._accounts.values())
        self.tariff = await asyncio.to_thread(
            self._compiler.compile, versions, parties_of(accounts), self._fx
        )
        metrics.DECK_VERSIONS.set(len(versions))
        metrics.FX_RATES.set(self._fx.num_rows)
        _log.info(
            "tariff compiled",
            deck_versions=len(versions),
            accounts=len(accounts),
            exchange_rates=self._fx.num_rows,
            dial_codes=len(self.tariff.book.codes.length) - 1,
        )


async def publish(
    settings: Settings,
    versions: Sequence[DeckVersion] = (),
    accounts: Sequence[Account] = (),
    fx: pa.Table = NO_RATES,
    limits: Sequence[Limit] = (),
) -> None:
    """Write versions, accounts, rates, limits to their compacted topics; all are acked then.

    Raises BrokerDown; then some of them may have been written, and all can be written again.
    """
    what = "publish decks, accounts, exchange rates and limits"
    await topics.send_all(settings, _messages(versions, accounts, fx, limits), what)


def _messages(
    versions: Sequence[DeckVersion],
    accounts: Sequence[Account],
    fx: pa.Table,
    limits: Sequence[Limit],
) -> Iterator[tuple[str, bytes, bytes]]:
    for account in accounts:
        yield topics.ACCOUNT, *wire.encode_account(account)
    for limit in limits:
        yield topics.CREDIT_LIMIT, *wire.encode_limit(limit)
    for part in wire.encode_fx(fx):
        yield topics.FX, *part
    for version in versions:
        for part in wire.encode_version(version):
            yield topics.DECK_VERSION, *part
