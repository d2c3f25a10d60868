"""ClickHouse goes away under an open page."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Page, expect

from clickhouse.migrate import migrate
from deploy.runtime.settings import Settings
from tests.browser.test_noc import calls
from tests.conftest import Server
from tests.dashboards.traffic import store_calls

pytestmark = pytest.mark.browser


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A ClickHouse that this test may kill."""
    server = Server(tmp_path / "own").start()
    yield server
    server.kill()


@pytest.fixture
def migrated(own_server: Server, tmp_path: Path) -> Settings:
    """Settings of that server."""
    settings = Settings.model_validate({"clickhouse": own_server.url, "data_dir": tmp_path})
    migrate(settings)
    return settings


def test_the_page_stays_and_says_so(
    client: Client, own_server: Server, open_page: Callable[..., Page]
) -> None:
    store_calls(client, calls(0, 10))
    page = open_page()
    cell = page.locator('#line-calls [data-part="received"]')
    expect(cell).to_have_text("10")
    own_server.kill()
    expect(page.locator("body")).to_have_attribute("data-state", "error")
    expect(page.locator("#verdict-text")).to_contain_text("ClickHouse away since")
    expect(page.locator("#banner-text")).to_have_text("ClickHouse does not answer.")
    expect(page.locator("#banner-figures")).to_contain_text("The figures below are from ")
    expect(cell).to_have_text("10")
