"""A Faust app of ours: its settings, its transport, an agent that takes batches."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import faust

from deploy.runtime import metrics
from deploy.runtime.settings import Settings
from streams import topics
from streams.membership import heartbeat_s, session_s
from streams.recovery import Tables
from streams.transport import Monitor, Transport


def config(settings: Settings) -> dict[str, Any]:
    """Faust settings of an app of ours; each one is explained in docs/delivery.md."""
    return {
        "broker": [f"kafka://{address}" for address in settings.broker.split(",")],
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
        "broker_session_timeout": session_s(settings),
        "broker_heartbeat_interval": heartbeat_s(settings),
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "topic_partitions": settings.partitions,
        "value_serializer": "raw",
        "key_serializer": "raw",
        "web_enabled": False,
        "store": "memory://",
        "datadir": str(settings.data_dir / "rater"),
    }


def new_app(name: str, settings: Settings, **more: Any) -> faust.App:
    """A Faust app of ours, also the name of its consumer group; `more` are Faust settings."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = faust.App(name, Monitor=Monitor, TableManager=Tables, **config(settings) | more)
    app.transport = Transport(app.conf.broker_consumer, app, settings.fetch_wait_ms)
    return app


def add_agent(
    app: faust.App,
    topic: str,
    run: Callable[[Any], Coroutine[Any, Any, None]],
    events_max: int,
    linger_ms: int,
) -> None:
    """Run batches of a topic, one after another. One that is cancelled is never committed."""
    source = app.topic(topic, value_type=bytes, value_serializer="raw", key_serializer="raw")

    async def agent(stream: Any) -> None:
        async for events in stream.take_events(events_max, within=linger_ms / 1_000):
            try:
                await run(events)
            except asyncio.CancelledError:
                cast(Any, app.consumer).abandon()
                raise
            metrics.MESSAGES.labels(topic).inc(len(events))

    app.agent(source, name=f"tollwire.{topic}", concurrency=1)(agent)
