"""What a process says of itself over HTTP: /healthz (alive), /readyz (can work), /metrics.

All answers come from a thread of their own, so that a process whose event loop is stuck still
says so. A liveness check that fails means "restart me", a readiness check "not now, and why".
"""

import asyncio
import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, Final, NamedTuple

from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from deploy.runtime.settings import SettingsError, host_port

BEAT_S: Final = 1.0
STUCK_S_MAX: Final = 30.0
REQUEST_S_MAX: Final = 10.0
CONNECT_S: Final = 1.0

Reasons = Callable[[], Sequence[str]]
"""why the process cannot do its work just now; empty when it can. Called from any thread."""


class Answer(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: dict[str, Any]


def alive(process: str, stuck: Sequence[str] = ()) -> Answer:
    """200 unless there are reasons why only a restart helps."""
    if stuck:
        return Answer(503, {"status": "stuck", "process": process, "reasons": list(stuck)})
    return Answer(200, {"status": "ok", "process": process})


def ready(process: str, reasons: Sequence[str]) -> Answer:
    """200 unless there are reasons why the process cannot do its work."""
    if reasons:
        return Answer(503, {"status": "not ready", "process": process, "reasons": list(reasons)})
    return Answer(200, {"status": "ready", "process": process})


def unreachable(addresses: str, setting: str) -> list[str]:
    """The reason that none of HOST:PORT[,HOST:PORT] accepts a connection; none if one does."""
    for address in addresses.split(","):
        with suppress(OSError), socket.create_connection(host_port(address, setting), CONNECT_S):
            return []
    return [f"nothing listens at {addresses} ({setting})"]


class Health:
    """The state of one process. Until `ready_when` it is starting; until `beat` it has no loop."""

    def __init__(self, process: str, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.process = process
        self._clock_s = clock_s
        self._reasons: Reasons = lambda: ["starting"]
        self._beat_s: float | None = None

    def ready_when(self, reasons: Reasons) -> None:
        """Ask `reasons` from now on."""
        self._reasons = reasons

    async def beat(self) -> None:
        """Show for ever that the event loop turns; /healthz fails STUCK_S_MAX after it stops."""
        while True:
            self._beat_s = self._clock_s()
            await asyncio.sleep(BEAT_S)

    def alive(self) -> Answer:
        """The answer of /healthz."""
        silent_s = 0.0 if self._beat_s is None else self._clock_s() - self._beat_s
        stuck = [f"the event loop has not turned for {silent_s:.0f} s"]
        return alive(self.process, stuck if silent_s > STUCK_S_MAX else [])

    def ready(self) -> Answer:
        """The answer of /readyz."""
        return ready(self.process, self._reasons())


def serve(process: str, address: str, setting: str) -> Health:
    """Serve /healthz, /readyz and /metrics at HOST:PORT until the process ends.

    Raises SettingsError when the port is taken.
    """
    host, port = host_port(address, setting)
    health = Health(process)
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        server = _Server((bare, port), _handler(health), family)
    except OSError as error:
        raise SettingsError(f"{setting}={address}: port {port} cannot be used: {error}") from None
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return health


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[BaseHTTPRequestHandler],
        family: socket.AddressFamily,
    ) -> None:
        self.address_family = family
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody hung up before the answer: nothing to say about it."""


def _handler(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_S_MAX

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._send(200, CONTENT_TYPE_LATEST, generate_latest())
            elif path in ("/healthz", "/readyz"):
                answer = health.alive() if path == "/healthz" else health.ready()
                self._send(answer.status, "application/json", json.dumps(answer.body).encode())
            else:
                self._send(404, "text/plain", b"/healthz, /readyz, /metrics\n")

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.send_header("cache-control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """A check every second is not worth a line."""

    return Handler
