"""An app of the console without its processes, and requests to it as anybody."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from fastapi import FastAPI

from dashboards.app import build
from dashboards.identity import cookie
from dashboards.identity.forgery import HEADER
from dashboards.identity.sessions import form_token
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards.stand_in import StandIn

HOST = "http://console.example"
Test = Callable[[httpx.AsyncClient], Awaitable[None]]


def app_in(folder: Path) -> FastAPI:
    """The app, with documents in this folder; nothing of it runs."""
    names = ("rater_metrics", "broker")
    addresses = {name: f"127.0.0.1:{free_port()}" for name in names}
    settings = Settings.model_validate({**addresses, "data_dir": folder})
    return build(settings, StandIn)


def asking(app: FastAPI, test: Test, host: str = HOST) -> None:
    """Run a test with a client of the app that keeps no cookies but those it is given."""

    async def inside() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=host) as http:
            await test(http)

    asyncio.run(inside())


def by_session(token: str) -> dict[str, str]:
    """The headers of a page's script: cookie and the session's token."""
    return {"cookie": f"{cookie.PLAIN}={token}", HEADER: form_token(token)}


def by_key(key: str) -> dict[str, str]:
    """The headers of a program."""
    return {"authorization": f"Bearer {key}"}
