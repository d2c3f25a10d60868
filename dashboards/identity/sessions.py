"""Sessions: a random token in the browser's cookie, its SHA-256 here.

A session ends when it was not used for some time, some time after it began whatever is done with
it, at sign-out, when the user's password is set, and when the user is disabled. Looking one up is
one read; that it was used is written at most once a minute.
"""

import hashlib
import hmac
import secrets
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Engine, bindparam, delete, insert, or_, select, update

from dashboards.identity import audit
from dashboards.identity.roles import Person
from dashboards.identity.tables import SESSIONS, USERS
from dashboards.identity.users import By, User, roles_of
from deploy.runtime.documents import changing, reading

TOUCH_MS: Final = 60_000
PER_USER_MAX: Final = 20
"""sessions of one user; the oldest go"""
_LOOK: Final = (
    select(
        *(SESSIONS.c.created_ms, SESSIONS.c.seen_ms, USERS.c.name, USERS.c.roles),
        *(USERS.c.partner, USERS.c.must_change, USERS.c.disabled),
    )
    .join_from(SESSIONS, USERS, SESSIONS.c.name == USERS.c.name)
    .where(SESSIONS.c.sha256 == bindparam("sha256"))
)


class Ages(NamedTuple):
    """How long a session may be unused, and how long it may last at all."""

    idle_ms: int
    whole_ms: int


class Sessions:
    """All sessions. Raises DocumentsDown."""

    def __init__(self, engine: Engine, ages: Ages) -> None:
        self._engine, self.ages = engine, ages

    def begin(self, user: User, by: By) -> str:
        """A new session; the token for the cookie."""
        token = secrets.token_urlsafe(32)
        with changing(self._engine) as connection:
            connection.execute(delete(SESSIONS).where(self._over(by.at_ms)))
            kept = connection.execute(
                select(SESSIONS.c.sha256)
                .where(SESSIONS.c.name == user.name)
                .order_by(SESSIONS.c.created_ms.desc())
                .offset(PER_USER_MAX - 1)
            ).scalars()
            connection.execute(delete(SESSIONS).where(SESSIONS.c.sha256.in_(list(kept))))
            connection.execute(
                insert(SESSIONS).values(
                    sha256=sha256(token), name=user.name, created_ms=by.at_ms, seen_ms=by.at_ms
                )
            )
            audit.append(connection, by.event("session.begin", user.name))
        return token

    def end(self, token: str, by: By) -> None:
        """Sign out."""
        with changing(self._engine) as connection:
            done = connection.execute(delete(SESSIONS).where(SESSIONS.c.sha256 == sha256(token)))
            if done.rowcount:
                audit.append(connection, by.event("session.end", by.actor))

    def person(self, token: str, at_ms: int) -> Person | None:
        """Whose session this is, if it is one now; it counts as used."""
        own = sha256(token)
        with reading(self._engine) as connection:
            row = connection.execute(_LOOK, {"sha256": own}).one_or_none()
        if row is None or row.disabled:
            return None
        idle_ms, age_ms = at_ms - row.seen_ms, at_ms - row.created_ms
        if idle_ms > self.ages.idle_ms or age_ms > self.ages.whole_ms:
            return None
        if idle_ms > TOUCH_MS:
            with changing(self._engine) as connection:
                connection.execute(
                    update(SESSIONS).where(SESSIONS.c.sha256 == own).values(seen_ms=at_ms)
                )
        roles = frozenset(roles_of(row.roles))
        return Person(row.name, roles, row.partner, row.must_change, "session", token)

    def _over(self, at_ms: int) -> ColumnElement[bool]:
        return or_(
            SESSIONS.c.seen_ms < at_ms - self.ages.idle_ms,
            SESSIONS.c.created_ms < at_ms - self.ages.whole_ms,
        )


def sha256(secret: str) -> str:
    """What is stored of a secret that is random enough not to be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_token(token: str) -> str:
    """What forms of a session carry; another site can neither read nor compute it."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()
