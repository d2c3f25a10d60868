"""API keys: shown once, their SHA-256 stored; scoped to roles of their owner; they expire.

A key can do what its roles can and its owner still can: it stops with the owner.
"""

import json
import secrets
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, bindparam, func, insert, select, update

from dashboards.identity import audit
from dashboards.identity.roles import Person, Role
from dashboards.identity.sessions import TOUCH_MS, sha256
from dashboards.identity.tables import KEYS, USERS
from dashboards.identity.users import By, IdentityRefused, roles_of
from deploy.runtime.documents import changing, reading

PREFIX: Final = "tw_"
DAYS_MAX: Final = 366
PER_USER_MAX: Final = 50
"""keys of one user that work"""
_LABEL_CHARS_MAX: Final = 80
_SHOWN: Final = len(PREFIX) + 6
_DAY_MS: Final = 86_400_000
_LOOK: Final = (
    select(
        *(KEYS.c.number, KEYS.c.roles, KEYS.c.expires_ms, KEYS.c.used_ms, KEYS.c.revoked_ms),
        *(USERS.c.name, USERS.c.partner, USERS.c.disabled),
        USERS.c.roles.label("owners"),
    )
    .join_from(KEYS, USERS, KEYS.c.name == USERS.c.name)
    .where(KEYS.c.sha256 == bindparam("sha256"))
)


class Key(NamedTuple):
    """A key as others may see it."""

    number: int
    start: str
    name: str
    """of the owner"""
    label: str
    roles: tuple[Role, ...]
    created_ms: int
    expires_ms: int
    used_ms: int
    """to the minute; 0: never"""
    revoked_ms: int
    """0: not"""


class Asked(NamedTuple):
    """What a new key shall be."""

    name: str
    label: str
    roles: tuple[Role, ...]
    days: int


class Keys:
    """All keys. Raises DocumentsDown, IdentityRefused."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def new(self, asked: Asked, by: By) -> str:
        """A new key. This is the only time that it can be seen."""
        label = asked.label.strip()[:_LABEL_CHARS_MAX]
        if not 1 <= asked.days <= DAYS_MAX:
            raise IdentityRefused(f"a key lasts 1 to {DAYS_MAX} days")
        if not label or not asked.roles:
            raise IdentityRefused("a key has a label that says what for, and a role")
        key = PREFIX + secrets.token_urlsafe(32)
        own = tuple(sorted(set(asked.roles)))
        with changing(self._engine) as connection:
            owner = connection.execute(
                select(USERS.c.roles, USERS.c.disabled).where(USERS.c.name == asked.name)
            ).one_or_none()
            if owner is None or owner.disabled:
                raise IdentityRefused(f"there is no user {asked.name} who is let in")
            if not set(own) <= _held(owner.roles):
                raise IdentityRefused("a key has no role that its owner has not")
            working = select(func.count()).where(
                KEYS.c.name == asked.name, KEYS.c.revoked_ms == 0, KEYS.c.expires_ms > by.at_ms
            )
            if connection.execute(working).scalar_one() >= PER_USER_MAX:
                raise IdentityRefused(f"{PER_USER_MAX} keys work already: revoke one first")
            last = connection.execute(select(func.max(KEYS.c.number))).scalar() or 0
            connection.execute(
                insert(KEYS).values(
                    number=last + 1,
                    sha256=sha256(key),
                    start=key[:_SHOWN],
                    name=asked.name,
                    label=label,
                    roles=json.dumps(own),
                    created_ms=by.at_ms,
                    expires_ms=by.at_ms + asked.days * _DAY_MS,
                    used_ms=0,
                    revoked_ms=0,
                )
            )
            said = f"{', '.join(own)} for {asked.days} days: {label}"
            audit.append(connection, by.event("key.new", _object(last + 1, asked.name), after=said))
        return key

    def all(self, name: str = "") -> list[Key]:
        """Every key, or those of one owner, newest first."""
        query = select(KEYS).order_by(KEYS.c.number.desc())
        if name:
            query = query.where(KEYS.c.name == name)
        with reading(self._engine) as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, number: int, by: By, owner: str = "") -> None:
        """Have a key work no longer; with `owner`, only if it is theirs."""
        with changing(self._engine) as connection:
            row = connection.execute(select(KEYS).where(KEYS.c.number == number)).one_or_none()
            if row is None or (owner and row.name != owner):
                raise IdentityRefused(f"there is no key {number}")
            if row.revoked_ms:
                return
            connection.execute(
                update(KEYS).where(KEYS.c.number == number).values(revoked_ms=by.at_ms)
            )
            audit.append(connection, by.event("key.revoke", _object(number, row.name), row.label))

    def person(self, key: str, at_ms: int) -> Person | None:
        """Who asks by this key, if it works now."""
        with reading(self._engine) as connection:
            row = connection.execute(_LOOK, {"sha256": sha256(key)}).one_or_none()
        if row is None or row.disabled or row.revoked_ms or row.expires_ms <= at_ms:
            return None
        if at_ms - row.used_ms > TOUCH_MS:
            with changing(self._engine) as connection:
                connection.execute(
                    update(KEYS).where(KEYS.c.number == row.number).values(used_ms=at_ms)
                )
        roles = frozenset(roles_of(row.roles)) & _held(row.owners)
        return Person(row.name, roles, row.partner, False, "key", key)


def _held(stored: str) -> frozenset[Role]:
    """What an owner may give: an admin every role but a partner's."""
    own = frozenset(roles_of(stored))
    return frozenset(Role) - {Role.PARTNER} if Role.ADMIN in own else own


def _object(number: int, owner: str) -> str:
    return f"key {number} of {owner}"


def _key(row: Any) -> Key:
    return Key(
        *(row.number, row.start, row.name, row.label, roles_of(row.roles)),
        *(row.created_ms, row.expires_ms, row.used_ms, row.revoked_ms),
    )
