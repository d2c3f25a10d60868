"""The latest snapshot, and everybody who waits for the next one.

The pulse publishes; pages stream. A slow page skips snapshots, it never queues them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from dashboards.schemas import Snapshot

VIEWERS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Frame:
    """One snapshot and its JSON, encoded once for all viewers."""

    serial: int
    snapshot: Snapshot
    json: str


class Hub:
    """Belongs to one event loop; `publish`, `soon` and `close` may be called from any thread."""

    def __init__(self) -> None:
        self.frame: Frame | None = None
        self.viewers = 0
        self.closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()

    def open(self) -> None:
        """Bind to the running event loop."""
        self._loop = asyncio.get_running_loop()

    def publish(self, snapshot: Snapshot) -> None:
        """Make `snapshot` the latest one. From any thread."""
        self._call(self._set, snapshot, snapshot.model_dump_json())

    def soon(self, effect: Callable[[], None]) -> None:
        """Have the event loop do something soon. From any thread."""
        self._call(effect)

    def close(self) -> None:
        """End all streams, so that the server can stop. From any thread or signal handler."""
        self._call(self._end)

    def _call(self, effect: Callable[..., None], *values: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(effect, *values)

    def _set(self, snapshot: Snapshot, json: str) -> None:
        serial = self.frame.serial + 1 if self.frame else 1
        self.frame = Frame(serial, snapshot, json)
        self._wake()

    def _end(self) -> None:
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def frames(self) -> AsyncIterator[Frame]:
        """The latest frame at once, then each newer one, until the hub closes."""
        seen = 0
        self.viewers += 1
        try:
            while not self.closed:
                changed = self._changed
                if self.frame and self.frame.serial != seen:
                    seen = self.frame.serial
                    yield self.frame
                else:
                    await changed.wait()
        finally:
            self.viewers -= 1
