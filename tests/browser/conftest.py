"""A real Chromium, a console process, and a guard that no page may trip."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from clickhouse.client import connect
from dashboards.identity.cookie import PLAIN
from dashboards.identity.roles import Role
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards import people
from tests.dashboards.console_process import ConsoleProcess

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE = (1920, 1080)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium_path() -> str | None:
    """The Chromium on PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The Chromium on PATH; without one the test fails and says how to get it."""
    found = chromium_path()
    if found is None:
        pytest.fail(
            "no Chromium on PATH: `make test` installs it (Debian: sudo apt-get install chromium);"
            " without one, run pytest -m 'not browser'",
            pytrace=False,
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@dataclass
class Guard:
    """What a page must not do: errors in its console, requests to another host."""

    host: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Note what `page` does from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("requestfailed", self._failed)
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _failed(self, request: Request) -> None:
        left = request.failure == "net::ERR_ABORTED"  # the page was left before it had come
        if not left and not request.url.endswith("/stream"):
            self.errors.append(f"{request.url}: {request.failure}")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme != "data" and url.netloc != self.host:
            self.outside.append(request.url)


@pytest.fixture
def console_settings(migrated: Settings, broker_address: str) -> Settings:
    """A console on the test's own database; nobody rates."""
    addresses = {name: f"127.0.0.1:{free_port()}" for name in ("console", "rater_metrics")}
    return migrated.model_copy(update={**addresses, "broker": broker_address})


@pytest.fixture
def console(console_settings: Settings, tmp_path: Path) -> Iterator[ConsoleProcess]:
    """The console process."""
    running = ConsoleProcess(console_settings, tmp_path / "console.log").wait_ready()
    yield running
    running.stop()


@pytest.fixture
def client(console_settings: Settings) -> Iterator[Client]:
    """A client of the test's own database."""
    opened = connect(console_settings)
    yield opened
    opened.close()


@pytest.fixture
def guard(console: ConsoleProcess) -> Guard:
    """Watches every page of the test."""
    return Guard(urlsplit(console.url).netloc)


def enter(
    context: BrowserContext,
    settings: Settings,
    name: str = "nora",
    roles: Iterable[Role] = people.STAFF,
    partner: str = "",
) -> None:
    """Sign a browser in, without the page for it."""
    token = people.entrance(people.opened(settings), name, roles, partner)
    context.add_cookies([{"name": PLAIN, "value": token, "url": f"http://{settings.console}"}])


@pytest.fixture
def open_page(
    chromium: Browser, console: ConsoleProcess, console_settings: Settings, guard: Guard
) -> Iterator[Callable[..., Page]]:
    """Opens pages of the console; afterwards none may have tripped the guard."""
    pages: list[Page] = []

    def opened(
        path: str = "/noc",
        size: tuple[int, int] = WIDE,
        theme: str = "light",
        signed_in: bool = True,
        name: str = "nora",
        roles: Iterable[Role] = people.STAFF,
        partner: str = "",
        timezone: str = "UTC",
    ) -> Page:
        context = chromium.new_context(
            timezone_id=timezone,
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
        )
        if signed_in:
            enter(context, console_settings, name, roles, partner)
        page = context.new_page()
        pages.append(page)
        guard.watch(page)
        page.clock.install()
        page.goto(console.url + path)
        return page

    yield opened
    for page in pages:
        page.context.close()
    assert guard.errors == []
    assert guard.outside == []
