"""Signing in over HTTP, forged requests, and what a page gets when nobody is signed in."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from dashboards.api import noc
from dashboards.identity import cookie, tries
from dashboards.identity.audit import Wanted
from dashboards.identity.roles import Role
from dashboards.identity.sessions import form_token
from dashboards.identity.store import Identity
from tests.dashboards.people import PASSWORD, entrance, person
from tests.dashboards.test_hub import snapshot
from tests.identity.requests import HOST, app_in, asking, by_session

ENTRY = {"name": "nora", "password": PASSWORD}


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """The console, with a user."""
    found = app_in(tmp_path)
    person(found.state.identity)
    return found


@pytest.fixture
def own(app: FastAPI) -> Identity:
    """Its users."""
    found: Identity = app.state.identity
    return found


@pytest.mark.parametrize(
    ("wanted", "place"),
    [("/noc?x=1", "/noc?x=1"), ("//evil.example/", "/"), ("https://evil.example", "/"), ("", "/")],
)
def test_the_form_signs_in_and_leads_on(app: FastAPI, wanted: str, place: str) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        answer = await http.post("/sign-in", data={**ENTRY, "name": " Nora ", "next": wanted})
        assert (answer.status_code, answer.headers["location"]) == (303, place)
        said = answer.headers["set-cookie"]
        assert said.startswith(f"{cookie.PLAIN}=")
        for word in ("HttpOnly", "SameSite=lax", "Path=/"):
            assert word in said
        assert "Secure" not in said
        assert (await http.get("/v1/session")).json()["name"] == "nora"
        assert (await http.get("/sign-in?next=/noc")).headers["location"] == "/noc"

    asking(app, test)


def test_behind_https_the_cookie_is_secure(app: FastAPI) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        said = (await http.post("/sign-in", data=ENTRY)).headers["set-cookie"]
        assert said.startswith(f"{cookie.SECURE}=")
        assert "Secure" in said
        assert (await http.get("/v1/session")).status_code == 200

    asking(app, test, HOST.replace("http:", "https:"))


def test_a_wrong_password_says_no_more_than_that(app: FastAPI, own: Identity) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        said = set()
        for name in ("nora", "nobody"):
            answer = await http.post("/sign-in", data={"name": name, "password": "wrong"})
            assert answer.status_code == 401
            assert "set-cookie" not in answer.headers
            said.add(answer.text.replace(name, ""))
        assert len(said) == 1
        told = [row.event for row in own.audit.rows(Wanted(what="session.refused"))]
        assert [event.actor for event in told] == ["somebody unknown", "nora"]

    asking(app, test)


def test_too_many_tries_wait_and_say_how_long(app: FastAPI) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        wrong = {**ENTRY, "password": "wrong"}
        for _ in range(tries.PER_NAME_MAX):
            assert (await http.post("/v1/session", json=wrong)).status_code == 401
        for path, body in (("/v1/session", {"json": ENTRY}), ("/sign-in", {"data": ENTRY})):
            answer = await http.post(path, **body)  # type: ignore[arg-type]
            assert answer.status_code == 429, path
            assert 0 < int(answer.headers["retry-after"]) <= tries.WINDOW_MS // 1_000
            assert "Wait" in answer.text

    asking(app, test)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"origin": HOST, "sec-fetch-site": "same-origin"}, 204),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site", "origin": HOST}, 403),
        ({"x-csrf-token": ""}, 403),
        ({"x-csrf-token": form_token("another")}, 403),
    ],
)
def test_a_forged_request_changes_nothing(
    app: FastAPI, own: Identity, headers: dict[str, str], status: int
) -> None:
    token = entrance(own)

    async def test(http: httpx.AsyncClient) -> None:
        answer = await http.delete("/v1/session", headers={**by_session(token), **headers})
        assert answer.status_code == status
        assert (own.of_session(token) is None) == (status == 204)

    asking(app, test)


def test_signing_somebody_in_from_another_site_is_refused(app: FastAPI) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        from_there = {"origin": "http://evil.example"}
        assert (await http.post("/sign-in", data=ENTRY, headers=from_there)).status_code == 403
        assert (await http.post("/v1/session", json=ENTRY, headers=from_there)).status_code == 403

    asking(app, test)


def test_signing_out_by_the_form(app: FastAPI, own: Identity) -> None:
    token = entrance(own)
    sent = {"cookie": f"{cookie.PLAIN}={token}"}

    async def test(http: httpx.AsyncClient) -> None:
        assert (await http.post("/sign-out", headers=sent)).status_code == 403
        fields = {"csrf": form_token(token)}
        answer = await http.post("/sign-out", headers=sent, data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        assert own.of_session(token) is None

    asking(app, test)


def test_changing_the_password_ends_the_other_sessions(app: FastAPI, own: Identity) -> None:
    here, there = entrance(own), entrance(own)
    new = "another horse battery"

    async def test(http: httpx.AsyncClient) -> None:
        for body, word in (
            ({"present": "wrong", "new": new}, "present password is wrong"),
            ({"present": PASSWORD, "new": PASSWORD}, "is the present one"),
            ({"present": PASSWORD, "new": "short"}, "12 to 256"),
        ):
            answer = await http.put("/v1/session/password", json=body, headers=by_session(here))
            assert (answer.status_code, word in answer.json()["detail"]) == (422, True)
        body = {"present": PASSWORD, "new": new}
        answer = await http.put("/v1/session/password", json=body, headers=by_session(here))
        assert answer.status_code == 204
        assert own.of_session(here) is None
        assert own.of_session(there) is None
        assert (await http.get("/v1/session")).json()["name"] == "nora"

    asking(app, test)


def test_what_does_not_fit_is_refused_without_repeating_it(app: FastAPI) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        answer = await http.post("/v1/session", json={"name": "nora", "password": "s3cret" * 99})
        assert answer.status_code == 422
        assert "s3cret" not in answer.text
        assert "password" in answer.json()["detail"]
        answer = await http.post("/v1/session", content=b"{" * 200_000)
        assert answer.status_code in (413, 422)

    asking(app, test)


def test_a_person_who_is_not_allowed_gets_a_page(app: FastAPI, own: Identity) -> None:
    token = entrance(own, "ben", [Role.PARTNER], "acme")

    async def test(http: httpx.AsyncClient) -> None:
        browser = {**by_session(token), "accept": "text/html"}
        answer = await http.get("/noc", headers=browser)
        assert answer.status_code == 403
        assert "Not allowed" in answer.text
        assert (await http.get("/", headers=browser)).headers["location"] == "/own"
        assert (await http.get("/account", headers=browser)).status_code == 200

    asking(app, test)


def test_a_stream_ends_when_its_session_does(
    app: FastAPI, own: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noc, "CHECK_S", 0.0)
    token = entrance(own)
    cookies = f"{cookie.PLAIN}={token}".encode()
    scope = {"type": "http", "app": app, "headers": [(b"cookie", cookies)], "scheme": "http"}
    request = Request({**scope, "method": "GET", "path": "/v1/noc/stream", "query_string": b""})

    async def test(_: httpx.AsyncClient) -> None:
        hub = app.state.console.hub
        hub.open()
        hub.publish(snapshot(1))
        events = noc._events(hub, request)
        assert (await anext(events)).startswith("retry:")
        assert "event: snapshot" in await anext(events)
        own.sessions.end(token, own.by("nora"))
        hub.publish(snapshot(2))
        assert [event async for event in events] == [noc.SIGNED_OUT]

    asking(app, test)
