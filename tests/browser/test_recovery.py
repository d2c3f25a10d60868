"""Outages of the running platform as the NOC page tells them, and how it catches up again."""

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from billing.mediation.mediate import JSON
from deploy.local import running, start
from deploy.runtime.settings import Settings
from deploy.seed import seed
from deploy.send import Sent, send_batch
from deploy.traffic import live_batch
from streams.collector import Collector
from tests.browser.conftest import WIDE, Guard, enter
from tests.deploy.conftest import settings_in

pytestmark = pytest.mark.browser
SEEN_MS_MAX = 60_000
BATCH_CALLS = 1_000
BACKLOG_CALLS = 100_000
"""More than a rater does in the few looks at the broker that tell how fast it catches up."""
AMOUNT = r"(About [\d,]+ calls? \(in )?[\d,]+ messages?\)? waits?"


class Whole:
    """A whole platform, and what a test may do to it."""

    def __init__(self, settings: Settings, processes: dict) -> None:  # type: ignore[type-arg]
        self.settings, self.processes = settings, processes

    def send(self, calls: int) -> None:
        """Have the broker acknowledge so many JSON calls; a browser's loop owns this thread."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: asyncio.run(self._send(calls))).result()

    async def _send(self, calls: int) -> None:
        rng, sent = np.random.default_rng(time.time_ns()), Sent()
        async with Collector(self.settings) as collector:
            for _ in range(0, calls, BATCH_CALLS):
                batch = live_batch(rng, int(time.time() * 1_000), min(calls, BATCH_CALLS))
                await send_batch(collector, batch, JSON, sent)

    def kill(self, name: str) -> None:
        """kill -9, and wait until the process is gone."""
        self.processes[name].kill()
        self.processes[name].wait()

    def start(self, name: str) -> None:
        """Start a process again."""
        self.processes[name] = start(name, self.settings.data_dir / "logs")

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """A process that stands still for a while."""
        os.kill(self.processes[name].pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.processes[name].pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Broker, ClickHouse, rater and console, with the demo's decks."""
    names = ("broker", "clickhouse", "rater", "console")
    with (
        settings_in(tmp_path_factory.mktemp("whole")) as settings,
        running(settings, names, print) as processes,
    ):
        seed(settings)
        yield Whole(settings, processes)


@pytest.fixture
def page(whole: Whole, chromium: Browser) -> Iterator[Page]:
    """The NOC page of a stream that flows; afterwards it may not have tripped the guard."""
    whole.send(BATCH_CALLS)
    url = f"http://{whole.settings.console}/noc"
    context = chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    enter(context, whole.settings)
    opened, guard = context.new_page(), Guard(urlsplit(url).netloc)
    guard.watch(opened)
    opened.set_default_timeout(SEEN_MS_MAX)
    opened.goto(url)
    flows(opened)
    yield opened
    context.close()
    assert (guard.errors, guard.outside) == ([], [])


def says(page: Page, figure: str, pattern: str) -> None:
    """Wait until an element's text matches."""
    expect(page.locator(f"#{figure}")).to_have_text(re.compile(pattern), timeout=SEEN_MS_MAX)


def flows(page: Page) -> None:
    """Wait until nothing is wrong and nothing waits."""
    says(page, "backlog", "^0 calls$")
    expect(page.locator("#banner")).to_be_hidden(timeout=SEEN_MS_MAX)
    expect(page.locator("body")).to_have_attribute("data-state", "live", timeout=SEEN_MS_MAX)


def test_clickhouse_away_how_much_waits_and_for_how_long(whole: Whole, page: Page) -> None:
    whole.kill("clickhouse")
    whole.send(BATCH_CALLS)
    says(page, "verdict-text", "^ClickHouse away since")
    says(page, "banner-text", r"^ClickHouse does not answer\.$")
    says(
        page,
        "banner-figures",
        rf"^No answer for \d+ s\. {AMOUNT} in the broker, the oldest for \d+ s\. "
        r"Nothing is lost\. The figures below are from \d\d:\d\d:\d\d UTC\.$",
    )
    says(page, "backlog", r"^(≈ )?[1-9][\d,]* (calls|messages)$")
    says(page, "oldest-unstored", r"^\d+ s$")
    whole.start("clickhouse")
    flows(page)


def test_no_rater_then_catching_up_how_fast_and_how_long_still(whole: Whole, page: Page) -> None:
    with whole.stopped("rater"):
        whole.send(BACKLOG_CALLS)
        says(page, "banner-text", r"^No rater answers\.$")
        says(page, "verdict-text", "^Rater away since")
        says(page, "banner-figures", rf"^{AMOUNT} in the broker, the oldest for ")
        says(page, "oldest-unrated", r"^\d\d+ s$")
    says(page, "banner-text", r"^The stream is catching up\.$")
    says(page, "verdict-text", "^Catching up$")
    says(
        page,
        "banner-figures",
        rf"^{AMOUNT} in the broker, the oldest for [^.]+\. "
        r"They get fewer by [\d,]+ (calls|messages)/s: about [^.]+ left\.$",
    )
    flows(page)
