"""`/v1/session`: sign in, see who is signed in, sign out, change one's password; for our pages.

Scripts of others use API keys, which need no session.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dashboards.api.problems import Limited, Refused
from dashboards.api.sign_in import address
from dashboards.api.who import BODY_BYTES_MAX, REFUSALS, Identities, SignedInAtAll, refusals
from dashboards.identity import cookie
from dashboards.identity.access import OPEN, NotAllowed
from dashboards.identity.forgery import of_this_host
from dashboards.identity.passwords import LENGTH_MAX, PasswordRefused
from dashboards.identity.roles import Role
from dashboards.identity.sessions import form_token
from dashboards.identity.signing import (
    NAME_CHARS_MAX,
    TooManyTries,
    WrongPassword,
    change_password,
    sign_in,
)

router = APIRouter(prefix="/v1/session", tags=["identity"], max_body_size=BODY_BYTES_MAX)


class Entry(BaseModel):
    """Name and password."""

    name: str = Field(max_length=NAME_CHARS_MAX)
    password: str = Field(max_length=LENGTH_MAX)


class NewPassword(BaseModel):
    """The present password, and the one in its place."""

    present: str = Field(max_length=LENGTH_MAX)
    new: str = Field(max_length=LENGTH_MAX)


class Session(BaseModel):
    """Who is signed in; `csrf` goes into the header X-CSRF-Token of what changes something."""

    name: str
    roles: list[Role]
    partner: str
    must_change_password: bool
    csrf: str


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """Refusals as problems."""
    try:
        yield
    except TooManyTries as error:
        raise Limited(str(error), error.wait_s) from None
    except (WrongPassword, PasswordRefused) as error:
        raise Refused(str(error)) from None


@router.get("", responses=REFUSALS)
async def read_session(person: SignedInAtAll) -> Session:
    """Who asks."""
    return Session(
        name=person.name,
        roles=sorted(person.roles),
        partner=person.partner,
        must_change_password=person.must_change,
        csrf=form_token(person.token) if person.via == "session" else "",
    )


@router.post(
    "",
    dependencies=[Depends(OPEN)],
    status_code=HTTPStatus.CREATED,
    responses=refusals(401, 403, 429, 503),
)
async def begin_session(
    request: Request, response: Response, entry: Entry, identity: Identities
) -> Session:
    """Sign in: the answer sets the cookie."""
    of_this_host(request)
    async with _told():
        try:
            user, token = await sign_in(identity, entry.name, entry.password, address(request))
        except WrongPassword as error:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, str(error)) from None
    cookie.give(request, response, token)
    return Session(
        name=user.name,
        roles=list(user.roles),
        partner=user.partner,
        must_change_password=user.must_change,
        csrf=form_token(token),
    )


@router.delete("", responses=REFUSALS, status_code=HTTPStatus.NO_CONTENT)
def end_session(
    request: Request, response: Response, person: SignedInAtAll, identity: Identities
) -> None:
    """Sign out."""
    identity.sessions.end(person.token, identity.by(person.name))
    cookie.take(request, response)


@router.put("/password", responses=REFUSALS | refusals(429), status_code=HTTPStatus.NO_CONTENT)
async def set_password(
    request: Request,
    response: Response,
    entry: NewPassword,
    person: SignedInAtAll,
    identity: Identities,
) -> None:
    """Change one's own password: every other session of oneself ends."""
    if person.via != "session":
        raise NotAllowed("A key does not change a password.")
    async with _told():
        signed = await change_password(
            identity, person.name, entry.present, entry.new, address(request)
        )
    cookie.give(request, response, signed.token)
