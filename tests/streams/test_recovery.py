"""Where Faust loses messages, on a real broker: each test says what stock Faust does and ours.

Stock Faust is held to its defect, so that the test is known to meet the fault; a newer Faust that
mends it fails here, and then the correction can go.
"""

import asyncio
from pathlib import Path
from typing import Any

import faust
import pytest
from faust.types import TP

from tests.kafka.broker import Broker
from tests.streams.faust_apps import Bench, running, until

OURS = pytest.mark.parametrize("ours", [False, True], ids=["stock", "ours"])


def slow_to_answer(app: faust.App, seconds: float) -> None:
    """The seek to the committed offsets is done at once, but the broker's answer is late."""
    real = app.consumer.seek_to_committed

    async def seek_to_committed() -> Any:
        committed = await real()
        await asyncio.sleep(seconds)
        return committed

    app.consumer.seek_to_committed = seek_to_committed


def table_app(bench: Bench, ours: bool, seen: list[int]) -> faust.App:
    """An app that notes the messages it works on, 10 ms each, in a table."""
    app = bench.app(ours)
    table = app.Table("seen", key_type=bytes, value_type=bytes, partitions=1)

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            await asyncio.sleep(0.01)
            table[b"last"] = event.value
            seen.append(int(event.value))

    app.agent(bench.source(app), name="note", concurrency=1)(agent)
    return app


@OURS
def test_no_message_is_passed_over_when_a_table_has_been_recovered(
    broker: Broker, ours: bool, tmp_path: Path
) -> None:
    async def run() -> set[int]:
        bench = await Bench(broker.address, tmp_path).create()
        seen: list[int] = []
        await bench.send(0, 20)
        async with running(table_app(bench, ours, seen)):
            await until("the first messages", lambda: len(seen) >= 20)
        await bench.send(20, 420)
        app = table_app(bench, ours, seen)
        slow_to_answer(app, 2.0)
        async with running(app):
            await bench.send(420, 421)
            await until("the last message", lambda: 420 in seen)
        return set(range(420)) - set(seen)

    lost = asyncio.run(run())
    assert bool(lost) != ours, sorted(lost)


@OURS
def test_nothing_is_committed_beyond_a_message_in_work(
    broker: Broker, ours: bool, tmp_path: Path
) -> None:
    async def run() -> int:
        bench = await Bench(broker.address, tmp_path).create()
        app = bench.app(ours)
        done: list[int] = []
        go_on = asyncio.Event()

        async def agent(stream: Any) -> None:
            async for event in stream.events():
                if event.message.offset == 0:
                    await go_on.wait()
                done.append(event.message.offset)

        app.agent(bench.source(app), name="hang", concurrency=2)(agent)
        await bench.send(0, 20)
        async with running(app):
            await until("the others", lambda: len(done) >= 10)
            await app.consumer.commit()
            committed = await bench.committed()
            go_on.set()
        return committed

    assert (asyncio.run(run()) == 0) == ours


@OURS
def test_a_changelog_is_flushed_before_a_commit(broker: Broker, ours: bool, tmp_path: Path) -> None:
    async def run() -> int:
        bench = await Bench(broker.address, tmp_path).create()
        app = bench.app(ours)
        producer = await app.maybe_start_producer()
        real = producer.send

        async def send(*arguments: Any, **options: Any) -> Any:
            await asyncio.sleep(0.25)
            return await real(*arguments, **options)

        producer.send = send
        try:
            for number in range(3):
                bench.source(app).send_soon(value=b"%d" % number, partition=0)
            await producer.flush()
            return await bench.end(bench.topic)
        finally:
            await producer.stop()

    assert (asyncio.run(run()) == 3) == ours


@OURS
def test_what_was_dropped_before_the_first_commit_is_read_again(
    broker: Broker, ours: bool, tmp_path: Path
) -> None:
    async def run() -> set[int]:
        bench = await Bench(broker.address, tmp_path).create()
        app = bench.app(ours)
        taken: list[int] = []
        go_on = asyncio.Event()

        async def agent(stream: Any) -> None:
            async for event in stream.events():
                taken.append(int(event.value))
                await go_on.wait()

        app.agent(bench.source(app), name="wait", concurrency=1)(agent)
        await bench.send(0, 10)
        async with running(app):
            read = app.consumer._read_offset
            await until("messages in the queue", lambda: read[TP(bench.topic, 0)] == 9)
            # what a rebalance does
            app.consumer.stop_flow()
            app.flow_control.suspend()
            app.flow_control.clear()
            await app.consumer.perform_seek()
            app.flow_control.resume()
            app.consumer.resume_flow()
            go_on.set()
            await bench.send(10, 11)
            await until("the last message", lambda: 10 in taken)
        return set(range(11)) - set(taken)

    lost = asyncio.run(run())
    assert bool(lost) != ours, sorted(lost)


@OURS
def test_what_was_being_handed_over_is_read_again_with_what_was_before_it(
    broker: Broker, ours: bool, tmp_path: Path
) -> None:
    async def run() -> set[int]:
        bench = await Bench(broker.address, tmp_path).create()
        app = bench.app(ours)
        taken: list[int] = []
        go_on, waits = asyncio.Event(), asyncio.Event()

        async def agent(stream: Any) -> None:
            async for event in stream.events():
                taken.append(int(event.value))
                await go_on.wait()

        app.agent(bench.source(app), name="wait", concurrency=1)(agent)
        await bench.send(0, 10)
        async with running(app):
            consumer = app.consumer
            await until("messages", lambda: consumer._read_offset[TP(bench.topic, 0)] == 9)
            real = consumer.maybe_wait_for_commit_to_finish

            async def wait_for_commit() -> bool:
                waits.set()
                return bool(await real())

            consumer.maybe_wait_for_commit_to_finish = wait_for_commit
            consumer._commit_fut = under_way = asyncio.get_running_loop().create_future()
            consumer._n_acked = consumer._commit_every
            await bench.send(10, 20)
            await asyncio.wait_for(waits.wait(), 10)
            # what a rebalance does
            consumer.stop_flow()
            app.flow_control.suspend()
            app.flow_control.clear()
            await consumer.perform_seek()
            app.flow_control.resume()
            consumer.resume_flow()
            consumer._commit_fut = None
            under_way.cancel()
            go_on.set()
            await bench.send(20, 21)
            await until("the last message", lambda: 20 in taken)
        return set(range(21)) - set(taken)

    lost = asyncio.run(run())
    assert bool(lost) != ours, sorted(lost)


@OURS
def test_nothing_enters_a_queue_while_the_flow_is_stopped(
    broker: Broker, ours: bool, tmp_path: Path
) -> None:
    async def run() -> int:
        app = Bench(broker.address, tmp_path).app(ours)
        queue = app.FlowControlQueue(maxsize=1, clear_on_resume=True)
        app.flow_control.resume()
        await queue.put("before")
        late = asyncio.create_task(queue.put("late"))
        await asyncio.sleep(0)
        await queue.get()  # lets the late one in, at its next turn
        app.flow_control.suspend()
        app.flow_control.clear()
        await asyncio.wait([late])
        return int(queue.qsize())

    assert (asyncio.run(run()) == 0) == ours


@OURS
def test_a_table_comes_back_with_the_last_batch_of_its_changelog(
    broker: Broker, ours: bool, tmp_path: Path
) -> None:
    keys = [b"key-%d" % n for n in range(50)]

    def app_of(bench: Bench) -> faust.App:
        app = bench.app(ours)
        table = app.Table("seen", key_type=bytes, value_type=bytes, partitions=1)

        async def agent(stream: Any) -> None:
            async for event in stream.events():
                table.update(dict.fromkeys(keys, event.value))

        app.agent(bench.source(app), name="fill", concurrency=1)(agent)
        return app

    async def run() -> int:
        bench = await Bench(broker.address, tmp_path).create()
        await bench.send(0, 1)
        async with running(app_of(bench)) as app:
            await until("the table", lambda: len(app.tables["seen"]) == len(keys))
        async with running(app_of(bench)) as app:
            return len(app.tables["seen"])

    recovered = asyncio.run(run())
    # Apache Kafka states the end of a partition exactly: stock Faust is right there.
    assert (recovered == len(keys)) == (ours or broker.durable)


@OURS
def test_room_in_a_queue_does_not_end_a_pause(broker: Broker, ours: bool, tmp_path: Path) -> None:
    async def run() -> set[TP]:
        bench = await Bench(broker.address, tmp_path).create()
        source = TP(bench.topic, 0)

        async def agent(stream: Any) -> None:
            async for _ in stream.events():
                pass

        app = bench.app(ours)
        app.agent(bench.source(app), name="read", concurrency=1)(agent)
        async with running(app):
            app.consumer.on_buffer_full(source)
            app.consumer.pause_partitions({source})
            app.consumer.on_buffer_drop(source)
            paused = set(app.consumer._get_active_partitions())
            app.consumer.resume_partitions({source})
            assert app.consumer._get_active_partitions() == {source}
        return paused

    assert (asyncio.run(run()) == set()) == ours
