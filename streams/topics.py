"""The topics: their names, how they are kept, and their creation."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from billing.errors import TollwireError
from deploy.runtime.settings import Settings

RAW: Final = "cdr.raw"
RATED: Final = "cdr.rated"
DEAD: Final = "cdr.dead"
RECEIPT: Final = "cdr.receipt"
DECK_VERSION: Final = "deck.version"
ACCOUNT: Final = "account"
FX: Final = "fx.rate"

CREDIT_LIMIT: Final = "credit.limit"

CALL_EVENTS: Final = "call.events"
"""from switches: start, answer, update, stop; keyed by customer as cdr.raw is"""
CREDIT_ORDER: Final = "credit.order"
"""from people: payments, blocks; keyed by account"""
CALL_CONTROL: Final = "call.control"
"""to switches: calls that must end"""
CREDIT_DECISIONS: Final = "credit.decisions"
CREDIT_EVENTS: Final = "credit.events"

FRAUD_ALERTS: Final = "fraud.alerts"
"""incidents, new or grown: each id and revision once; keyed by account"""
FRAUD_ACTIONS: Final = "fraud.actions"
"""what was done about them, by policy or by people"""
FRAUD: Final = "tollwire-fraud"
"""The consumer group of the watch."""
FRAUD_STATE: Final = f"{FRAUD}-state"
"""what a watch knows of a partition, and how far it has read"""

COLLECT_FILES: Final = "collect.files"
"""what a collector knows of its files; keyed by file"""
COLLECT_MESSAGES: Final = "collect.messages"
"""in which messages of cdr.raw a file's records are"""

CONTROLS: Final = "tollwire-controls"
"""The Faust app of the controls, and its consumer group; Faust names its changelogs after it."""
BALANCE: Final = "balance"
BALANCE_CHANGELOG: Final = f"{CONTROLS}-{BALANCE}-changelog"
CREDIT: Final = "credit"
CREDIT_CHANGELOG: Final = f"{CONTROLS}-{CREDIT}-changelog"

STREAMS: Final = (RAW, RATED, DEAD, RECEIPT)
"""Equal partitions: what comes of cdr.raw partition p is written to partition p of the others."""
RERATE_TASKS: Final = "rerate.tasks"
RERATE_EVENTS: Final = "rerate.events"
RERATE: Final = (RERATE_TASKS, RERATE_EVENTS)
CREDIT_STREAMS: Final = (CALL_EVENTS, CREDIT_ORDER, CALL_CONTROL, CREDIT_DECISIONS, CREDIT_EVENTS)
FRAUD_STREAMS: Final = (FRAUD_ALERTS, FRAUD_ACTIONS)
"""Partitions as the streams: an account's messages stand in the partition of its calls."""
COLLECT_STREAMS: Final = (COLLECT_FILES, COLLECT_MESSAGES)
CONTROLS_OWNER: Final = "controls.owner"
"""Which worker of the controls answers for a partition: one partition, compacted."""
REFERENCE: Final = (DECK_VERSION, ACCOUNT, FX, CREDIT_LIMIT)
"""One partition, compacted: the whole of it is read by every worker."""
CHANGELOGS: Final = (BALANCE_CHANGELOG, CREDIT_CHANGELOG)
"""Partitions as the streams, compacted: what a worker's tables hold of a partition."""

MESSAGE_BYTES_MAX: Final = 8 * 1024 * 1024
RAW_BYTES_MAX: Final = 1024 * 1024
_DAY_MS = 86_400_000
RETENTION_MS: Final = 7 * _DAY_MS
"""of what is not compacted"""
_ALREADY_EXISTS = 36

_log = structlog.get_logger()


class BrokerDown(TollwireError):
    """The broker did not answer in time; the message names address and setting."""


def all_topics(settings: Settings) -> list[NewTopic]:
    """Every topic as it is to be created."""
    replicas = settings.replication
    durable = {"min.insync.replicas": str(min(2, replicas))}
    streams = [
        NewTopic(
            name,
            settings.partitions,
            replicas,
            topic_configs={
                **durable,
                "cleanup.policy": "delete",
                "retention.ms": str(RETENTION_MS),
                "message.timestamp.type": "LogAppendTime",
                "max.message.bytes": str(RAW_BYTES_MAX if name == RAW else MESSAGE_BYTES_MAX),
            },
        )
        for name in (*STREAMS, *RERATE, *CREDIT_STREAMS, *FRAUD_STREAMS, *COLLECT_STREAMS)
    ]
    compacted = [
        NewTopic(
            name,
            partitions,
            replicas,
            topic_configs={
                **durable,
                "cleanup.policy": "compact",
                "max.message.bytes": str(MESSAGE_BYTES_MAX),
                **more,
            },
        )
        for names, partitions, more in (
            ((*REFERENCE, CONTROLS_OWNER), 1, {}),
            (CHANGELOGS, settings.partitions, {"min.compaction.lag.ms": str(_DAY_MS)}),
            ((FRAUD_STATE,), settings.partitions, {"segment.ms": str(_DAY_MS // 24)}),
        )
        for name in names
    ]
    return [*streams, *compacted]


@contextmanager
def needing(settings: Settings, what: str) -> Iterator[None]:
    """Turn a KafkaError into BrokerDown: what could not be done, and which setting to look at."""
    try:
        yield
    except KafkaError as error:
        said = str(error) or type(error).__name__
        raise BrokerDown(
            f"cannot {what}: the broker at {settings.broker} (TOLLWIRE_BROKER) failed: {said}"
        ) from error


async def ensure_topics(settings: Settings, timeout_s: float = 30.0) -> str:
    """Create what is missing once the broker answers; returns the cluster's id.

    The cluster id names the log: offsets of another log mean other messages. Raises BrokerDown.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    try:
        async with asyncio.timeout(timeout_s):
            await _started(admin)
            answer = await admin.create_topics(all_topics(settings))
            for name, code, message in answer.topic_errors:
                if code not in (0, _ALREADY_EXISTS):
                    raise BrokerDown(f"topic {name} cannot be created: {message} (code {code})")
            return await _cluster_id(admin)
    except TimeoutError:
        raise BrokerDown(
            f"no broker at {settings.broker} (TOLLWIRE_BROKER) within {timeout_s:.0f} s"
        ) from None
    finally:
        await admin.close()


async def send_all(
    settings: Settings, messages: Iterable[tuple[str, bytes, bytes]], what: str
) -> None:
    """Send (topic, key, value) messages; returns when the broker has acknowledged each.

    what: this, in words. Raises BrokerDown; then some may have been sent.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.broker,
        acks="all",
        max_request_size=MESSAGE_BYTES_MAX,
        compression_type="gzip",
    )
    try:
        with needing(settings, what):
            await producer.start()
            sent = [await producer.send(topic, value, key) for topic, key, value in messages]
            for acknowledged in sent:
                await acknowledged
    finally:
        await producer.stop()


async def cluster_id(settings: Settings) -> str:
    """The id of the cluster that answers now. Raises KafkaError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    try:
        await admin.start()
        return await _cluster_id(admin)
    finally:
        await admin.close()


async def _cluster_id(admin: AIOKafkaAdminClient) -> str:
    return str((await admin.describe_cluster())["cluster_id"])


async def _started(admin: AIOKafkaAdminClient) -> None:
    while True:
        try:
            await admin.start()
            return
        except KafkaError:
            await asyncio.sleep(0.1)
