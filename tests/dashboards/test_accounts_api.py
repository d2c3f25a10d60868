"""The API of accounts: the app in one process on a real ClickHouse."""

import httpx
import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from billing.balances import PARTITION, Balance, Key
from billing.credit.orders import Accepted, Order
from clickhouse import balances, credit
from clickhouse.client import connect, insert_arrow
from clickhouse.credit_tables import CREDIT_EVENT
from clickhouse.tables import BALANCE
from deploy.runtime.settings import Settings
from tests.dashboards.decks import store_decks
from tests.dashboards.one_process import asked

T_MS = 1_763_900_000_000
UNIT = 10**9
pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def client(migrated: Settings) -> Client:
    """A customer and a vendor with money."""
    opened = connect(migrated)
    store_decks(opened)
    for partition, nanos in ((0, 30 * UNIT), (1, 12 * UNIT + 1)):
        books = {
            Key("customer", "acme", "EUR"): Balance("log", 5, 0, nanos, 2),
            Key("vendor", "carrier-a", "EUR"): Balance("log", 5, 0, nanos // 2, 2),
            PARTITION: Balance("log", 5, 0, 0, 2),
        }
        insert_arrow(opened, BALANCE, balances.rows(partition, books))
    order = Order("payment", "p1", "customer", "acme", "ann", T_MS, currency="EUR", note="May")
    credit.save_movement(opened, Accepted(order, 40 * UNIT), "log", 8, T_MS)
    money = {"limit": 5, "paid": 40, "spent": 42, "reserved": 1, "free": 2, "overrun": 0}
    state = {f"{name}_nanos": units * UNIT for name, units in money.items()}
    own = {"account": "acme", "log": "log", "partition": 0, "limited": 1, "at": T_MS}
    credit.save_states(opened, [{**own, **state, "calls": 3, "level": 80, "blocks": 1}])
    event = {"at": T_MS, "account": "acme", "kind": "threshold", "nanos": UNIT, "detail": "80 %"}
    rows = [{**event, "log": "log", "partition": 0, "offset": 1}]
    table = pa.Table.from_pylist(rows, schema=CREDIT_EVENT.schema)
    insert_arrow(opened, CREDIT_EVENT, table)
    return opened


def test_accounts_have_their_money_and_credit(migrated: Settings, client: Client) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        acme, carrier = (await http.get("/v1/accounts")).json()["accounts"]
        figures = (acme["charged"], acme["paid"], acme["balance"], acme["deck"])
        assert figures == ("42.000000001", "40", "-2.000000001", "gold")
        assert (acme["credit"]["free"], acme["credit"]["used_percent"]) == ("2", 80)
        assert (carrier["charged"], carrier["balance"]) == ("21", "-21")
        assert carrier["credit"] is None

    asked(migrated, test)


def test_one_account_has_movements_and_events(migrated: Settings, client: Client) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        acme = (await http.get("/v1/accounts/customer/acme")).json()
        assert [(m["id"], m["money"], m["note"]) for m in acme["movements"]] == [
            ("p1", "40", "May")
        ]
        assert [(e["kind"], e["money"]) for e in acme["events"]] == [("threshold", "1")]
        carrier = (await http.get("/v1/accounts/vendor/carrier-a")).json()
        assert (carrier["movements"], carrier["events"]) == ([], [])
        assert (await http.get("/v1/accounts/customer/nobody")).status_code == 404
        assert (await http.get("/v1/accounts/other/acme")).status_code == 422

    asked(migrated, test)


def test_the_pages_say_the_same(migrated: Settings, client: Client) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        html = {"accept": "text/html"}
        every = (await http.get("/accounts", headers=html)).text
        assert "42.000000001" in every
        assert "-21" in every
        one = (await http.get("/accounts/customer/acme", headers=html)).text
        assert "-2.000000001 EUR" in one
        assert "May" in one
        assert "80 %" in one
        gone = await http.get("/accounts/vendor/acme", headers=html)
        assert (gone.status_code, "There is no vendor" in gone.text) == (404, True)

    asked(migrated, test)


def test_without_accounts_the_page_says_how_to_load_them(migrated: Settings) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        page = (await http.get("/accounts", headers={"accept": "text/html"})).text
        assert page.count("tollwire accounts load") == 2

    asked(migrated, test)
