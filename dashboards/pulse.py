"""The beat of a console: looks at the raters and publishes a snapshot, whether ClickHouse answers
or not. Runs in the event loop of the hub.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from dashboards import compose, stream
from dashboards.broker import Broker
from dashboards.conserve import SETTLED_AFTER_MS
from dashboards.hub import Hub
from dashboards.poller import Poller
from dashboards.rater import Round, Scrape
from dashboards.schemas import Snapshot, Stream
from dashboards.stream import Sources

BEAT_S: Final = 2.0
ROUNDS_KEPT_MAX: Final = 6

Addresses = Sequence[tuple[str, int]]
ScrapeOne = Callable[[tuple[str, int], int], Scrape | None]


class Pulse:
    """`raters` are the addresses of their metrics, `scrape` looks at one of them."""

    def __init__(
        self,
        poller: Poller,
        broker: Broker,
        raters: Addresses,
        scrape: ScrapeOne,
        clock_ms: Callable[[], int],
    ) -> None:
        self._poller, self._broker = poller, broker
        self._raters, self._scrape, self._clock_ms = raters, scrape, clock_ms
        self._rounds: tuple[Round, ...] = ()
        self._currency: str | None = None
        self._news = asyncio.Event()

    def news(self) -> None:
        """ClickHouse gave something new: publish now."""
        self._news.set()

    async def run(self, hub: Hub) -> None:
        """Publish for ever."""
        hub.publish(self.snapshot())
        while True:
            await self._look()
            hub.publish(self.snapshot())
            self._news.clear()
            try:
                async with asyncio.timeout(BEAT_S):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        asked = (asyncio.to_thread(self._scrape, rater, self._clock_ms()) for rater in self._raters)
        self._rounds = (*self._rounds, tuple(await asyncio.gather(*asked)))[-ROUNDS_KEPT_MAX:]

    def snapshot(self) -> Snapshot:
        """What is known now."""
        now_ms = self._clock_ms()
        found = compose.snapshot(
            self._poller.held, self._stream(now_ms), self._poller.error, self._currency, now_ms
        )
        self._currency = found.currency
        return found

    def _stream(self, now_ms: int) -> Stream:
        looks, silent_since_ms = self._broker.looks, self._broker.silent_since_ms
        found = stream.read(Sources(now_ms, self._rounds, looks, silent_since_ms))
        if looks and any(
            queue.oldest_ms is not None and looks[-1].at_ms - queue.oldest_ms > SETTLED_AFTER_MS / 2
            for queue in looks[-1].queues
        ):
            self._poller.behind()
        return found
