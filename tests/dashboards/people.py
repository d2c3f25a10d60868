"""People for tests: users with a password of their own, and sessions without the sign-in page."""

import time
from collections.abc import Iterable

from dashboards.identity.roles import Role
from dashboards.identity.store import Identity, of_settings
from dashboards.identity.users import User
from deploy.runtime.settings import Settings

PASSWORD = "correct horse battery"
STAFF = (Role.NOC_VIEWER,)


def now_ms() -> int:
    """Wall time."""
    return time.time_ns() // 1_000_000


def opened(settings: Settings) -> Identity:
    """Identity in the documents of these settings, beside a console's own."""
    return of_settings(settings, now_ms)


def person(
    identity: Identity, name: str = "nora", roles: Iterable[Role] = STAFF, partner: str = ""
) -> User:
    """A user with these roles and PASSWORD, made if there is none of the name."""
    found = {user.name: user for user in identity.users.all()}
    if name not in found:
        identity.users.add(name, roles, partner, identity.by("a test"))
        identity.users.set_password(name, PASSWORD, identity.by("a test"))
        found = {user.name: user for user in identity.users.all()}
    return found[name]


def entrance(
    identity: Identity, name: str = "nora", roles: Iterable[Role] = STAFF, partner: str = ""
) -> str:
    """The token of a new session of that user."""
    return identity.sessions.begin(person(identity, name, roles, partner), identity.by(name))
