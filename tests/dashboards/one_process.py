"""The console's app in the process of a test, and requests to it by somebody signed in."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import httpx
from fastapi import FastAPI

from clickhouse.client import connect
from dashboards.app import build
from dashboards.hub import Frame
from dashboards.identity.cookie import PLAIN
from dashboards.identity.roles import Role
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards.people import STAFF, entrance
from tests.dashboards.test_hub import run

Test = Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]


def console(connect: Callable[[], Any]) -> FastAPI:
    """An app whose rater and broker are away."""
    names = ("rater_metrics", "broker")
    settings = Settings.model_validate({name: f"127.0.0.1:{free_port()}" for name in names})
    return build(settings, connect)


def with_app(app: FastAPI, test: Test, reads: bool = True, roles: Iterable[Role] = STAFF) -> None:
    """Run the app's lifespan around a test, signed in, once the first read has been tried."""

    async def inside() -> None:
        async with app.router.lifespan_context(app):
            if reads:
                await first_read(app)
            transport = httpx.ASGITransport(app)
            cookies = {PLAIN: entrance(app.state.identity, roles=roles)}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://console", cookies=cookies
            ) as http:
                await test(http)

    run(inside())


async def first_read(app: FastAPI) -> Frame:
    """The first frame after a read, good or bad."""
    async for frame in app.state.console.hub.frames():
        if frame.snapshot.state != "loading":
            return frame  # type: ignore[no-any-return]
    raise AssertionError("the hub closed before the first read")


def asked(settings: Settings, test: Test) -> None:
    """Run a test with an app on this database."""
    with_app(console(lambda: connect(settings)), test, reads=False)
