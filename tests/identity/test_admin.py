"""Admins over HTTP: users, and the audit log with its export."""

import csv
import io
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from dashboards.api.audit import COLUMNS
from dashboards.identity.roles import Role
from dashboards.identity.store import Identity
from tests.dashboards.people import entrance, person
from tests.identity.requests import app_in, asking, by_session

HOSTILE = '=HYPERLINK("http://evil.example")'


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """The console, with an admin."""
    found = app_in(tmp_path)
    person(found.state.identity, "root", [Role.ADMIN])
    return found


@pytest.fixture
def own(app: FastAPI) -> Identity:
    """Its users."""
    found: Identity = app.state.identity
    return found


def test_a_user_is_added_changed_and_disabled(app: FastAPI, own: Identity) -> None:
    headers = by_session(entrance(own, "root"))

    async def test(http: httpx.AsyncClient) -> None:
        http.headers.update(headers)
        asked = {"name": "ann", "roles": ["noc.viewer"], "reason": "new"}
        made = await http.post("/v1/users", json=asked)
        assert made.status_code == 201
        assert own.users.verified("ann", made.json()["password"]) is not None
        assert (await http.post("/v1/users", json=asked)).status_code == 422
        changed = await http.patch("/v1/users/ann", json={"roles": ["noc.operator"]})
        assert (changed.json()["roles"], changed.json()["disabled"]) == (["noc.operator"], False)
        both = {"roles": ["noc.viewer"], "disabled": True}
        assert (await http.patch("/v1/users/ann", json=both)).status_code == 422
        assert own.users.known("ann").roles == ("noc.operator",)
        reset = await http.post("/v1/users/ann/password", json={})
        assert own.users.verified("ann", reset.json()["password"]) is not None
        assert (await http.patch("/v1/users/ann", json={"disabled": True})).json()["disabled"]
        assert (await http.patch("/v1/users/root", json={"disabled": True})).status_code == 422
        assert (await http.patch("/v1/users/nobody", json={})).status_code == 422
        assert [user["name"] for user in (await http.get("/v1/users")).json()] == ["ann", "root"]
        page = (await http.get("/admin/users")).text
        assert "ann" in page
        assert "disabled" in page

    asking(app, test)


def test_the_log_is_filtered_and_exported_without_formulas(app: FastAPI, own: Identity) -> None:
    headers = by_session(entrance(own, "root"))
    own.audit.tell(own.by("root", HOSTILE).event("test.hostile", "@SUM(1)", "-1", "+1"))

    async def test(http: httpx.AsyncClient) -> None:
        http.headers.update(headers)
        found = (await http.get("/v1/audit", params={"what": "test"})).json()
        assert [(row["what"], row["reason"]) for row in found] == [("test.hostile", HOSTILE)]
        answer = await http.get("/v1/audit.csv", params={"object": "@SUM(1)"})
        assert answer.headers["content-type"].startswith("text/csv")
        header, row = csv.reader(io.StringIO(answer.text))
        assert header == list(COLUMNS)
        assert row[2:8] == ["root", "test.hostile", "'@SUM(1)", "'-1", "'+1", f"'{HOSTILE}"]
        assert row[9] == found[0]["own"]
        page = (await http.get("/admin/audit", params={"actor": "root", "what": "test"})).text
        assert "test.hostile" in page
        assert "user.add" not in page
        assert (await http.get("/v1/audit", params={"limit": 10_001})).status_code == 422

    asking(app, test)
