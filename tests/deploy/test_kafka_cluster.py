"""The platform on three Apache Kafka nodes, three copies of each topic, while nodes are killed."""

import asyncio
from collections.abc import Iterator

import pytest

from streams import topics
from tests.deploy.conftest import Platform, platform_on, until
from tests.deploy.test_platform import LONG_AGO_MS, call, conserved
from tests.kafka.client import admin
from tests.kafka.cluster import Kafka
from tests.kafka.fetch import missing

pytestmark = pytest.mark.kafka
CALLS = 200


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform on three nodes that prices calls to Germany."""
    if missing():
        pytest.skip(missing())
    folder = tmp_path_factory.mktemp("cluster")
    broker = Kafka(folder, nodes=3)
    try:
        broker.start()
        with platform_on(broker, folder, replication=3, fetch_wait_ms=500) as found:
            found.load("gold", "sell", "49,Germany,0.02,0,1,1\n", LONG_AGO_MS)
            found.load("vend", "buy", "49,Germany,0.01,0,1,1\n", LONG_AGO_MS)
            yield found
    finally:
        broker.stop()


def test_three_copies_two_of_which_must_be_written(platform: Platform) -> None:
    async def copies() -> set[int]:
        async with admin(platform.broker) as client:
            found = await client.describe_topics([*topics.STREAMS, *topics.REFERENCE])
        return {len(part["replicas"]) for topic in found for part in topic["partitions"]}

    assert asyncio.run(copies()) == {3}


def test_killed_nodes_lose_and_repeat_nothing_under_traffic(platform: Platform) -> None:
    broker, before, sent = platform.broker, platform.received(), 0

    def post() -> None:
        nonlocal sent
        platform.post(*(call(f"node{sent + i}") for i in range(CALLS)))
        sent += CALLS

    post()
    broker.kill(0)
    post()
    broker.restart(0)
    broker.kill(1)
    post()
    for node in (0, 2):
        broker.kill(node)
    broker.start()
    post()
    until("the receipts", lambda: platform.received() >= before + sent)
    until("conservation", lambda: conserved(platform))
    stored = platform.rows(
        "SELECT count(), uniqExact(cdr_id), sum(nanos) FROM charge FINAL WHERE leg = 'sell' "
        "AND cdr_id IN (SELECT cdr_id FROM cdr WHERE startsWith(call_id, 'node'))"
    )
    assert stored == [(sent, sent, sent * 20_000_000)]
    assert platform.processes["rater"].poll() is None
