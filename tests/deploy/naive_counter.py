"""The canary: what Faust's own documentation would do. Counts calls per partition in a table.

`python -m tests.deploy.naive_counter BROKER FOLDER PARTITIONS`. Nothing of ours is between it and
the broker, and its values do not say up to where they count.
"""

import asyncio
import sys
from typing import Any

import faust

from streams import topics, wire

NAME = "naive-counter"
CHANGELOG = f"{NAME}-counted-changelog"


def build(broker: str, folder: str, partitions: int) -> faust.App:
    """The app."""
    app = faust.App(
        NAME,
        broker=f"kafka://{broker}",
        store="memory://",
        datadir=folder,
        topic_partitions=partitions,
        topic_disable_leader=True,
        broker_rebalance_timeout=2.0,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        consumer_auto_offset_reset="earliest",
        web_enabled=False,
        table_standby_replicas=0,
    )
    counted = app.Table("counted", default=int, partitions=partitions)
    source = app.topic(topics.RATED, value_type=bytes, value_serializer="raw", key_serializer="raw")

    @app.agent(source)
    async def count(stream: Any) -> None:
        async for event in stream.events():
            counted[str(event.message.partition)] += wire.decode(event.value).num_rows

    return app


async def main() -> None:
    """Run until killed."""
    app = build(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    await app.start()
    await app.wait_until_stopped()


if __name__ == "__main__":
    asyncio.run(main())
