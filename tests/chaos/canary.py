"""The canary: a plain Faust app as the manual shows it, which counts the calls of cdr.rated in a
table. Stock transport, stock recovery, a group of its own. It is killed along with the others and
must end wrong; if it does not, the faults did not happen.

`python -m tests.chaos.canary` with TOLLWIRE_* in the environment.
"""

from typing import Any

import faust

from deploy.runtime.settings import Settings, load_settings
from streams import topics, wire

GROUP = "chaos-canary"
CHANGELOG = f"{GROUP}-calls-changelog"


def build(settings: Settings) -> faust.App:
    """The app: `calls` counts rows by partition."""
    app = faust.App(
        GROUP,
        broker=[f"kafka://{address}" for address in settings.broker.split(",")],
        store="memory://",
        datadir=str(settings.data_dir / GROUP),
        web_enabled=False,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=topics.MESSAGE_BYTES_MAX,
        # as short as the rater's, so that a restart meets its own ghost as soon
        broker_session_timeout=settings.rebalance_timeout_s * 1.5,
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        broker_heartbeat_interval=max(0.3, settings.rebalance_timeout_s / 4),
    )
    calls = app.Table("calls", default=int, partitions=settings.partitions)
    source = app.topic(topics.RATED, value_type=bytes, value_serializer="raw", key_serializer="raw")

    async def count(stream: Any) -> None:
        async for event in stream.events():
            calls[str(event.message.partition)] += wire.decode(event.value).num_rows

    app.agent(source, name="count")(count)
    return app


def main() -> None:
    """Run until a signal."""
    faust.Worker(build(load_settings()), loglevel="INFO").execute_from_commandline()


if __name__ == "__main__":
    main()
