"""Every page, in a real Chromium: axe finds nothing serious, and nothing is wider than the screen.

A new page needs an address here.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from clickhouse_connect.driver.client import Client
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Page

from dashboards.identity.roles import Role
from deploy.decks.desk import DeckDesk
from deploy.decks.publish import Terms
from deploy.decks.reading import Asked, rates_in
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings
from rerate.scope import parse
from tests.browser.conftest import WIDE
from tests.dashboards.decks import store_decks
from tests.dashboards.fraud import store_alert
from tests.dashboards.test_reratings_api import PERIOD
from tests.dashboards.traffic import Call, store_calls
from tests.identity.requests import app_in
from tests.rerate.stored import UNIT_NANOS, Stored, call

pytestmark = pytest.mark.browser
NARROW: Final = (1280, 800)
ALERT: Final = "00000000000000aa"
SERIOUS: Final = ("serious", "critical")
PAGES: Final = {
    "/noc": "/noc",
    "/wall": "/wall",
    "/alerts": "/alerts",
    "/alerts/{alert}": f"/alerts/{ALERT}",
    "/calls": "/calls",
    "/calls/{call}": "",
    "/suspense": "/suspense",
    "/accounts": "/accounts",
    "/accounts/{role}/{account}": "",
    "/decks": "/decks",
    "/decks/{side}/{deck}": "/decks/sell/gold",
    "/deck-drafts/{number}": "/deck-drafts/1",
    "/profit": "/profit?days=31",
    "/variance": "/variance",
    "/reratings": "/reratings",
    "/reratings/{number}": "/reratings/1",
    "/account": "/account",
    "/admin/users": "/admin/users",
    "/admin/audit": "/admin/audit",
    "/api": "/api",
}
"""the address of each page; "": the first link of the list's table"""
ENTRANCE: Final = "/sign-in"
OWN: Final = "/own"
"""of partners"""
ELSEWHERE: Final = {"/", "/healthz", "/readyz", "/metrics"}
"""opened by no person, or a way to another page"""


def test_every_page_is_looked_at(tmp_path: Path) -> None:
    found = {
        str(each.path)
        for each in iter_route_contexts(app_in(tmp_path).routes)
        if "GET" in (each.methods or ()) and not str(each.path).startswith("/v1/")
    }
    assert found - ELSEWHERE == {ENTRANCE, OWN, *PAGES}


def store_draft(settings: Settings, client: Client) -> None:
    """A draft with changes, a bad row, and something odd."""
    desk = DeckDesk(settings, client)
    options = desk.options_of("gold", "sell", None, None)
    data = b"Code,Destination,Rate,Increment\n44,UK,0.025,60/60\n33,France,9,1/1\n99x,Bad,1,1/1\n"
    sheet = rates_in(data, Path("gold.csv"), Asked("sell", 0, options))
    own = ("full", 0, options, sheet.source, sheet.sha256)
    desk.make(Terms("gold", "sell", *own), sheet, "ann", "December")


def store_run(settings: Settings, client: Client) -> None:
    """A re-rating of eight calls, previewed."""
    stored = Stored(client, documents_url(settings))
    stored.deck("gold", "sell", {"49": UNIT_NANOS})
    stored.deck("buy", "buy", {"49": UNIT_NANOS})
    stored.calls(*(call(number) for number in range(8)))
    stored.deck("gold", "sell", {"49": 2 * UNIT_NANOS})
    period = {name: PERIOD[name] for name in ("from", "to")}
    stored.desk.preview(stored.desk.make(parse(period), "ann").number, "ann")


def test_pages_are_accessible_and_fit(
    open_page: Callable[..., Page], console_settings: Settings, client: Client
) -> None:
    now_ms = int(time.time() * 1_000)
    store_decks(client)
    store_calls(client, [Call(i, now_ms - i * 1_000) for i in range(5)])
    store_calls(client, [Call(9, now_ms, reason="sell_rate_missing", customer="bolt")])
    store_calls(client, [Call(50, now_ms, age_ms=86_400_000, sell_nanos=1)])
    store_alert(client, ALERT, "critical", 10**9, now_ms)
    store_draft(console_settings, client)
    store_run(console_settings, client)
    found = []
    for theme in ("light", "dark"):
        entrance = open_page(ENTRANCE, theme=theme, signed_in=False)
        found += [f"{theme} {ENTRANCE}: {each}" for each in flaws(entrance)]
        own = open_page(OWN, theme=theme, name="paula", roles=[Role.PARTNER], partner="acme")
        found += [f"{theme} {OWN}: {each}" for each in flaws(own)]
        page = open_page(theme=theme, roles=[*Role][:-1])

        for name, address in PAGES.items():
            page.goto(urljoin(page.url, address or name.split("/{")[0]))
            if not address:
                page.locator("main table tbody a").first.click()
            found += [f"{theme} {name}: {each}" for each in flaws(page)]
    assert not found, "\n".join(found)


def flaws(page: Page) -> list[str]:
    """What is wrong with a page as it is now."""
    page.wait_for_load_state("load")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    said = Axe().run(page).response["violations"]
    found = [
        f"{each['id']} {node['target']} {node['failureSummary']}"
        for each in said
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
    for width, height in (NARROW, WIDE):
        page.set_viewport_size({"width": width, "height": height})
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{wide} px wide on a screen of {width}")
    return found
