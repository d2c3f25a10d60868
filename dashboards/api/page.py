"""Pages: the start page, the NOC, and how every page is made.

A page without data of its own: the figures come by the stream. What a page knows is who looks.
"""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from billing.instants import format_instant_ms
from billing.money import format_nanos
from dashboards.api import problems
from dashboards.api.who import OPERATES, SignedIn, Staff
from dashboards.definitions import DEFINITIONS
from dashboards.identity.access import API, Elsewhere, who
from dashboards.identity.roles import Person
from dashboards.identity.sessions import form_token
from dashboards.lining import lined
from deploy.runtime.documents import DocumentsDown

PAGES: Final = Path(__file__).parents[1] / "pages"
NOC: Final = "/noc"
ACCOUNT: Final = "/account"
OWN: Final = "/own"

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(PAGES)
_templates.env.globals |= {
    "lined": lined,
    "instant": format_instant_ms,
    "money": format_nanos,
    "second": lambda at_ms: format_instant_ms(at_ms)[:19].replace("T", " "),
    "utc": lambda at_ms: format_instant_ms(at_ms)[:16].replace("T", " "),
}


def shown(
    request: Request, template: str, person: Person | None, status: int = HTTPStatus.OK, **more: Any
) -> Response:
    """A page, with who looks at it and what its forms carry."""
    csrf = form_token(person.token) if person and person.via == "session" else ""
    about = {"person": person, "csrf": csrf, **more}
    return _templates.TemplateResponse(request, template, about, status_code=status)


def start_of(person: Person) -> str:
    """Where somebody begins: the NOC, or a partner's own calls."""
    return NOC if person.works_here else OWN


@router.get("/")
async def open_start(person: SignedIn) -> Response:
    """The start page is the NOC for those who work here."""
    return RedirectResponse(start_of(person), HTTPStatus.TEMPORARY_REDIRECT)


@router.get(NOC)
async def open_noc(request: Request, person: Staff) -> Response:
    """The NOC page."""
    may = person.via == "session" and person.may(OPERATES.roles)
    return shown(request, "noc.html", person, definitions=DEFINITIONS, may=may)


@router.get("/wall")
async def open_wall(request: Request, person: Staff) -> Response:
    """The NOC page for a screen on the wall: larger, and nothing to click on."""
    more: dict[str, Any] = {"definitions": DEFINITIONS, "may": False, "wall": True}
    return shown(request, "noc.html", person, **more)


async def go_elsewhere(_: Request, error: Exception) -> Response:
    """The handler for Elsewhere."""
    if not isinstance(error, Elsewhere):
        raise error
    return RedirectResponse(error.path, HTTPStatus.SEE_OTHER)


async def answer(request: Request, error: Exception) -> Response:
    """The handler for HTTPException and RequestValidationError: a page where one was opened."""
    invalid = isinstance(error, RequestValidationError)
    found = await (problems.answer_invalid if invalid else problems.answer)(request, error)
    looks = "text/html" in request.headers.get("accept", "") and request.method == "GET"
    if not looks or request.url.path.startswith(API):
        return found
    try:
        person = await who(request)
    except DocumentsDown as away:
        return await problems.answer_away(request, away)
    said = json.loads(bytes(found.body))
    title = "Not allowed" if found.status_code == HTTPStatus.FORBIDDEN else said["title"]
    about = {"title": title, "detail": said["detail"]}
    return shown(request, "problem.html", person, found.status_code, **about)
