"""The rater: a Faust app without tables. Mediates and rates cdr.raw, stores what comes of it.

Why no tables, and why an agent never raises: docs/delivery.md.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import faust
import structlog
from aiokafka import TopicPartition

from clickhouse.client import connect, insert_arrow
from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from kernels.seen import Seen
from streams import topics
from streams.agents.rate import RateAgent
from streams.agents.store import StoreAgent
from streams.decks import Reference
from streams.lookup import StoredCalls
from streams.memory import remember
from streams.step import Place, TakenIn
from streams.transport import Monitor, Transport

EVENTS_MAX = 1_000
"""Events one batch of an agent may hold."""
STORE_EVENTS_MAX = 200

_log = structlog.get_logger()


def config(settings: Settings) -> dict[str, Any]:
    """Faust settings of an app of ours; each one is explained in docs/delivery.md."""
    return {
        "broker": f"kafka://{settings.broker}",
        "processing_guarantee": "at_least_once",
        "producer_acks": -1,
        "producer_threaded": False,
        "producer_max_request_size": topics.MESSAGE_BYTES_MAX,
        "producer_request_timeout": 60.0,
        "producer_linger": 0,
        "consumer_max_fetch_size": topics.MESSAGE_BYTES_MAX,
        "consumer_auto_offset_reset": "earliest",
        "stream_publish_on_commit": False,
        "stream_wait_empty": True,
        "stream_buffer_maxsize": 1_024,
        "broker_commit_interval": 1.0,
        "broker_commit_every": 1_000,
        "broker_max_poll_records": 500,
        "broker_rebalance_timeout": settings.rebalance_timeout_s,
        "broker_session_timeout": settings.rebalance_timeout_s * 1.5,
        "broker_heartbeat_interval": max(0.3, settings.rebalance_timeout_s / 4),
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "topic_partitions": settings.partitions,
        "value_serializer": "raw",
        "key_serializer": "raw",
        "web_enabled": False,
        "store": "memory://",
        "datadir": str(settings.data_dir / "rater"),
    }


def new_app(name: str, settings: Settings) -> faust.App:
    """A Faust app of ours, also the name of its consumer group."""
    app = faust.App(name, Monitor=Monitor, **config(settings))
    app.transport = Transport(settings.broker, app, settings.fetch_wait_ms)
    return app


def build(settings: Settings, log: str, reference: Reference) -> faust.App:
    """The Faust app of one worker. `log` names the cluster that offsets refer to."""
    app = new_app("tollwire-rater", settings)

    async def send(topic: str, partition: int, value: bytes) -> None:
        await app.producer.send_and_wait(topic, None, value, partition, None, None)

    stored = StoredCalls(settings)

    async def recall(partition: int) -> Seen:
        only_this = await asyncio.to_thread(stored.none_of_other_logs, log)
        seen = await remember(settings, partition, only_this)
        _log.info("partition taken over", partition=partition, covers_from=seen.covers_from_ms)
        return seen

    async def lookup(taken: TakenIn) -> dict[bytes, Place]:
        return await asyncio.to_thread(stored.find, taken)

    insert = _inserter(settings)
    rater = RateAgent(log, reference, send, lookup, recall, settings.kernel_threads)
    _add_agent(app, topics.RAW, rater.run, EVENTS_MAX, settings.linger_ms)
    for topic in (topics.RATED, topics.DEAD, topics.RECEIPT):
        store = StoreAgent(topic, insert)
        _add_agent(app, topic, store.run, STORE_EVENTS_MAX, settings.store_linger_ms)

    @app.on_partitions_revoked.connect(weak=False)
    async def revoked(_app: Any, revoked: set[TopicPartition], **_: Any) -> None:
        rater.forget([tp.partition for tp in revoked if tp.topic == topics.RAW])

    @app.timer(interval=2.0)
    async def lag() -> None:
        for tp in app.consumer.assignment() if app.consumer else ():
            end, at = app.consumer.highwater(tp), app.consumer._read_offset.get(tp)
            if end is not None and at is not None:
                metrics.LAG.labels(tp.topic, str(tp.partition)).set(max(0, end - at - 1))

    return app


def _add_agent(
    app: faust.App,
    topic: str,
    run: Callable[[Any], Coroutine[Any, Any, None]],
    events_max: int,
    linger_ms: int,
) -> None:
    source = app.topic(topic, value_type=bytes, value_serializer="raw", key_serializer="raw")

    async def agent(stream: Any) -> None:
        async for events in stream.take_events(events_max, within=linger_ms / 1_000):
            await run(events)

    app.agent(source, name=f"tollwire.{topic}", concurrency=1)(agent)


def _inserter(settings: Settings) -> Callable[[str, Any], None]:
    """Inserts, with one connection for each thread that makes them."""
    own = threading.local()

    def insert(table: str, rows: Any) -> None:
        if not hasattr(own, "client"):
            own.client = connect(settings)
        insert_arrow(own.client, table, rows)

    return insert
