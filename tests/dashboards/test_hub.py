"""One snapshot for all: the latest at once, none queued, all streams end on close."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from dashboards import compose, stream
from dashboards.hub import Frame, Hub
from dashboards.readings import Readings
from dashboards.schemas import Snapshot
from dashboards.stream import Sources

WAIT_S_MAX = 10


def snapshot(now_ms: int) -> Snapshot:
    """Nothing read yet, at `now_ms`."""
    unknown = stream.read(Sources(now_ms, [], []))
    return compose.snapshot(Readings(), unknown, None, None, now_ms)


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run one coroutine, not for ever."""
    asyncio.run(asyncio.wait_for(test, WAIT_S_MAX))


async def _next(frames: AsyncIterator[Frame]) -> int:
    return (await anext(frames)).snapshot.now_ms


def test_a_new_viewer_gets_the_latest_and_then_only_news() -> None:
    async def test() -> None:
        hub = Hub()
        hub.open()
        for now_ms in (1, 2, 3):
            hub.publish(snapshot(now_ms))
        frames = hub.frames()
        waiting = asyncio.create_task(_next(frames))
        assert await waiting == 3
        waiting = asyncio.create_task(_next(frames))
        await asyncio.sleep(0)
        assert not waiting.done()
        hub.publish(snapshot(4))
        assert await waiting == 4

    run(test())


def test_a_slow_viewer_skips_and_never_queues() -> None:
    async def test() -> None:
        hub = Hub()
        hub.open()
        frames = hub.frames()
        hub.publish(snapshot(1))
        assert await _next(frames) == 1
        for now_ms in range(2, 50):
            hub.publish(snapshot(now_ms))
        await asyncio.sleep(0)
        assert await _next(frames) == 49

    run(test())


def test_closing_ends_every_stream_and_forgets_the_viewers() -> None:
    async def test() -> None:
        hub = Hub()
        hub.open()

        async def watch() -> int:
            return len([frame async for frame in hub.frames()])

        watching = [asyncio.create_task(watch()) for _ in range(20)]
        await asyncio.sleep(0)
        assert hub.viewers == 20
        hub.close()
        assert await asyncio.gather(*watching) == [0] * 20
        assert hub.viewers == 0

    run(test())


def test_publishing_after_the_loop_is_gone_is_no_error() -> None:
    hub = Hub()
    hub.publish(snapshot(1))

    async def test() -> None:
        hub.open()

    run(test())
    hub.publish(snapshot(2))
    hub.close()
    assert hub.frame is None
