"""Signing in and out by the page; `session.py` has the same for scripts."""

from http import HTTPStatus

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dashboards.api.page import ACCOUNT, shown
from dashboards.api.who import BODY_BYTES_MAX, Identities, SignedInAtAll
from dashboards.identity import cookie
from dashboards.identity.access import OPEN, who
from dashboards.identity.forgery import of_this_host
from dashboards.identity.places import local_path
from dashboards.identity.signing import TooManyTries, WrongPassword, sign_in

router = APIRouter(max_body_size=BODY_BYTES_MAX)


def address(request: Request) -> str:
    """Where a request comes from, as the proxy in front says if there is one."""
    return request.client.host if request.client else "nowhere"


@router.get("/sign-in", include_in_schema=False, dependencies=[Depends(OPEN)])
async def open_sign_in(request: Request) -> Response:
    """The sign-in page; whoever is signed in already goes on."""
    wanted = local_path(request.query_params.get("next", ""))
    person = await who(request)
    if person is not None:
        place = ACCOUNT if person.must_change else wanted
        return RedirectResponse(place, HTTPStatus.SEE_OTHER)
    return shown(request, "sign_in.html", None, wanted=wanted, name="", said="")


@router.post("/sign-in", include_in_schema=False, dependencies=[Depends(OPEN)])
async def send_sign_in(request: Request, identity: Identities) -> Response:
    """Sign in by the page's form."""
    of_this_host(request)
    form = await request.form()
    name, password, wanted = (str(form.get(field, "")) for field in ("name", "password", "next"))
    wanted = local_path(wanted)
    try:
        signed = await sign_in(identity, name, password, address(request))
    except (TooManyTries, WrongPassword) as error:
        limited = isinstance(error, TooManyTries)
        status = HTTPStatus.TOO_MANY_REQUESTS if limited else HTTPStatus.UNAUTHORIZED
        more = {"wanted": wanted, "name": name, "said": str(error)}
        answer = shown(request, "sign_in.html", None, status, **more)
        if isinstance(error, TooManyTries):
            answer.headers["retry-after"] = str(error.wait_s)
        return answer
    place = ACCOUNT if signed.user.must_change else wanted
    answer = RedirectResponse(place, HTTPStatus.SEE_OTHER)
    cookie.give(request, answer, signed.token)
    return answer


@router.post("/sign-out", include_in_schema=False)
def send_sign_out(request: Request, person: SignedInAtAll, identity: Identities) -> Response:
    """End this session."""
    identity.sessions.end(person.token, identity.by(person.name))
    answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    cookie.take(request, answer)
    return answer
