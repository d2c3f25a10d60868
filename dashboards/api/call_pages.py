"""The pages of stored calls: the list, one call, the suspense. The address holds every filter."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from billing.rating import REASONS
from dashboards.api import page
from dashboards.api.call_query import After, Calls, Window
from dashboards.api.calls import read_call, read_calls, read_suspense, read_why
from dashboards.api.state import Parts
from dashboards.api.who import Staff
from dashboards.identity.roles import Person
from dashboards.lining import lined

HOURS: Final = ((1, "last hour"), (6, "last 6 hours"), (24, "last 24 hours"), (168, "last 7 days"))

router = APIRouter(include_in_schema=False)


@router.get("/calls")
def open_calls(
    request: Request, person: Staff, parts: Parts, wanted: Calls, after: After
) -> Response:
    """Calls of a window, newest first."""
    found = read_calls(parts, wanted, after)
    shown = lined(leg.money or "" for call in found.calls for leg in call.legs)
    reasons = [reason for reason in REASONS if reason]
    return filtered(request, person, "calls.html", page=found, reasons=reasons, money=shown)


@router.get("/calls/{call}")
def open_call(
    request: Request, person: Staff, parts: Parts, call: str, why: Annotated[bool, Query()] = False
) -> Response:
    """One call, both legs; with `why` also the steps of their charges."""
    found = read_call(parts, call)
    told = {each.side: each for each in read_why(parts, call)} if why else {}
    rates = {each.side: each for each in found.rates}
    return filtered(
        request, person, "call.html", found=found, call=found.call, why=told, rates=rates
    )


@router.get("/suspense")
def open_suspense(request: Request, person: Staff, parts: Parts, span: Window) -> Response:
    """What waits in suspense, and the way to its calls."""
    return filtered(
        request, person, "suspense.html", suspense=read_suspense(parts, span), span=span
    )


def filtered(request: Request, person: Person, name: str, **more: Any) -> Response:
    """A page whose address holds its filters."""
    asked = dict(request.query_params)

    def link(**changed: str) -> str:
        return "?" + urlencode({k: v for k, v in {**asked, **changed}.items() if v})

    same: dict[str, Any] = {"asked": asked, "link": link, "hours": HOURS}
    return page.shown(request, name, person, **same, **more)
