"""Answers to alerts that come to nothing: each says why, and the audit log has what was tried."""

import time

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from clickhouse.client import connect
from dashboards.identity.audit import Wanted
from dashboards.identity.cookie import PLAIN
from dashboards.identity.forgery import HEADER
from dashboards.identity.roles import Role
from dashboards.identity.sessions import form_token
from deploy.runtime.settings import Settings
from tests.dashboards.fraud import store_alert
from tests.dashboards.one_process import console, with_app

ALERT = "00000000000000aa"
NOTE = {"kind": "undo", "note": "a campaign"}
pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def client(migrated: Settings) -> Client:
    """A database with one alert."""
    opened = connect(migrated)
    store_alert(opened, ALERT, "critical", 10**9, int(time.time() * 1_000))
    return opened


def test_a_broker_that_is_away_leaves_a_trace(migrated: Settings, client: Client) -> None:
    app = console(lambda: connect(migrated))

    async def test(http: httpx.AsyncClient) -> None:
        http.headers[HEADER] = form_token(http.cookies[PLAIN])
        answer = await http.post(f"/v1/alerts/{ALERT}/answers", json=NOTE, timeout=60)
        assert (answer.status_code, "broker" in answer.json()["detail"]) == (503, True)
        rows = app.state.identity.audit.rows(Wanted(what="alert"))
        assert [row.event.what for row in rows] == ["alert.undo.failed", "alert.undo"]

    with_app(app, test, reads=False, roles=[Role.NOC_OPERATOR])


@pytest.mark.parametrize(
    ("alert", "body", "status"),
    [
        ("nobody-told-it", NOTE, 404),
        (ALERT, {**NOTE, "kind": "lifted"}, 422),
        (ALERT, {**NOTE, "value": "block_everything"}, 422),
        (ALERT, {**NOTE, "note": ""}, 422),
    ],
)
def test_what_is_no_answer_is_refused_and_not_logged(
    migrated: Settings, client: Client, alert: str, body: dict[str, str], status: int
) -> None:
    app = console(lambda: connect(migrated))

    async def test(http: httpx.AsyncClient) -> None:
        http.headers[HEADER] = form_token(http.cookies[PLAIN])
        answer = await http.post(f"/v1/alerts/{alert}/answers", json=body)
        assert answer.status_code == status
        assert app.state.identity.audit.rows(Wanted(what="alert")) == []

    with_app(app, test, reads=False, roles=[Role.NOC_OPERATOR])
