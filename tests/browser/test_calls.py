"""From what waits in suspense to its calls, and from a call to why it costs what it does."""

import time
from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import Page, expect

from tests.dashboards.decks import store_decks
from tests.dashboards.traffic import Call, store_calls

pytestmark = pytest.mark.browser


def test_suspense_call_and_price(open_page: Callable[..., Page], client: Client) -> None:
    now_ms = int(time.time() * 1_000)
    store_decks(client)
    store_calls(client, [Call(i, now_ms - i * 1_000) for i in range(70)])
    waits = [Call(100 + i, now_ms, reason="sell_rate_missing", customer="bolt") for i in range(3)]
    store_calls(client, waits)

    page = open_page("/suspense")
    expect(page.locator(".suspense tbody tr")).to_have_count(1)
    page.get_by_role("link", name="show").click()
    expect(page.locator(".calls tbody tr")).to_have_count(3)
    expect(page.get_by_role("textbox", name="Customer")).to_have_value("bolt")

    page.get_by_role("link", name="Clear").click()
    expect(page.locator(".calls tbody tr")).to_have_count(50)
    page.get_by_role("link", name="Older calls").click()
    expect(page.locator(".calls tbody tr")).to_have_count(23)

    page.locator(".calls tbody a").last.click()
    expect(page.locator(".money")).to_have_text(["0.02 EUR", "0.015 EUR"])
    page.get_by_role("link", name="Why this price").click()
    expect(page.locator(".why")).to_have_count(2)
    expect(page.get_by_text("comes to what is charged")).to_have_count(2)
