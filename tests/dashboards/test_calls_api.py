"""The API of stored calls: the app in one process on a real ClickHouse."""

from typing import Any

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from deploy.runtime.settings import Settings
from tests.dashboards.decks import store_decks
from tests.dashboards.one_process import asked, console, with_app
from tests.dashboards.stand_in import away
from tests.dashboards.traffic import Call, store_calls

T_MS = 1_763_900_000_000
SPAN = {"from": "2025-11-23T12:00:00Z", "until": "2025-11-23T13:00:00Z"}
PRICED = Call(1, T_MS)
pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def client(migrated: Settings) -> Client:
    """A database with decks and accounts."""
    opened = connect(migrated)
    store_decks(opened)
    return opened


def test_a_page_of_calls_and_the_one_after(migrated: Settings, client: Client) -> None:
    store_calls(client, [Call(i, T_MS + i) for i in range(60)])

    async def test(http: httpx.AsyncClient) -> None:
        first = (await http.get("/v1/calls", params=SPAN)).json()
        second = (await http.get("/v1/calls", params={**SPAN, "after": first["next"]})).json()
        assert (len(first["calls"]), len(second["calls"]), second["next"]) == (50, 10, None)
        seen = [call["id"] for call in first["calls"] + second["calls"]]
        assert seen == [Call(i, T_MS).cdr_id.hex() for i in reversed(range(60))]
        assert first["calls"][0]["margin"] == "0.005"

    asked(migrated, test)


def test_one_call_and_why_it_costs_what_it_does(migrated: Settings, client: Client) -> None:
    wrong = Call(2, T_MS, sell_nanos=20_000_001)
    waits = Call(3, T_MS, reason="sell_rate_missing", customer="nobody")
    store_calls(client, [PRICED, wrong, waits])

    async def test(http: httpx.AsyncClient) -> None:
        found = (await http.get(f"/v1/calls/{PRICED.cdr_id.hex()}")).json()
        assert [leg["money"] for leg in found["call"]["legs"]] == ["0.02", "0.015"]
        assert [rate["deck"] for rate in found["rates"]] == ["gold", "wholesale"]

        async def why(call: Call) -> list[dict[str, Any]]:
            answer = await http.get(f"/v1/calls/{call.cdr_id.hex()}/why")
            return list(answer.json())

        assert [leg["agrees"] for leg in await why(PRICED)] == [True, True]
        assert "code 44" in "\n".join((await why(PRICED))[0]["lines"])
        assert [leg["agrees"] for leg in await why(wrong)] == [False, True]
        assert (await why(waits))[0]["lines"] == ["There is no customer 'nobody'."]

    asked(migrated, test)


@pytest.mark.parametrize(
    ("asks", "status", "said"),
    [
        ({"from": "yesterday"}, 422, "from='yesterday'"),
        ({"from": SPAN["until"], "until": SPAN["from"]}, 422, "must be before until"),
        ({"from": "2020-01-01T00:00:00Z"}, 422, "at most 31 days"),
        ({"called": "49x"}, 422, "called='49x'"),
        ({"hours": "0"}, 422, "hours='0'"),
        ({"reason": "because"}, 422, "reason='because'"),
        ({"after": "1-2"}, 422, "after='1-2'"),
        ({"customer": "a" * 65}, 422, "customer="),
    ],
)
def test_a_wrong_filter_is_named(
    migrated: Settings, asks: dict[str, str], status: int, said: str
) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        answer = await http.get("/v1/calls", params=asks)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True)
        page = await http.get("/calls", params=asks, headers={"accept": "text/html"})
        assert page.status_code == status
        assert "<h1" in page.text or "<h2" in page.text

    asked(migrated, test)


def test_no_call_and_no_clickhouse(migrated: Settings) -> None:
    async def none(http: httpx.AsyncClient) -> None:
        for call in ("0" * 32, "nonsense"):
            assert (await http.get(f"/v1/calls/{call}")).status_code == 404
            assert (await http.get(f"/v1/calls/{call}/why")).status_code == 404

    async def gone(http: httpx.AsyncClient) -> None:
        answer = await http.get("/v1/suspense")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")

    asked(migrated, none)
    with_app(console(away), gone, reads=False)


def test_names_of_others_stay_text(migrated: Settings, client: Client) -> None:
    store_calls(client, [Call(1, T_MS, customer="<b>bold</b>", reason="customer_unknown")])

    async def test(http: httpx.AsyncClient) -> None:
        for path in ("/calls", "/suspense"):
            page = await http.get(path, params=SPAN)
            assert "&lt;b&gt;bold&lt;/b&gt;" in page.text
            assert "<b>bold</b>" not in page.text

    asked(migrated, test)
