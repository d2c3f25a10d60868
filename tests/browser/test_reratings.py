"""A re-rating in a real Chromium, with a real worker: preview, approval, apply, roll back."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from clickhouse.client import connect
from dashboards.identity.roles import Role
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings
from tests.bench.rig import serve
from tests.browser.conftest import Guard
from tests.conftest import free_port
from tests.dashboards.test_reratings_api import PERIOD
from tests.rerate.stored import UNIT_NANOS, Stored, call

pytestmark = pytest.mark.browser
WORKER_MS_MAX = 60_000


@pytest.fixture
def stored(console_settings: Settings) -> Iterator[Stored]:
    """Eight calls sold at a unit a minute, whose deck says two by now."""
    with closing(connect(console_settings)) as client:
        found = Stored(client, documents_url(console_settings))
        found.deck("gold", "sell", {"49": UNIT_NANOS})
        found.deck("buy", "buy", {"49": UNIT_NANOS // 2})
        found.calls(*(call(number) for number in range(8)))
        found.deck("gold", "sell", {"49": 2 * UNIT_NANOS})
        yield found
        found.holds()


@pytest.fixture
def worker(console_settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of bulk re-rating."""
    own = console_settings.model_copy(update={"rerate_metrics": f"127.0.0.1:{free_port()}"})
    running = serve("rerate", own)
    yield running
    running.terminate()
    running.wait(30)


def test_a_run_is_previewed_approved_by_another_applied_and_taken_back(
    stored: Stored,
    worker: "subprocess.Popen[bytes]",
    open_page: Callable[..., Page],
    guard: Guard,
) -> None:
    page = open_page("/reratings", name="ann", roles=[Role.FINANCE_ANALYST])
    page.get_by_label("From, UTC").fill(PERIOD["from"])
    page.get_by_label("To, UTC").fill(PERIOD["to"])
    page.get_by_label("Customers").fill("acme, nobody")
    page.get_by_role("button", name="Preview").click()
    title = page.get_by_role("heading", level=2).first
    expect(title).to_have_text("Run 1: previewed", timeout=WORKER_MS_MAX)
    totals = page.get_by_role("region", name="Totals").locator("tbody tr")
    expect(totals.filter(has_text="sell")).to_contain_text("4")
    expect(page.locator("#chart canvas")).to_be_visible()
    page.get_by_role("button", name="Submit for approval").click()
    expect(title).to_have_text("Run 1: submitted")

    other = open_page("/reratings/1", name="bob", roles=[Role.FINANCE_APPROVER])
    title = other.get_by_role("heading", level=2).first
    other.get_by_label("What it changes, typed").fill("sell 5 USD")
    other.get_by_role("button", name="Approve").click()
    expect(other.get_by_role("alert")).to_contain_text("sell 4 USD")
    assert len(guard.errors) == 1
    guard.errors.clear()  # Chromium tells of the refusal, too
    other.get_by_label("What it changes, typed").fill("sell 4 USD")
    other.get_by_role("button", name="Approve").click()
    other.get_by_role("button", name="Apply: change the charges").click()
    expect(title).to_have_text("Run 1: applied", timeout=WORKER_MS_MAX)
    assert stored.total("sell") == 12 * UNIT_NANOS
    other.get_by_label("Reason").fill("the wrong deck")
    other.get_by_role("button", name="Roll back").click()
    expect(title).to_have_text("Run 1: rolled back", timeout=WORKER_MS_MAX)
    assert stored.total("sell") == 8 * UNIT_NANOS
