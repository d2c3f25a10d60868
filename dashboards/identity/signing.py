"""Signing in: the limit of tries, the password, the new session, and a line in the log of each."""

from typing import Final, NamedTuple

from billing.errors import TollwireError
from dashboards.identity import passwords
from dashboards.identity.store import Identity
from dashboards.identity.users import By, User

NAME_CHARS_MAX: Final = 64


class TooManyTries(TollwireError):
    """Wait `wait_s` seconds before the next try."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many tries. Wait {wait_s} s, then try again.")
        self.wait_s = wait_s


class WrongPassword(TollwireError):
    """Name or password is wrong, or the user is disabled; which of these is not said."""


class Signed(NamedTuple):
    """Somebody who has signed in, and the token of their session."""

    user: User
    token: str


async def sign_in(identity: Identity, name: str, password: str, address: str) -> Signed:
    """A new session. Raises TooManyTries, WrongPassword, DocumentsDown."""
    name = name.strip().lower()[:NAME_CHARS_MAX]
    at_ms = identity.clock_ms()
    if wait_s := identity.tries.wait_s(name, address, at_ms):
        raise TooManyTries(wait_s)
    signed = await identity.slowly(_verified, identity, name, password, address)
    if signed is None:
        raise WrongPassword("Name or password is wrong.")
    identity.tries.worked(name)
    return signed


async def change_password(
    identity: Identity, name: str, old: str, new: str, address: str
) -> Signed:
    """A password of one's own choice in the place of the old one, and a new session.

    Raises TooManyTries, WrongPassword, PasswordRefused, DocumentsDown.
    """
    if wait_s := identity.tries.wait_s(name, address, identity.clock_ms()):
        raise TooManyTries(wait_s)
    return await identity.slowly(_changed, identity, name, old, new, address)


def _verified(identity: Identity, name: str, password: str, address: str) -> Signed | None:
    user = identity.users.verified(name, password)
    by = identity.by(name, f"from {address}")
    if user is None:
        known = any(each.name == name for each in identity.users.all())
        # An unknown name may be a password typed into the wrong field: it is not kept.
        of = name if known else "somebody unknown"
        identity.audit.tell(by._replace(actor=of).event("session.refused", of))
        return None
    return Signed(user, identity.sessions.begin(user, by))


def _changed(identity: Identity, name: str, old: str, new: str, address: str) -> Signed:
    if identity.users.verified(name, old) is None:
        raise WrongPassword("The present password is wrong.")
    if old == new:
        raise passwords.PasswordRefused("the new password is the present one")
    by = By(name, identity.clock_ms(), f"from {address}")
    identity.users.set_password(name, new, by)
    user = identity.users.verified(name, new)
    assert user is not None, "the password was set just now"
    identity.tries.worked(name)
    return Signed(user, identity.sessions.begin(user, by))
