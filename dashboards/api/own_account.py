"""One's own account: the page, and `/v1/keys` for one's own API keys."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from dashboards.api.page import ACCOUNT, shown
from dashboards.api.problems import Refused
from dashboards.api.who import (
    BODY_BYTES_MAX,
    REFUSALS,
    Identities,
    SignedIn,
    SignedInAtAll,
)
from dashboards.identity.access import NotAllowed
from dashboards.identity.keys import DAYS_MAX, Asked, Key
from dashboards.identity.roles import Person, Role
from dashboards.identity.users import IdentityRefused

Number = Annotated[int, Path(ge=1, le=2**31 - 1)]

router = APIRouter(max_body_size=BODY_BYTES_MAX)


class KeyAsked(BaseModel):
    """What a new key shall be: what for, what it may, for how long."""

    label: str = Field(min_length=1, max_length=80, examples=["billing export"])
    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    days: int = Field(ge=1, le=DAYS_MAX, examples=[90])


class NewKey(BaseModel):
    """The key itself, for this once."""

    key: str


class KeyShown(BaseModel):
    """A key without what makes it one. Instants are milliseconds since 1970; 0: never."""

    number: int
    start: str
    label: str
    roles: list[Role]
    created_ms: int
    expires_ms: int
    used_ms: int
    revoked_ms: int


@router.get(ACCOUNT, include_in_schema=False)
def open_account(request: Request, person: SignedInAtAll, identity: Identities) -> Response:
    """Password, keys, sign-out; with a one-time password only its change."""
    keys = [] if person.must_change else identity.keys.all(person.name)
    return shown(
        request,
        "own_account.html",
        person,
        keys=keys,
        grantable=_grantable(person),
        now_ms=identity.clock_ms(),
    )


@router.get("/v1/keys", tags=["identity"], responses=REFUSALS)
def list_keys(person: SignedIn, identity: Identities) -> list[KeyShown]:
    """One's own keys, newest first."""
    return [_shown(key) for key in identity.keys.all(person.name)]


@router.post("/v1/keys", tags=["identity"], responses=REFUSALS, status_code=HTTPStatus.CREATED)
def make_key(asked: KeyAsked, person: SignedIn, identity: Identities) -> NewKey:
    """Make a key of one's own. It cannot be seen again."""
    if person.via != "session":
        raise NotAllowed("Only who has signed in makes keys.")
    wanted = Asked(person.name, asked.label, tuple(asked.roles), asked.days)
    try:
        return NewKey(key=identity.keys.new(wanted, identity.by(person.name)))
    except IdentityRefused as error:
        raise Refused(str(error)) from None


@router.delete(
    "/v1/keys/{number}",
    tags=["identity"],
    responses=REFUSALS,
    status_code=HTTPStatus.NO_CONTENT,
)
def revoke_key(number: Number, person: SignedIn, identity: Identities) -> None:
    """Have one's own key work no longer; an admin any key."""
    owner = "" if Role.ADMIN in person.roles else person.name
    try:
        identity.keys.revoke(number, identity.by(person.name), owner)
    except IdentityRefused as error:
        raise Refused(str(error)) from None


def _grantable(person: Person) -> list[Role]:
    if Role.ADMIN in person.roles:
        return [role for role in Role if role is not Role.PARTNER]
    return sorted(person.roles)


def _shown(key: Key) -> KeyShown:
    return KeyShown.model_validate({**key._asdict(), "roles": list(key.roles)})
