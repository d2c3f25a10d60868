"""Decks and accounts on their way to the workers, on a real broker: acknowledged, or an error."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from billing.parties import Account
from deploy.runtime.settings import Settings
from streams import decks, topics
from tests.conftest import free_port
from tests.kafka.broker import Broker

ACCOUNT = Account("acme", "customer", "Acme", "retail", "EUR")
ON_KAFKA = pytest.mark.parametrize(
    "broker", [pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True
)


def settings_of(address: str, folder: Path) -> Settings:
    return Settings.model_validate({"broker": address, "data_dir": folder})


def test_without_a_broker_the_setting_is_named(tmp_path: Path) -> None:
    settings = settings_of(f"127.0.0.1:{free_port()}", tmp_path)
    with pytest.raises(topics.BrokerDown, match=rf"{settings.broker} \(TOLLWIRE_BROKER\)"):
        asyncio.run(decks.publish(settings, accounts=[ACCOUNT]))

    async def read() -> None:
        reference = decks.Reference(settings)
        try:
            await reference.start()
        finally:
            await reference.stop()

    with pytest.raises(topics.BrokerDown, match="cannot read decks and accounts"):
        asyncio.run(read())


@ON_KAFKA
def test_what_the_broker_does_not_take_is_an_error(broker: Broker, tmp_path: Path) -> None:
    """The embedded broker knows no limit a topic."""
    settings = settings_of(broker.address, tmp_path)

    async def run() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
        await admin.start()
        narrow = {"max.message.bytes": "10"}
        await admin.create_topics([NewTopic(topics.ACCOUNT, 1, 1, topic_configs=narrow)])
        await admin.close()
        await decks.publish(settings, accounts=[ACCOUNT])

    with pytest.raises(topics.BrokerDown, match="cannot publish"):
        asyncio.run(run())
