"""Users for admins: the page, and `/v1/users`."""

from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from dashboards.api.page import shown
from dashboards.api.problems import Refused
from dashboards.api.who import BODY_BYTES_MAX, REFUSALS, Admin, Identities
from dashboards.identity.roles import Role
from dashboards.identity.users import IdentityRefused

router = APIRouter(tags=["identity"], responses=REFUSALS, max_body_size=BODY_BYTES_MAX)


class UserShown(BaseModel):
    """A user. Instants are milliseconds since 1970."""

    name: str
    roles: list[Role]
    partner: str
    disabled: bool
    must_change: bool
    created_ms: int
    password_ms: int


class UserAsked(BaseModel):
    """A new user; `partner` is the account whose data a partner sees."""

    name: str = Field(max_length=64, examples=["ann"])
    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    partner: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=500)


class UserChange(BaseModel):
    """What shall be different, one thing at a time; what is left out stays."""

    roles: list[Role] | None = Field(default=None, min_length=1, max_length=len(Role))
    partner: str = Field(default="", max_length=200)
    disabled: bool | None = None
    reason: str = Field(default="", max_length=500)


class OneTime(BaseModel):
    """A one-time password, for this once."""

    password: str


class PasswordReset(BaseModel):
    """What for; goes into the audit log."""

    reason: str = Field(default="", max_length=500)


@router.get("/admin/users", include_in_schema=False)
def open_users(request: Request, person: Admin, identity: Identities) -> Response:
    """The page of users."""
    return shown(request, "users.html", person, users=identity.users.all(), roles=list(Role))


@router.get("/v1/users")
def list_users(_: Admin, identity: Identities) -> list[UserShown]:
    """Every user, by name."""
    return [UserShown.model_validate(user._asdict()) for user in identity.users.all()]


@router.post("/v1/users", status_code=HTTPStatus.CREATED)
async def add_user(asked: UserAsked, person: Admin, identity: Identities) -> OneTime:
    """Add a user; the answer has their one-time password."""
    by = identity.by(person.name, asked.reason)
    try:
        password = await identity.slowly(
            identity.users.add, asked.name, asked.roles, asked.partner, by
        )
    except IdentityRefused as error:
        raise Refused(str(error)) from None
    return OneTime(password=password)


@router.patch("/v1/users/{name}")
def change_user(name: str, change: UserChange, person: Admin, identity: Identities) -> UserShown:
    """Give other roles, disable, enable."""
    if change.roles is not None and change.disabled is not None:
        raise Refused("give other roles, or let in or out: one at a time")
    by = identity.by(person.name, change.reason)
    try:
        if change.roles is not None:
            identity.users.set_roles(name, change.roles, change.partner, by)
        if change.disabled is not None:
            identity.users.set_disabled(name, change.disabled, by)
        return UserShown.model_validate(identity.users.known(name)._asdict())
    except IdentityRefused as error:
        raise Refused(str(error)) from None


@router.post("/v1/users/{name}/password", status_code=HTTPStatus.CREATED)
async def reset_password(
    name: str, why: PasswordReset, person: Admin, identity: Identities
) -> OneTime:
    """A new one-time password in the place of a lost one; every session of theirs ends."""
    by = identity.by(person.name, why.reason)
    try:
        password = await identity.slowly(identity.users.reset_password, name, by)
    except IdentityRefused as error:
        raise Refused(str(error)) from None
    return OneTime(password=password)
