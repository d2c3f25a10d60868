"""Users: name, argon2 hash, roles, the partner's account, disabled or not.

Each change is told to the audit log in its own transaction. A user who is disabled, or whose
password is set, loses every session. There is always an enabled admin once there was one.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from billing.errors import TollwireError
from dashboards.identity import audit, passwords
from dashboards.identity.audit import Event
from dashboards.identity.roles import Role
from dashboards.identity.tables import SESSIONS, USERS
from deploy.runtime.documents import changing, reading

FIRST: Final = "admin"
USERS_MAX: Final = 10_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class IdentityRefused(TollwireError):
    """What was asked for is not possible; the message says why."""


class User(NamedTuple):
    """A user as others may see them."""

    name: str
    roles: tuple[Role, ...]
    partner: str
    disabled: bool
    must_change: bool
    created_ms: int
    password_ms: int
    """when the password was set last"""


class By(NamedTuple):
    """Who changes something, when, and what for."""

    actor: str
    at_ms: int
    reason: str = ""

    def event(self, what: str, of: str, before: str = "", after: str = "") -> Event:
        """What the audit log is told."""
        return Event(self.at_ms, self.actor, what, of, before, after, self.reason)


class Users:
    """All users. Raises DocumentsDown, IdentityRefused."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[User]:
        """Every user, by name."""
        with reading(self._engine) as connection:
            found = connection.execute(select(USERS).order_by(USERS.c.name).limit(USERS_MAX))
            return [_user(row) for row in found]

    def first(self, at_ms: int) -> str | None:
        """Where there is no user yet: make the first admin; their one-time password, once."""
        password = passwords.one_time()
        by = By("console", at_ms, "there was no user")
        with changing(self._engine) as connection:
            if connection.execute(select(func.count()).select_from(USERS)).scalar():
                return None
            _insert(connection, FIRST, password, (Role.ADMIN,), "", by)
        return password

    def add(self, name: str, roles: Iterable[Role], partner: str, by: By) -> str:
        """Add a user; their one-time password, to be changed at the first sign-in."""
        password, own = passwords.one_time(), tuple(sorted(set(roles)))
        _accept(name, own, partner)
        with changing(self._engine) as connection:
            if _found(connection, name):
                raise IdentityRefused(f"there is a user {name} already")
            _insert(connection, name, password, own, partner, by)
        return password

    def set_roles(self, name: str, roles: Iterable[Role], partner: str, by: By) -> None:
        """Give a user these roles in the place of earlier ones, from their next request on."""
        own = tuple(sorted(set(roles)))
        _accept(name, own, partner)
        with changing(self._engine) as connection:
            before = _known(connection, name)
            said = json.dumps(own)
            connection.execute(
                update(USERS).where(USERS.c.name == name).values(roles=said, partner=partner)
            )
            _an_admin_is_left(connection)
            event = by.event("user.roles", name, _said(before.roles, before.partner))
            audit.append(connection, event._replace(after=_said(own, partner)))

    def set_disabled(self, name: str, disabled: bool, by: By) -> None:
        """Let a user in no longer, or again; their sessions end, their keys stop working."""
        with changing(self._engine) as connection:
            before = _known(connection, name)
            if before.disabled == disabled:
                return
            connection.execute(update(USERS).where(USERS.c.name == name).values(disabled=disabled))
            _an_admin_is_left(connection)
            connection.execute(delete(SESSIONS).where(SESSIONS.c.name == name))
            words = ("enabled", "disabled")
            what = "user.disable" if disabled else "user.enable"
            audit.append(connection, by.event(what, name, words[before.disabled], words[disabled]))

    def reset_password(self, name: str, by: By) -> str:
        """A new one-time password in the place of the password; every session ends."""
        password = passwords.one_time()
        self._set_password(name, password, True, by, "user.password.reset")
        return password

    def set_password(self, name: str, password: str, by: By) -> None:
        """A password of the user's own choice; every session ends. Raises PasswordRefused."""
        passwords.accept(password, name)
        self._set_password(name, password, False, by, "user.password")

    def _set_password(self, name: str, password: str, must: bool, by: By, what: str) -> None:
        hashed = passwords.hashed(password)
        with changing(self._engine) as connection:
            _known(connection, name)
            values = {"hash": hashed, "must_change": must, "password_ms": by.at_ms}
            connection.execute(update(USERS).where(USERS.c.name == name).values(values))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.name == name))
            audit.append(connection, by.event(what, name))

    def known(self, name: str) -> User:
        """A user by name."""
        with reading(self._engine) as connection:
            return _known(connection, name)

    def verified(self, name: str, password: str) -> User | None:
        """The user, if name and password fit and they are let in. Takes as long if not."""
        with reading(self._engine) as connection:
            row = connection.execute(select(USERS).where(USERS.c.name == name)).one_or_none()
        fits = passwords.matches(row.hash if row else passwords.nobodys(), password)
        return _user(row) if row and fits and not row.disabled else None


def roles_of(text: str) -> tuple[Role, ...]:
    """Roles as they are stored."""
    return tuple(Role(each) for each in json.loads(text))


def _user(row: Any) -> User:
    return User(
        *(row.name, roles_of(row.roles), row.partner, row.disabled, row.must_change),
        *(row.created_ms, row.password_ms),
    )


def _found(connection: Connection, name: str) -> User | None:
    row = connection.execute(select(USERS).where(USERS.c.name == name)).one_or_none()
    return _user(row) if row else None


def _known(connection: Connection, name: str) -> User:
    found = _found(connection, name)
    if found is None:
        raise IdentityRefused(f"there is no user {name}: `tollwire user list` shows all")
    return found


def _insert(
    connection: Connection, name: str, password: str, roles: tuple[Role, ...], partner: str, by: By
) -> None:
    connection.execute(
        insert(USERS).values(
            name=name,
            hash=passwords.hashed(password),
            roles=json.dumps(roles),
            partner=partner,
            disabled=False,
            must_change=True,
            created_ms=by.at_ms,
            password_ms=by.at_ms,
        )
    )
    audit.append(connection, by.event("user.add", name, after=_said(roles, partner)))


def _accept(name: str, roles: tuple[Role, ...], partner: str) -> None:
    if not _NAME.fullmatch(name):
        raise IdentityRefused(
            f"{name!r}: a name has up to 64 small letters, digits and . _ @ -, a letter or digit"
            " first"
        )
    if not roles:
        raise IdentityRefused(f"name a role: {', '.join(Role)}")
    if Role.PARTNER in roles and len(roles) > 1:
        raise IdentityRefused("a partner has no other role: they see their own data only")
    if (Role.PARTNER in roles) != bool(partner):
        raise IdentityRefused("a partner, and nobody else, has the account whose data they see")


def _an_admin_is_left(connection: Connection) -> None:
    rows = connection.execute(select(USERS.c.roles).where(USERS.c.disabled.is_(False)))
    if not any(Role.ADMIN in roles_of(roles) for (roles,) in rows):
        raise IdentityRefused("nobody would be an admin any more: make somebody else one first")


def _said(roles: tuple[Role, ...], partner: str) -> str:
    return ", ".join(roles) + (f" of {partner}" if partner else "")
