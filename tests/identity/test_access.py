"""Who may use what: every route has a rule, and every rule is tried with everybody."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from sqlalchemy import update
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from dashboards import app as console
from dashboards.api import noc
from dashboards.identity.access import OPEN_MOUNTS, without_rule
from dashboards.identity.keys import Asked
from dashboards.identity.roles import Role
from dashboards.identity.store import Identity
from dashboards.identity.tables import SESSIONS
from deploy.runtime.documents import changing, opened
from tests.dashboards.people import entrance, person
from tests.identity.requests import app_in, asking, by_key, by_session

EVERYBODY = frozenset(Role)
STAFF = EVERYBODY - {Role.PARTNER}
OPERATES = frozenset({Role.NOC_OPERATOR, Role.ADMIN})
ADMIN = frozenset({Role.ADMIN})
ANALYSES = frozenset({Role.FINANCE_ANALYST, Role.ADMIN})
APPROVES = frozenset({Role.FINANCE_APPROVER, Role.ADMIN})
FINANCE = ANALYSES | APPROVES
OWN = frozenset({Role.PARTNER})
"""an admin has no account of their own"""
OPEN = None
"""also for nobody"""
RULES = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/noc"): STAFF,
    ("GET", "/wall"): STAFF,
    ("GET", "/v1/noc"): STAFF,
    ("GET", "/v1/noc/stream"): STAFF,
    ("GET", "/v1/conservation"): STAFF,
    ("GET", "/v1/calls"): STAFF,
    ("GET", "/v1/calls/{call}"): STAFF,
    ("GET", "/v1/calls/{call}/why"): STAFF,
    ("GET", "/v1/suspense"): STAFF,
    ("GET", "/calls"): STAFF,
    ("GET", "/calls/{call}"): STAFF,
    ("GET", "/suspense"): STAFF,
    ("GET", "/v1/alerts"): STAFF,
    ("GET", "/v1/alerts/{alert}"): STAFF,
    ("POST", "/v1/alerts/{alert}/answers"): OPERATES,
    ("GET", "/v1/alerts/{alert}/triage"): STAFF,
    ("POST", "/v1/alerts/{alert}/triage"): OPERATES,
    ("GET", "/v1/accounts"): STAFF,
    ("GET", "/v1/accounts/{role}/{account}"): STAFF,
    ("GET", "/accounts"): STAFF,
    ("GET", "/accounts/{role}/{account}"): STAFF,
    ("GET", "/alerts"): STAFF,
    ("GET", "/alerts/{alert}"): STAFF,
    ("GET", "/v1/decks"): STAFF,
    ("GET", "/v1/decks/{side}/{deck}"): STAFF,
    ("GET", "/v1/deck-drafts"): STAFF,
    ("POST", "/v1/deck-drafts"): ANALYSES,
    ("GET", "/v1/deck-drafts/{number}"): STAFF,
    ("GET", "/v1/deck-drafts/{number}/diff"): STAFF,
    ("POST", "/v1/deck-drafts/{number}/approval"): APPROVES,
    ("POST", "/v1/deck-drafts/{number}/publication"): APPROVES,
    ("POST", "/v1/deck-drafts/{number}/rejection"): APPROVES,
    ("GET", "/decks"): STAFF,
    ("GET", "/decks/{side}/{deck}"): STAFF,
    ("GET", "/deck-drafts/{number}"): STAFF,
    ("GET", "/v1/reratings"): STAFF,
    ("POST", "/v1/reratings"): ANALYSES,
    ("GET", "/v1/reratings/{number}"): STAFF,
    ("GET", "/v1/reratings/{number}/progress"): STAFF,
    ("GET", "/v1/reratings/{number}/calls/{call}"): STAFF,
    ("POST", "/v1/reratings/{number}/preview"): ANALYSES,
    ("POST", "/v1/reratings/{number}/submission"): ANALYSES,
    ("POST", "/v1/reratings/{number}/approval"): APPROVES,
    ("POST", "/v1/reratings/{number}/rejection"): APPROVES,
    ("POST", "/v1/reratings/{number}/application"): APPROVES,
    ("POST", "/v1/reratings/{number}/rollback"): APPROVES,
    ("POST", "/v1/reratings/{number}/cancellation"): FINANCE,
    ("POST", "/v1/reratings/{number}/pause"): FINANCE,
    ("POST", "/v1/reratings/{number}/resumption"): FINANCE,
    ("GET", "/reratings"): STAFF,
    ("GET", "/reratings/{number}"): STAFF,
    ("GET", "/v1/accounts.toml"): STAFF,
    ("GET", "/v1/accounts.csv"): STAFF,
    ("POST", "/v1/account-files"): APPROVES,
    ("GET", "/v1/accounts/{role}/{account}/terms"): STAFF,
    ("PUT", "/v1/accounts/{role}/{account}/terms"): APPROVES,
    ("POST", "/v1/accounts/{role}/{account}/orders"): APPROVES,
    ("GET", "/v1/variance"): STAFF,
    ("GET", "/v1/variance.csv"): STAFF,
    ("GET", "/v1/variance-days"): STAFF,
    ("GET", "/v1/profit"): STAFF,
    ("GET", "/v1/profit.csv"): STAFF,
    ("GET", "/variance"): STAFF,
    ("GET", "/profit"): STAFF,
    ("GET", "/own"): OWN,
    ("GET", "/v1/own/accounts"): OWN,
    ("GET", "/v1/own/calls"): OWN,
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("GET", "/sign-in"): OPEN,
    ("POST", "/sign-in"): OPEN,
    ("POST", "/sign-out"): EVERYBODY,
    ("GET", "/account"): EVERYBODY,
    ("GET", "/v1/session"): EVERYBODY,
    ("POST", "/v1/session"): OPEN,
    ("DELETE", "/v1/session"): EVERYBODY,
    ("PUT", "/v1/session/password"): EVERYBODY,
    ("GET", "/v1/keys"): EVERYBODY,
    ("POST", "/v1/keys"): EVERYBODY,
    ("DELETE", "/v1/keys/{number}"): EVERYBODY,
    ("GET", "/v1/openapi.json"): EVERYBODY,
    ("GET", "/api"): EVERYBODY,
    ("GET", "/admin/users"): ADMIN,
    ("GET", "/v1/users"): ADMIN,
    ("POST", "/v1/users"): ADMIN,
    ("PATCH", "/v1/users/{name}"): ADMIN,
    ("POST", "/v1/users/{name}/password"): ADMIN,
    ("GET", "/admin/audit"): ADMIN,
    ("GET", "/v1/audit"): ADMIN,
    ("GET", "/v1/audit.csv"): ADMIN,
}
"""what the guide says (docs/identity.md), written down a second time"""
ONE_TIME = frozenset(
    path for _, path in RULES if path.startswith(("/v1/session", "/sign-out")) or path == "/account"
)
"""what is allowed before the one-time password is changed"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The console; its stream is full, so that it answers at once."""
    monkeypatch.setattr(noc, "VIEWERS_MAX", 0)
    return app_in(tmp_path)


@pytest.fixture
def own(app: FastAPI) -> Identity:
    """Its users, one of each role."""
    found: Identity = app.state.identity
    for role in Role:
        person(found, str(role), [role], "acme" if role is Role.PARTNER else "")
    return found


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """(method, path) of all routes but mounts."""
    for found in iter_route_contexts(app.routes):
        if found.path not in OPEN_MOUNTS:
            yield from ((method, str(found.path)) for method in found.methods or ())


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    assert set(routes(app)) == set(RULES)


def test_a_route_without_a_rule_is_found_and_stops_the_start(
    app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(without_rule(app.routes)) == []
    router = APIRouter()
    router.add_api_route("/v1/new", lambda: None)

    class New:
        """A module of endpoints."""

    New.router = router  # type: ignore[attr-defined]
    monkeypatch.setattr(console, "ROUTERS", (*console.ROUTERS, New))
    with pytest.raises(RuntimeError, match="/v1/new names no rule"):
        app_in(tmp_path)
    app.mount("/files", StaticFiles(directory=tmp_path))
    app.add_route("/plain", plain)
    assert set(without_rule(app.routes)) == {"/files", "/plain"}


def plain(_: Request) -> Response:
    """A route that is not FastAPI's."""
    return Response()


async def refused(http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> int:
    """401 or 403 for what was refused so or led to the sign-in page, else 0."""
    url = path.replace("{number}", "99").replace("{name}", "nobody")
    plain = method == "GET" or path.startswith("/sign")
    body: dict[str, str] | None = None if plain else {}
    answer = await http.request(method, url, json=body, headers=headers)
    place = answer.headers.get("location", "")
    if answer.status_code == 303 and path not in ("/sign-in", "/sign-out"):
        assert place.startswith("/sign-in?next=") or place == "/account", place
        return 401 if place.startswith("/sign-in") else 403
    if answer.status_code in (401, 403) and path.startswith("/v1/"):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
    assert answer.status_code != 500
    return answer.status_code if answer.status_code in (401, 403) else 0


def expected(rule: frozenset[Role] | None, role: Role) -> int:
    """What somebody of this role gets."""
    admitted = role is Role.ADMIN and rule is not OWN
    return 0 if rule is OPEN or role in rule or admitted else 403


WRONG_PASSWORD = ("POST", "/sign-in")
"""answers 401 to an empty form, whoever sends it"""


@pytest.mark.parametrize("role", list(Role))
def test_every_endpoint_with_every_role(app: FastAPI, own: Identity, role: Role) -> None:
    async def test(http: httpx.AsyncClient) -> None:
        key = own.keys.new(Asked(str(role), "all", (role,), 1), own.by("test"))
        for (method, path), rule in RULES.items():
            if (method, path) == WRONG_PASSWORD:
                continue
            wanted = expected(rule, role)
            token = entrance(own, str(role))
            told = await refused(http, method, path, by_session(token))
            assert told == wanted, (method, path, "session")
            told = await refused(http, method, path, by_key(key))
            assert told == wanted, (method, path, "key")

    asking(app, test)


def _aged(own: Identity, url: str, token: str) -> str:
    with changing(opened(url)) as connection:
        connection.execute(update(SESSIONS).values(seen_ms=own.clock_ms() - 2 * 3_600_000))
    return token


def test_every_endpoint_with_nobody(app: FastAPI, own: Identity, tmp_path: Path) -> None:
    """No identity, an expired session, a made-up one, keys that do not work."""
    person(own, "root", [Role.ADMIN])
    key = own.keys.new(Asked("root", "revoked", (Role.ADMIN,), 1), own.by("test"))
    own.keys.revoke(1, own.by("test"))
    expired = _aged(own, f"sqlite:///{tmp_path}/documents.db", entrance(own, "root"))
    nobody = {
        "nothing": {},
        "expired session": by_session(expired),
        "made-up session": by_session("x" * 43),
        "revoked key": by_key(key),
        "made-up key": by_key("tw_" + "x" * 43),
        "another scheme": {"authorization": "Basic cm9vdDpyb290"},
        "a bad key beside a good session": {
            **by_session(entrance(own, "root")),
            **by_key("tw_no"),
        },
    }

    async def test(http: httpx.AsyncClient) -> None:
        for (method, path), rule in RULES.items():
            if (method, path) == WRONG_PASSWORD:
                continue
            for who, headers in nobody.items():
                told = await refused(http, method, path, headers)
                assert told == (0 if rule is OPEN else 401), (method, path, who)

    asking(app, test)


def test_a_one_time_password_lets_do_nothing_but_change_it(app: FastAPI) -> None:
    own: Identity = app.state.identity
    password = own.users.first(own.clock_ms())
    assert password is not None
    user = own.users.verified("admin", password)
    assert user is not None

    async def test(http: httpx.AsyncClient) -> None:
        for (method, path), rule in RULES.items():
            if (method, path) == WRONG_PASSWORD:
                continue
            token = own.sessions.begin(user, own.by("admin"))
            told = await refused(http, method, path, by_session(token))
            wanted = 0 if rule is OPEN or path in ONE_TIME else 403
            assert told == wanted, (method, path)

    asking(app, test)
