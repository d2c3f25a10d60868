"""The embedded ClickHouse: chDB behind ClickHouse's HTTP protocol, for one machine.

Speaks enough of the protocol for clickhouse-connect and curl. Everybody who can reach the port can
do everything (no users, and SQL reads files): it binds loopback only and is no tenant boundary.
"""

import argparse
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog
import uvicorn

from billing.errors import TollwireError
from clickhouse.engine import Engine
from clickhouse.http_app import application
from deploy.runtime import logs

RUNNING_MAX: Final = 8
KEEP_ALIVE_S: Final = 900
URL_BYTES_MAX: Final = 1 << 20
STOP_S_MAX: Final = 3

log = structlog.get_logger()


class CannotListen(TollwireError):
    """The address cannot be served; the message names it and the setting to change."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port, before anything slow is done. Raises CannotListen."""
    setting = "set TOLLWIRE_CLICKHOUSE to another address"
    try:
        loopback = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise CannotListen(
            f"{host}: the embedded ClickHouse has no users and serves loopback addresses only;"
            f" {setting}, or run a ClickHouse server"
        )
    try:
        listener = socket.create_server((host, port), family=_family(host), backlog=128)
        # Passed on to every connection: without it each small answer waits 40 ms for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotListen(
            f"port {port} of {host} cannot be used: {reason}; stop what uses it or {setting}"
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(host: str, port: int, path: Path) -> None:
    """Serve the data folder until SIGTERM or SIGINT, then close it. Call from the main thread.

    Raises CannotListen or EngineUnusable, each saying what to do.
    """
    with listen(host, port) as listener:
        # Until there is something to close, a signal ends the process at once.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        engine = Engine(path)
        workers = ThreadPoolExecutor(RUNNING_MAX, "clickhouse")
        server = uvicorn.Server(
            uvicorn.Config(
                application(engine, workers),
                http="h11",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=STOP_S_MAX,
                h11_max_incomplete_event_size=URL_BYTES_MAX,
            )
        )
        # uvicorn raises the signal it was stopped by once more when it has stopped.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        log.info("clickhouse ready", address=f"http://{host}:{port}", path=str(path))
        server.run(sockets=[listener])
        _finish(workers)
        engine.close()
        log.info("clickhouse stopped")


def _finish(workers: ThreadPoolExecutor) -> None:
    """Let running statements end; leave hard if one does not, which chDB survives like kill -9."""
    ending = threading.Thread(target=workers.shutdown, kwargs={"cancel_futures": True}, daemon=True)
    ending.start()
    ending.join(0.5)
    if ending.is_alive():
        log.warning("clickhouse stopped", left="a statement that was still running")
        os._exit(0)


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m clickhouse.embedded --host H --port P --path FOLDER`."""
    parser = argparse.ArgumentParser(prog="clickhouse.embedded", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--path", type=Path, required=True, help="the data folder")
    asked = parser.parse_args(arguments)
    logs.configure("clickhouse", "INFO")
    try:
        serve(asked.host, asked.port, asked.path)
    except TollwireError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
