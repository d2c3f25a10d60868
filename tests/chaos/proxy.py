"""A proxy in front of ClickHouse that can misbehave: the part of an outage the server cannot play.

One request at a time per connection, read whole, so that it can be answered wrongly, late, or not
at all after it was executed. Runs in a thread; everything else in the campaign is a process.
"""

import asyncio
import random
import threading
from collections import Counter
from contextlib import suppress
from typing import Final, Literal, NamedTuple

Mode = Literal["pass", "refuse", "error", "slow", "cut"]

SLOW_S: Final = (2.0, 5.0)
HEAD_BYTES_MAX: Final = 1 << 20
START_S_MAX: Final = 10.0
_ERROR: Final = b"Code: 241. DB::Exception: memory limit (planted by the campaign)\n"
_ERROR_HEAD: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\nX-ClickHouse-Exception-Code: 241\r\n"
    b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
)
DISK_CODES: Final = (b"Code: 243.", b"No space left on device")
"""How ClickHouse says that its disk is full."""


class _Http(NamedTuple):
    """One request or answer as it came: head with the blank line, and body."""

    head: bytes
    body: bytes

    @property
    def is_insert(self) -> bool:
        """Whether it is a request that writes rows."""
        return b"INSERT" in self.head.split(b"\r\n", 1)[0] or self.body[:6].upper() == b"INSERT"


class _Cut(Exception):
    """The connection ends here, on purpose."""


class Proxy:
    """Listens on `port` of loopback and passes requests on to the server at `target`."""

    def __init__(self, port: int, target: int) -> None:
        self.mode: Mode = "pass"
        self.disturbed: Counter[str] = Counter()
        """Connections and requests that met something else than "pass", by mode; and answers of
        the server itself that said its disk was full, as "disk"."""
        self._port, self._target = port, target
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    def start(self) -> "Proxy":
        """Listen."""
        self._thread.start()
        self._call(self._listen())
        return self

    def stop(self) -> None:
        """Hang up on everybody."""
        self._call(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S_MAX)

    def set(self, mode: Mode) -> None:
        """Behave so from the next request on; "refuse" also ends the connections there are."""
        was, self.mode = self.mode, mode
        if mode == "refuse":
            self._call(self._hang_up())
        elif was == "refuse":
            self._call(self._listen())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _call(self, work: "asyncio.Future[None] | object") -> None:
        assert asyncio.iscoroutine(work)
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_S_MAX)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._port, limit=HEAD_BYTES_MAX
        )

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            self.disturbed["refuse"] += 1
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        upstream: asyncio.StreamWriter | None = None
        with suppress(_Cut, ConnectionError, asyncio.IncompleteReadError, OSError):
            answers, upstream = await asyncio.open_connection(
                "127.0.0.1", self._target, limit=HEAD_BYTES_MAX
            )
            while True:
                request = await _read(reader)
                await self._pass_on(request, answers, upstream, writer)
        self._writers.discard(writer)
        for one in (writer, upstream):
            if one is not None:
                one.transport.abort()

    async def _pass_on(
        self,
        request: _Http,
        answers: asyncio.StreamReader,
        upstream: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
    ) -> None:
        mode = self.mode if request.is_insert else "pass"
        if mode != "pass":
            self.disturbed[mode] += 1
        if mode == "error":
            writer.write(_ERROR_HEAD % len(_ERROR) + _ERROR)
            await writer.drain()
            return
        if mode == "slow":
            await asyncio.sleep(random.uniform(*SLOW_S))
        upstream.write(request.head + request.body)
        await upstream.drain()
        answer = await _read(answers)
        if any(code in answer.body for code in DISK_CODES):
            self.disturbed["disk"] += 1
        if mode == "cut":
            raise _Cut
        writer.write(answer.head + answer.body)
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> _Http:
    """One message of either direction. Raises IncompleteReadError when the other side is gone."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n")[1:])
    }
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return _Http(head, await _chunks(reader))
    return _Http(head, await reader.readexactly(int(fields.get(b"content-length", b"0"))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        body += line + await reader.readexactly(size + 2)
        if size == 0:
            return bytes(body)
