"""What a partner sees: the own side of the own calls, and nothing of anybody else."""

import time

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from dashboards.identity.cookie import PLAIN
from dashboards.identity.roles import Role
from dashboards.own_schemas import OwnCall
from deploy.runtime.settings import Settings
from tests.dashboards.decks import store_decks
from tests.dashboards.one_process import console, with_app
from tests.dashboards.people import entrance
from tests.dashboards.traffic import Call, store_calls

pytestmark = pytest.mark.usefixtures("own_folder")
OURS, OTHER = "acme", "bolt"


@pytest.fixture
def client(migrated: Settings) -> Client:
    """Calls of two customers; acme carries calls of bolt, too."""
    opened = connect(migrated)
    now_ms = int(time.time() * 1_000)
    store_decks(opened)
    store_calls(opened, [Call(i, now_ms - i * 1_000) for i in range(3)])
    store_calls(opened, [Call(9, now_ms, reason="sell_rate_missing")])
    store_calls(opened, [Call(20, now_ms, customer=OTHER), Call(21, now_ms, customer=OTHER)])
    store_calls(opened, [Call(30, now_ms, customer=OTHER, vendor=OURS, buy_nanos=7)])
    return opened


async def asked(http: httpx.AsyncClient, path: str, **params: str) -> httpx.Response:
    """GET below /v1/own."""
    return await http.get(f"/v1/own/{path}", params=params)


def test_calls_are_the_own_ones_with_the_own_side(migrated: Settings, client: Client) -> None:
    app = console(lambda: connect(migrated))

    async def test(http: httpx.AsyncClient) -> None:
        http.cookies = {PLAIN: entrance(app.state.identity, "paula", [Role.PARTNER], OURS)}
        bought = (await asked(http, "calls")).json()["calls"]
        assert len(bought) == 4
        assert {call["money"] for call in bought} == {"0.02", None}
        assert {tuple(sorted(call)) for call in bought} == {tuple(sorted(OwnCall.model_fields))}
        sold = await asked(http, "calls", role="vendor")
        assert [call["money"] for call in sold.json()["calls"]] == ["0.000000007"]
        assert OTHER not in sold.text
        none = await asked(http, "calls", customer=OTHER, vendor=OTHER, called="999")
        assert none.json() == {"calls": [], "next": None}
        page = await http.get("/own", params={"customer": OTHER})
        assert (page.status_code, OTHER in page.text, page.text.count("0.02 ")) == (200, False, 3)
        assert "sell_rate_missing" not in page.text

    with_app(app, test, reads=False)


def test_accounts_are_the_own_ones(migrated: Settings, client: Client) -> None:
    app = console(lambda: connect(migrated))

    async def test(http: httpx.AsyncClient) -> None:
        http.cookies = {PLAIN: entrance(app.state.identity, "paula", [Role.PARTNER], OURS)}
        found = (await asked(http, "accounts")).json()["accounts"]
        assert [(each["role"], each["account"]) for each in found] == [("customer", OURS)]
        http.cookies = {PLAIN: entrance(app.state.identity, "anna", [Role.ADMIN])}
        assert (await asked(http, "accounts")).status_code == 403

    with_app(app, test, reads=False)
