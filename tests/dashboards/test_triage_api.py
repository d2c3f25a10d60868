"""Who looks after an alert, by the API: revisions, refusals, the audit log, the verdict."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse import fraud_alerts
from clickhouse.client import connect
from dashboards import alerts
from dashboards.identity.audit import Wanted
from dashboards.identity.cookie import PLAIN
from dashboards.identity.forgery import HEADER
from dashboards.identity.roles import Role
from dashboards.identity.sessions import form_token
from deploy.runtime.settings import Settings
from tests.dashboards.fraud import store_alert
from tests.dashboards.one_process import console, with_app

ALERT = "00000000000000aa"
NAME = "nora"
PATH = f"/v1/alerts/{ALERT}/triage"
pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def client(migrated: Settings) -> Client:
    """A database with one alert."""
    opened = connect(migrated)
    store_alert(opened, ALERT, "warning", 10**9, int(time.time() * 1_000))
    return opened


async def step(http: httpx.AsyncClient, what: str, tag: str, **more: str) -> httpx.Response:
    """A step, made of what `tag` names."""
    http.headers[HEADER] = form_token(http.cookies[PLAIN])
    return await http.post(PATH, json={"step": what, **more}, headers={"if-match": tag})


def in_an_hour() -> str:
    """An instant."""
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def test_an_alert_goes_from_hand_to_hand(migrated: Settings, client: Client) -> None:
    app = console(lambda: connect(migrated))

    async def test(http: httpx.AsyncClient) -> None:
        first = await http.get(PATH)
        assert (first.json()["state"], first.json()["owner"]) == ("open", "")
        acked = await step(http, "ack", first.headers["etag"])
        assert (acked.status_code, acked.json()["state"]) == (200, "acked")
        assert acked.json()["owner"] == NAME
        (row,) = (await http.get("/v1/alerts")).json()["alerts"]
        assert (row["state"], row["owner"]) == ("acked", NAME)
        assert f'"{row["tag"]}"' == acked.headers["etag"]

        stale = await step(http, "close", first.headers["etag"], reason="nobody saw the ack")
        assert stale.status_code == 412
        aside = {"reason": "test traffic", "until_at": in_an_hour()}
        shelved = await step(http, "shelve", acked.headers["etag"], **aside)
        assert shelved.json()["state"] == "shelved"
        assert shelved.json()["until_at"][:16] == aside["until_at"][:16]
        closed = await step(http, "close", shelved.headers["etag"], reason="it was")
        over = await step(http, "ack", closed.headers["etag"])
        assert (over.status_code, "closed" in over.json()["detail"]) == (409, True)

        rows = app.state.identity.audit.rows(Wanted(what="alert"))
        assert [(r.event.what, r.event.before, r.event.after, r.event.reason) for r in rows] == [
            ("alert.close", f"shelved {NAME}", f"closed {NAME}", "it was"),
            ("alert.shelve", f"acked {NAME}", f"shelved {NAME}", "test traffic"),
            ("alert.ack", "open", f"acked {NAME}", ""),
        ]

    with_app(app, test, reads=False, roles=[Role.NOC_OPERATOR])


def test_one_that_becomes_worse_is_open_again(migrated: Settings, client: Client) -> None:
    app = console(lambda: connect(migrated))

    async def test(http: httpx.AsyncClient) -> None:
        seen = (await http.get(PATH)).headers["etag"]
        await step(http, "ack", seen)
        held = app.state.console.triages.of([ALERT])
        store_alert(client, ALERT, "critical", 10**9, int(time.time() * 1_000), revision=2)
        now = (await http.get(PATH)).json()
        assert (now["state"], now["owner"]) == ("open", "")
        assert now["reopened"] == "worse than it was then"
        late = await step(http, "close", f'"1-{"warning"}"', reason="seen as a warning")
        assert late.status_code == 412
        found = list(alerts_of(migrated))
        now_ms = int(time.time() * 1_000)
        assert alerts.critical(found, held, now_ms) == 1
        again = await step(http, "ack", f'"{now["tag"]}"')
        assert again.json()["state"] == "acked"
        assert alerts.critical(found, app.state.console.triages.of([ALERT]), now_ms) == 0

    with_app(app, test, reads=False, roles=[Role.NOC_OPERATOR])


def alerts_of(settings: Settings) -> Any:
    """All stored alerts."""
    return fraud_alerts.alerts(connect(settings), 0)


REFUSED = [
    ({"step": "ack"}, None, 428),
    ({"step": "ack"}, '"9-warning"', 412),
    ({"step": "close"}, '"0-warning"', 422),
    ({"step": "shelve", "reason": "later"}, '"0-warning"', 422),
    ({"step": "shelve", "reason": "ago", "until_at": "2020-01-01T00:00:00Z"}, "*", 422),
    ({"step": "shelve", "reason": "where", "until_at": "2030-01-01T00:00:00"}, "*", 422),
    ({"step": "release"}, "*", 409),
    ({"step": "forget"}, "*", 422),
]


def test_what_is_refused_changes_and_logs_nothing(migrated: Settings, client: Client) -> None:
    app = console(lambda: connect(migrated))

    async def test(http: httpx.AsyncClient) -> None:
        http.headers[HEADER] = form_token(http.cookies[PLAIN])
        for body, tag, status in REFUSED:
            headers = {"if-match": tag} if tag else {}
            answer = await http.post(PATH, json=body, headers=headers)
            assert answer.status_code == status, answer.text
        assert (await http.get(PATH)).json()["tag"] == "0-warning"
        assert app.state.identity.audit.rows(Wanted(what="alert")) == []
        assert (await http.get(PATH.replace(ALERT, "nobody"))).status_code == 404

    with_app(app, test, reads=False, roles=[Role.NOC_OPERATOR])
