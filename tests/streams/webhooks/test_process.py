"""Webhooks as a process, on a real broker, to a server that fails, hangs, goes and comes back."""

import asyncio
import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from aiokafka import AIOKafkaProducer

from deploy.contract.of_fraud import ALERT
from deploy.local import start
from deploy.runtime.settings import Settings
from rerate.life import State
from rerate.sending import Event
from streams import topics
from tests.deploy.conftest import EMBEDDED_FIRST, settings_in, until
from tests.kafka.broker import Broker
from tests.streams.webhooks.receiver import Post, Receiver

pytestmark = EMBEDDED_FIRST
SECRET = "correct horse battery"


class World(NamedTuple):
    """Settings, a receiver, and a folder for logs."""

    settings: Settings
    receiver: Receiver
    folder: Path


@pytest.fixture
def world(broker: Broker, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A target of its own for each test: no position, so it begins with what comes now."""
    receiver, path = Receiver(), tmp_path / "webhooks.toml"
    name = request.node.originalname.replace("_", "-")[:40]
    path.write_text(
        f'[targets.{name}]\nurl = "{receiver.url}"\nsecret = "{SECRET}"\ntimeout_s = 1.0\n'
        "give_up_after_s = 20\n"
    )
    more = {"broker": broker.address, "webhooks": str(path), "partitions": 2}
    with settings_in(tmp_path, **more) as settings:
        yield World(settings, receiver, tmp_path)


@contextmanager
def posting(world: World) -> Iterator["subprocess.Popen[bytes]"]:
    """The process, ready."""
    process = start("webhooks", world.folder)
    try:
        until("the webhooks", lambda: metric(world, "tollwire_webhooks_ready") == 1)
        yield process
    finally:
        process.kill()
        process.wait()


def metric(world: World, name: str) -> float:
    """The sum of a metric's values; -1 where nobody answers."""
    try:
        url = f"http://{world.settings.webhooks_metrics}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return -1
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def alert(number: int) -> bytes:
    """An alert that is known by a number."""
    return json.dumps({**json.loads(ALERT.samples()[0]), "revision": number}).encode()


def send(world: World, *messages: tuple[str, int, bytes]) -> None:
    """Messages as (topic, partition, value), in this order."""

    async def run() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=world.settings.broker)
        await producer.start()
        for topic, partition, value in messages:
            await producer.send_and_wait(topic, value, partition=partition)
        await producer.stop()

    asyncio.run(run())


def alerts(world: World, numbers: range, partition: int = 0) -> None:
    send(world, *((topics.FRAUD_ALERTS, partition, alert(n)) for n in numbers))


def revisions(posts: list[Post], partition: int = 0) -> list[int]:
    """Of which alerts these are."""
    of = f"/{topics.FRAUD_ALERTS}/{partition}/"
    return [json.loads(post.body)["revision"] for post in posts if of in post.ident]


def first_times(numbers: list[int]) -> list[int]:
    """Without repeats."""
    return list(dict.fromkeys(numbers))


def fails(times: int, status: int | None) -> Callable[[Post], int | None]:
    """Answer so to the first posts; take the others."""
    left = iter([status] * times)
    return lambda _: next(left, 204)


def test_what_fails_or_hangs_is_tried_again_and_keeps_its_order(world: World) -> None:
    with world.receiver.up(), posting(world):
        for answer in (fails(2, 500), fails(1, None), fails(1, 302)):
            world.receiver.answer = answer
            before = len(world.receiver.taken)
            alerts(world, range(before + 1, before + 4))
            until("three more", lambda: len(world.receiver.taken) == before + 3)  # noqa: B023
        assert revisions(world.receiver.taken) == list(range(1, 10))
        by_id = {post.ident for post in world.receiver.posts}
        assert len(by_id) == 9, "a message that is sent again has the id it had"
        until("the count", lambda: metric(world, "tollwire_webhook_posts_total") == 9 + 4)


def test_one_that_is_never_taken_is_given_up_and_holds_up_only_its_partition(world: World) -> None:
    path = Path(world.settings.webhooks)
    path.write_text(path.read_text().replace("give_up_after_s = 20", "give_up_after_s = 3"))
    world.receiver.answer = lambda post: 400 if revisions([post]) == [1] else 200
    with world.receiver.up(), posting(world):
        alerts(world, range(1, 3))
        alerts(world, range(1, 4), partition=1)
        until("the other partition", lambda: revisions(world.receiver.taken, 1) == [1, 2, 3])
        assert revisions(world.receiver.taken) == []
        until("what stood behind it", lambda: revisions(world.receiver.taken) == [2])
        assert "a message was given up" in (world.folder / "webhooks.log").read_text()
    assert revisions(world.receiver.posts).count(1) > 1


def test_killed_it_goes_on_where_it_was_and_loses_nothing(world: World) -> None:
    with posting(world) as process:
        alerts(world, range(1, 4))  # nobody listens yet
        with world.receiver.up():
            until("all of them", lambda: revisions(world.receiver.taken) == [1, 2, 3])
            world.receiver.answer = lambda post: None if revisions([post]) == [5] else 204
            alerts(world, range(4, 7))
            until("the one that hangs", lambda: 5 in revisions(world.receiver.posts))
            process.kill()
            process.wait()
    world.receiver.answer = lambda _: 204
    alerts(world, range(7, 9))  # while it is away
    with world.receiver.up(), posting(world):
        until("the rest", lambda: 8 in revisions(world.receiver.taken))
    assert first_times(revisions(world.receiver.taken)) == list(range(1, 9))


def test_of_runs_only_new_states_are_posted(world: World) -> None:
    events = [Event(7, "", 1, chunks_done=1), Event(7, State.APPLIED, 2), Event(8, State.FAILED, 3)]
    with world.receiver.up(), posting(world):
        send(world, *((topics.RERATE_EVENTS, 0, event.encode()[1]) for event in events))
        until("two events", lambda: len(world.receiver.taken) == 2)
    assert [json.loads(post.body)["state"] for post in world.receiver.taken] == [
        "applied",
        "failed",
    ]
    assert {post.headers["tollwire-topic"] for post in world.receiver.taken} == {"rerate.events"}


def test_the_receiver_of_the_docs_knows_what_is_ours(world: World) -> None:
    from docs.examples import receive_webhook as docs

    with world.receiver.up(), posting(world):
        alerts(world, range(1, 2))
        until("a post", lambda: len(world.receiver.taken) == 1)
    (post,) = world.receiver.taken
    now_s = int(post.headers["tollwire-timestamp"])
    assert docs.is_ours(SECRET, post.headers, post.body, now_s)
    assert not docs.is_ours(SECRET, post.headers, post.body + b" ", now_s)
    assert not docs.is_ours("another secret", post.headers, post.body, now_s)
    assert not docs.is_ours(SECRET, post.headers, post.body, now_s + 301)
    assert not docs.is_ours(SECRET, {}, post.body, now_s)
