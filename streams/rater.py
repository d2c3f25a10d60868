"""The rater: a Faust app without tables. Mediates and rates cdr.raw, and stores what comes of it
and what the others say of calls: no other process of the stream waits for ClickHouse's inserts.

Why no tables, and why an agent never raises: docs/delivery.md.
"""

import asyncio
import os
from typing import Any

import faust
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError

from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from streams import topics
from streams.agents import collect_store, credit_store, fraud_store
from streams.agents.rate import Lookup, RateAgent, Remember
from streams.agents.store import StoreAgent
from streams.connections import Connections
from streams.dead_letters import DeadLimits
from streams.decks import Reference
from streams.faust_app import add_agent, new_app
from streams.lookup import StoredCalls
from streams.memory import Memory, remember
from streams.retry import until_done
from streams.step import Place, TakenIn
from streams.topics import cluster_id
from streams.unstored import Unstored

GROUP = "tollwire-rater"
EVENTS_MAX = 1_000
"""Events one batch of an agent may hold."""
STORE_EVENTS_MAX = 200
EXIT_LOG = 75

_log = structlog.get_logger()


def build(settings: Settings, log: str, reference: Reference) -> faust.App:
    """The Faust app of one worker. `log` names the cluster that offsets refer to."""
    app = new_app(GROUP, settings)

    async def send(topic: str, partition: int, value: bytes) -> Any:
        try:
            sent = await app.producer.send_and_wait(topic, None, value, partition, None, None)
        except ProducerSendError as error:  # what Faust makes of the client's KafkaError
            raise KafkaError(str(error)) from error
        metrics.SENT.labels(topic).inc()
        return sent

    recall, lookup = _knowledge(settings, log)
    insert = Connections(settings).insert
    limits = DeadLimits(
        settings.dead_bytes_per_s, settings.dead_flood_records, settings.dead_flood_percent
    )
    rater = RateAgent(log, reference, send, lookup, recall, settings.kernel_threads, limits)
    add_agent(app, topics.RAW, rater.run, EVENTS_MAX, settings.linger_ms)
    for topic in (topics.RATED, topics.DEAD, topics.RECEIPT):
        store = StoreAgent(topic, insert)
        add_agent(app, topic, store.run, STORE_EVENTS_MAX, settings.store_linger_ms)
    for part in (credit_store, fraud_store, collect_store):
        for topic, told in part.stores(log, insert).items():
            add_agent(app, topic, told.run, EVENTS_MAX, settings.store_linger_ms)

    @app.on_partitions_revoked.connect(weak=False)
    async def revoked(_app: Any, revoked: set[TopicPartition], **_: Any) -> None:
        rater.doubt(tp.partition for tp in revoked if tp.topic == topics.RAW)

    @app.on_partitions_assigned.connect(weak=False)
    async def assigned(_app: Any, assigned: set[TopicPartition], **_: Any) -> None:
        await _same_log(settings, log)
        rater.keep({tp.partition for tp in assigned if tp.topic == topics.RAW})

    return app


def _knowledge(settings: Settings, log: str) -> tuple[Remember, Lookup]:
    """What the rate agent asks: the memory of a partition, and late calls that are stored."""
    stored, unstored = StoredCalls(settings), Unstored(settings, GROUP)

    async def only_this_log() -> bool:
        return await asyncio.to_thread(stored.none_of_other_logs, log)

    async def recall(partition: int, before: Memory | None) -> Memory:
        memory = await remember(settings, partition, only_this_log, before)
        _log.info(
            "partition taken over",
            partition=partition,
            covers_from=memory.seen.covers_from_ms,
            went_on=memory is before,
        )
        return memory

    async def lookup(taken: TakenIn) -> dict[bytes, Place]:
        waiting = await unstored.find(taken)
        return waiting | await asyncio.to_thread(stored.find, taken)

    return recall, lookup


async def _same_log(settings: Settings, log: str) -> None:
    """End the process if the broker has another log now: offsets would mean other messages."""
    found = await until_done("ask for the cluster", (KafkaError,), lambda: cluster_id(settings))
    if found != log:
        _log.error("the worker ends: the broker began another log", was=log, found=found)
        os._exit(EXIT_LOG)
