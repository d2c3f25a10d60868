"""Accounts changed over HTTP, handed over to ClickHouse and the topics; the broker may be away."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from billing.account_terms import parse_terms
from billing.credit.limits import Caps
from billing.credit.orders import parse_order
from clickhouse import credit, reference
from clickhouse.client import connect
from dashboards.app import build
from dashboards.documents.accounts import Accounts
from dashboards.identity.audit import Wanted
from dashboards.identity.roles import Role
from dashboards.relay import Relay
from deploy import accounts as loading
from deploy.runtime.documents import documents_url
from deploy.runtime.settings import Settings
from streams import topics
from streams.decks import Reference
from tests.conftest import free_port
from tests.dashboards.decks import store_decks
from tests.dashboards.people import entrance
from tests.identity.requests import asking, by_session
from tests.kafka.client import values

APPROVER = [Role.FINANCE_APPROVER]
TERMS: dict[str, Any] = {
    "name": "Acme Telecom",
    "deck": "gold",
    "currency": "EUR",
    "limit": {"limit": "2500.00", "max_calls": 9, "trunks": {"fra": {"max_calls": 2}}},
}
PATH = "/v1/accounts/customer/acme/terms"
NEW = {"if-none-match": "*"}


@pytest.fixture
def settings(migrated: Settings, broker_address: str, tmp_path: Path) -> Settings:
    """An empty database, a broker, documents of the test's own."""
    own = {"broker": broker_address, "data_dir": tmp_path}
    return migrated.model_copy(update={**own, "rater_metrics": f"127.0.0.1:{free_port()}"})


class Finance:
    """Requests by an approver."""

    def __init__(self, http: httpx.AsyncClient, app: FastAPI) -> None:
        self._http = http
        self._own = by_session(entrance(app.state.identity, "ann", APPROVER))

    async def get(self, path: str) -> httpx.Response:
        """Read something."""
        return await self._http.get(path, headers=self._own)

    async def put(self, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Change the account."""
        return await self._http.put(PATH, json=body, headers={**self._own, **headers})

    async def post(self, path: str, **sent: Any) -> httpx.Response:
        """Send something."""
        return await self._http.post(path, headers=self._own, **sent)


def finance(settings: Settings, test: Callable[[Finance], Coroutine[Any, Any, None]]) -> FastAPI:
    """Run a test on a new console; its relay does not run."""
    app = build(settings, lambda: connect(settings))

    async def inside(http: httpx.AsyncClient) -> None:
        await test(Finance(http, app))

    asking(app, inside)
    return app


def relay(settings: Settings) -> None:
    """One round of it."""
    Relay(settings, lambda: connect(settings)).round()


async def known(settings: Settings) -> Reference:
    """What a worker that starts now knows."""
    found = Reference(settings)
    await found.start()
    await found.stop()
    return found


def test_an_account_is_made_changed_and_known_to_the_workers(settings: Settings) -> None:
    async def test(own: Finance) -> None:
        assert (await own.get(PATH)).status_code == 404
        assert (await own.put(TERMS)).status_code == 428
        assert (await own.put(TERMS, **{"if-match": '"3"'})).status_code == 412
        made = await own.put({**TERMS, "why": "a contract"}, **NEW)
        assert (made.status_code, made.headers["etag"]) == (200, '"1"'), made.text
        assert made.json()["handed_over"] is False
        assert made.json()["limit"]["trunks"] == {"fra": {"max_calls": 2, "max_calls_per_s": 0}}
        assert (await own.put(TERMS, **NEW)).status_code == 412
        page = await own.get("/accounts/customer/acme")  # before anybody has been told
        assert (page.status_code, "Acme Telecom" in page.text) == (200, True)
        assert [a["name"] for a in (await own.get("/v1/accounts")).json()["accounts"]] == [
            "Acme Telecom"
        ]
        await asyncio.to_thread(relay, settings)
        assert (await own.get(PATH)).json() == {**made.json(), "handed_over": True}
        changed = await own.put({**TERMS, "deck": "silver", "limit": None}, **{"if-match": '"1"'})
        assert (changed.json()["deck"], changed.json()["limit"]) == ("silver", made.json()["limit"])
        stale = await own.put(TERMS, **{"if-match": '"1"'})
        assert (stale.status_code, stale.json()["title"]) == (412, "Precondition Failed")
        assert (await own.get("/accounts/customer/acme")).status_code == 200

    app = finance(settings, test)
    relay(settings)
    (account,) = reference.load_accounts(connect(settings))
    assert account == ("acme", "customer", "Acme Telecom", "silver", "EUR")
    (limit,) = credit.load_limits(connect(settings))
    assert (limit.limit_nanos, limit.caps) == (2500 * 10**9, Caps(9, 0))
    worker = asyncio.run(known(settings))
    assert worker.limits["customer", "acme"] == limit
    assert worker.tariff.parties.customers["acme"] == account
    rows = app.state.identity.audit.rows(Wanted(what="account."))
    assert [(row.event.what, row.event.actor) for row in rows] == [("account.change", "ann")] * 2
    assert rows[0].event.before == rows[1].event.after
    assert "deck silver" in rows[0].event.after


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"limit": {"limit": "many"}}, "limit='many EUR'"),
        ({"limit": {"limit": "-1"}}, "limit='-1 EUR'"),
        ({"limit": {"limit": "1", "max_calls": -1}}, "max_calls"),
        ({"limit": {"limit": "1", "when_recovering": "maybe"}}, "when_recovering"),
        ({"currency": "euro"}, "currency"),
        ({"deck": ""}, "deck"),
        ({"iban": "NL00"}, "iban"),
    ],
)
def test_what_is_no_account_is_refused(
    settings: Settings, change: dict[str, Any], says: str
) -> None:
    async def test(own: Finance) -> None:
        refused = await own.put({**TERMS, **change}, **NEW)
        assert (refused.status_code, says in refused.json()["detail"]) == (422, True), refused.text
        assert (await own.get(PATH)).status_code == 404

    app = finance(settings, test)
    assert app.state.identity.audit.rows(Wanted(what="account.")) == []


def test_accounts_wait_while_the_broker_is_away(settings: Settings) -> None:
    away = settings.model_copy(update={"broker": f"127.0.0.1:{free_port()}"})

    async def test(own: Finance) -> None:
        assert (await own.put(TERMS, **NEW)).status_code == 200
        await asyncio.to_thread(relay, away)
        assert (await own.get(PATH)).json()["handed_over"] is False
        await asyncio.to_thread(relay, settings)
        assert (await own.get(PATH)).json()["handed_over"] is True

    finance(away, test)


def test_what_is_exported_is_loaded_again(settings: Settings) -> None:
    async def test(own: Finance) -> None:
        await own.put(TERMS, **NEW)
        text = (await own.get("/v1/accounts.toml")).content
        table = (await own.get("/v1/accounts.csv")).content
        same = await own.post("/v1/account-files", files={"file": ("a.toml", text)})
        assert (same.status_code, same.json()) == (201, {"accounts": 1, "changed": 0}), same.text
        other = table.replace(b"gold", b"silver")
        done = await own.post("/v1/account-files", files={"file": ("a.csv", other)})
        assert done.json() == {"accounts": 1, "changed": 1}
        after = (await own.get(PATH)).json()
        assert (after["deck"], after["revision"]) == ("silver", 2)
        assert after["limit"]["max_calls"] == 9
        refused = await own.post("/v1/account-files", files={"file": ("a.csv", b"role,account\n")})
        assert (refused.status_code, "a.csv: no column" in refused.text) == (422, True)
        assert (await own.get(PATH)).json()["revision"] == 2

    finance(settings, test)


def test_accounts_of_before_the_documents_are_taken_over(settings: Settings) -> None:
    store_decks(connect(settings))

    async def test(own: Finance) -> None:
        found = (await own.get(PATH)).json()
        assert (found["deck"], found["revision"], found["handed_over"]) == ("gold", 1, True)

    finance(settings, test)


def test_the_command_keeps_and_hands_over(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text('[vendors.vend]\nbuy_deck = "a-z"\ncurrency = "USD"\n')
    loading.load_accounts(settings, file)
    limits = tmp_path / "limits.toml"
    limits.write_text('[vendors.vend]\nlimit = "7 USD"\n')
    loading.load_limits(settings, limits)
    (kept,) = Accounts(documents_url(settings)).all()
    assert (kept.terms, kept.revision) == (
        parse_terms(file.read_bytes() + b'limit = "7 USD"\n', "a.toml")[0],
        2,
    )
    assert Accounts(documents_url(settings)).due().numbers == []
    for as_csv, name in ((False, "a.toml"), (True, "a.csv")):
        text = loading.exported(settings, as_csv)
        assert parse_terms(text.encode(), name) == [kept.terms]
    assert credit.load_limits(connect(settings)) == [kept.terms.limit]


def test_the_command_says_what_is_kept_and_whom_it_has_not_told(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text('[vendors.vend]\nbuy_deck = "a-z"\ncurrency = "USD"\n')
    away = settings.model_copy(update={"broker": f"127.0.0.1:{free_port()}"})
    with pytest.raises(loading.NotToldYet, match=r"accounts\.toml are kept, but the workers have"):
        loading.load_accounts(away, file)
    relay(settings)
    assert Accounts(documents_url(settings)).due().numbers == []
    assert [own.account for own in reference.load_accounts(connect(settings))] == ["vend"]


def test_a_payment_is_sent_as_an_order_of_the_person(settings: Settings) -> None:
    store_decks(connect(settings))
    path = "/v1/accounts/customer/acme/orders"
    body = {"amount": "12.5", "currency": "EUR", "note": "May", "id": "bank-1"}

    async def test(own: Finance) -> None:
        sent = await own.post(path, json=body)
        assert (sent.status_code, sent.json()) == (202, {"id": "bank-1"}), sent.text
        for change, says in (
            ({"amount": "-1"}, "amount"),
            ({"amount": "much"}, "amount"),
            ({"currency": "USD"}, "kept in EUR"),
        ):
            refused = await own.post(path, json={**body, **change})
            assert (refused.status_code, says in refused.json()["detail"]) == (422, True)
        nobody = await own.post("/v1/accounts/customer/nobody/orders", json=body)
        assert (nobody.status_code, "no such customer" in nobody.text) == (422, True)

    app = finance(settings, test)
    orders = map(parse_order, asyncio.run(values(settings.broker, topics.CREDIT_ORDER)))
    (order,) = [each for each in orders if each.id == "bank-1"]
    assert (order.by, order.kind, order.amount, order.note) == ("ann", "payment", "12.5", "May")
    rows = app.state.identity.audit.rows(Wanted(what="credit."))
    assert [row.event.what for row in rows][-1] == "credit.payment"
