"""The console process: `build` puts the parts together, `serve` runs them on one port.

The settings come as an argument. `build` opens the documents and starts nothing; the poller starts
with the app. An app with a route that names no rule is not built.
"""

import asyncio
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from clickhouse_connect.driver.client import Client
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import Lifespan

from clickhouse.client import connect as open_client
from dashboards import rater
from dashboards.api import (
    account_files,
    account_orders,
    account_pages,
    account_terms,
    accounts,
    alert_pages,
    alerts,
    audit,
    call_pages,
    calls,
    conservation,
    deck_drafts,
    deck_pages,
    decks,
    health,
    leakage,
    leakage_pages,
    metrics,
    noc,
    openapi,
    own,
    own_account,
    own_pages,
    page,
    problems,
    rerating_pages,
    reratings,
    session,
    sign_in,
    triage,
    users,
)
from dashboards.api.state import Console
from dashboards.api.too_long import TooLong
from dashboards.broker import Broker
from dashboards.documents.answers import Answers
from dashboards.documents.triages import Triages
from dashboards.headers import SecurityHeaders
from dashboards.hub import Hub
from dashboards.identity import first_run
from dashboards.identity.access import Elsewhere, without_rule
from dashboards.identity.store import of_settings
from dashboards.poller import Poller
from dashboards.pulse import Pulse
from dashboards.reader import Reader
from dashboards.relay import Relay
from deploy.runtime.documents import DocumentsDown, documents_url
from deploy.runtime.settings import Settings, host_port

STATIC: Final = Path(__file__).parent / "static"
SHUTDOWN_S_MAX: Final = 1
BACKLOG: Final = 512
ROUTERS: Final = (
    *(page, noc, conservation, calls, call_pages, alerts, triage, alert_pages),
    *(decks, deck_drafts, deck_pages, reratings, rerating_pages, leakage, leakage_pages),
    *(account_files, account_terms, account_orders),
    *(accounts, account_pages, own, own_pages, health, metrics),
    *(openapi, sign_in, session, own_account, users, audit),
)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def build(settings: Settings, connect: Callable[[], Client] | None = None) -> FastAPI:
    """The app; `connect` stands in for the ClickHouse of the settings (tests).

    Raises DocumentsDown.
    """
    hub = Hub()
    broker = Broker(settings.broker, _now_ms)
    opened = connect or (lambda: open_client(settings))
    triages = Triages(documents_url(settings))
    poller = Poller(opened, lambda: hub.soon(pulse.news), _now_ms, triages.of)
    pulse = Pulse(poller, broker, _raters(settings), rater.scrape, _now_ms)
    relay = Relay(settings, opened)
    console = Console(hub, poller, broker, Reader(opened), settings, triages)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.open()
        watch = asyncio.create_task(broker.follow(), name="watch of the broker")
        console.tasks.extend((watch, asyncio.create_task(pulse.run(hub), name="pulse")))
        console.tasks.append(asyncio.create_task(relay.run(), name="relay"))
        poller.start()
        yield
        hub.close()
        poller.stop()
        for task in console.tasks:
            task.cancel()
        await asyncio.wait(console.tasks)

    app = _app(lifespan)
    app.state.console, app.state.identity = console, of_settings(settings, _now_ms)
    app.state.answers = Answers(documents_url(settings))
    return app


def _app(lifespan: Lifespan[FastAPI]) -> FastAPI:
    app = FastAPI(
        title="Tollwire console",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
        lifespan=lifespan,
        middleware=[Middleware(SecurityHeaders), Middleware(TooLong)],
        exception_handlers={
            HTTPException: page.answer,
            RequestValidationError: page.answer,
            DocumentsDown: problems.answer_away,
            Elsewhere: page.go_elsewhere,
        },
    )
    for each in ROUTERS:
        app.include_router(each.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for path in without_rule(app.routes):
        raise RuntimeError(f"{path} names no rule: add Depends(needs(...)) or Depends(OPEN)")
    return app


def _raters(settings: Settings) -> list[tuple[str, int]]:
    if settings.raters:
        return [host_port(each, "TOLLWIRE_RATERS") for each in settings.raters.split(",")]
    return [host_port(settings.rater_metrics, "TOLLWIRE_RATER_METRICS")]


class _Server(uvicorn.Server):
    """Ends the open streams when told to stop; uvicorn alone would wait for them."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by uvicorn on SIGINT and SIGTERM."""
        self._hub.close()
        super().handle_exit(sig, frame)


def _listen(settings: Settings) -> socket.socket:
    host, port = host_port(settings.console, "TOLLWIRE_CONSOLE")
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        listening = socket.create_server((bare, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise SystemExit(
            f"console: cannot listen on port {port} of {bare} ({error.strerror}): "
            "stop what uses it, or set TOLLWIRE_CONSOLE to another HOST:PORT"
        ) from None
    # asyncio does so only for sockets it made; without it an answer's end waits 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM. Exits with 1 and one line if the port cannot be taken."""
    listening = _listen(settings)
    app = build(settings)
    first_run.greet(app.state.identity, settings.console)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_S_MAX,
        server_header=False,
    )
    # Its own lines repeat each second of an outage; what matters of them is in ours.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    server = _Server(config, app.state.console.hub)
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: None)
    asyncio.run(server.serve(sockets=[listening]))
