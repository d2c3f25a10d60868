"""The rule of each route: who may use it. A route that names no rule does not start.

A route names its rule as a dependency: `Depends(needs(Role.NOC_VIEWER))`, or `Depends(OPEN)` for
everybody, signed in or not. One of the roles is enough; an admin may do everything. Paths under
/v1 answer 401 or 403 with problem details, a page leads to the sign-in page and back.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute

from dashboards.identity import cookie, forgery
from dashboards.identity.places import sign_in_for
from dashboards.identity.roles import Person, Role
from dashboards.identity.store import Identity

OPEN_MOUNTS: Final = frozenset({"/static"})
"""files for everybody; a mount that is not named here does not start"""
CHANGE_FIRST: Final = "/account"
API: Final = "/v1/"
_BEARER: Final = "bearer "


class Elsewhere(Exception):
    """The page is not for this person now; the browser goes there instead."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class SignInNeeded(HTTPException):
    """401: nobody is signed in, or the key or token does not work."""

    def __init__(self) -> None:
        detail = "Sign in, or send an API key that works as `Authorization: Bearer tw_...`."
        super().__init__(HTTPStatus.UNAUTHORIZED, detail, {"www-authenticate": "Bearer"})


class NotAllowed(HTTPException):
    """403: signed in, and not allowed."""

    def __init__(self, detail: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, detail)


@dataclass(frozen=True)
class Needs:
    """A rule: one of these roles; `unfinished`: also with a one-time password."""

    roles: frozenset[Role]
    unfinished: bool = False

    async def __call__(self, request: Request) -> Person:
        """The person, who may use the route. Raises SignInNeeded, NotAllowed, Elsewhere, Forged."""
        person = await who(request)
        if person is None:
            raise Elsewhere(_after_signing_in(request)) if _browses(request) else SignInNeeded()
        if person.must_change and not self.unfinished:
            if _browses(request):
                raise Elsewhere(CHANGE_FIRST)
            raise NotAllowed("Change the one-time password first.")
        if not person.may(self.roles):
            raise NotAllowed(f"This needs a role: {', '.join(sorted(self.roles))}.")
        if person.via == "session" and request.method not in forgery.SAFE:
            await forgery.of_this_session(request, person.token)
        return person

    async def still(self, request: Request) -> bool:
        """Whether the person may go on with an answer that takes long."""
        person = await who(request)
        return person is not None and not person.must_change and person.may(self.roles)


class Open:
    """A rule: everybody, signed in or not."""

    async def __call__(self) -> None:
        """Nothing to check."""


OPEN: Final = Open()


def needs(*roles: Role, unfinished: bool = False) -> Needs:
    """The rule that asks for one of these roles."""
    assert roles, "name a role, or use OPEN"
    return Needs(frozenset(roles), unfinished)


def identity(request: Request) -> Identity:
    """Users, sessions and keys of the app that got this request."""
    found = request.app.state.identity
    assert isinstance(found, Identity)
    return found


async def who(request: Request) -> Person | None:
    """Who asks: by an API key or a token if one was sent, else by the session.

    Raises DocumentsDown.
    """
    sent = request.headers.get("authorization", "")
    if sent:
        bearer = sent[: len(_BEARER)].lower() == _BEARER
        key = sent[len(_BEARER) :].strip() if bearer else ""
        return await run_in_threadpool(identity(request).of_bearer, key)
    token = cookie.read(request)
    return await run_in_threadpool(identity(request).of_session, token) if token else None


def _browses(request: Request) -> bool:
    """Whether a person looks at a page; scripts and forms sent by a script get a status."""
    if request.url.path.startswith(API):
        return False
    return request.method in forgery.SAFE or request.headers.get("sec-fetch-mode") == "navigate"


def _after_signing_in(request: Request) -> str:
    url = request.url
    safe = request.method in forgery.SAFE
    return sign_in_for(f"{url.path}?{url.query}" if url.query else url.path) if safe else "/sign-in"


def without_rule(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """Paths of routes that name no rule."""
    for found in iter_route_contexts(list(routes)):
        dependant = getattr(found, "dependant", None)
        if dependant is None:
            if found.path not in OPEN_MOUNTS:
                yield str(found.path)
        elif rule_of(dependant) is None:
            yield str(found.path)


def open_to_all(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """(method, path) of the API's routes that need no sign-in."""
    return {
        (method, str(found.path))
        for found in iter_route_contexts(list(routes))
        if isinstance(rule_of(getattr(found, "dependant", None)), Open)
        for method in found.methods or ()
    }


def rule_of(dependant: Dependant | None) -> Needs | Open | None:
    """The rule that a route names."""
    calls = _calls(dependant) if dependant else ()
    return next((call for call in calls if isinstance(call, Needs | Open)), None)


def _calls(dependant: Dependant) -> Iterator[object]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)
