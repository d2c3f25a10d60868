"""Passwords: argon2id hashes, what is accepted as a password, and one-time ones.

A hash takes 64 MiB and tens of milliseconds, so only few are made at once
(`store.Identity.slowly`).
"""

import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from billing.errors import TollwireError

LENGTH_MIN: Final = 12
LENGTH_MAX: Final = 256
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""none that is easily taken for another"""
_GROUPS: Final = 4
_GROUP: Final = 5
_HASHER: Final = PasswordHasher()


class PasswordRefused(TollwireError):
    """The password is not accepted; the message says what is."""


def one_time() -> str:
    """A new one-time password, of 99 bits, easy to type."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def accept(password: str, name: str) -> None:
    """Whether a password is good enough. Raises PasswordRefused."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise PasswordRefused(f"a password has {LENGTH_MIN} to {LENGTH_MAX} characters")
    if name in password.lower():
        raise PasswordRefused("a password does not contain the name")
    if len(set(password)) < 5:
        raise PasswordRefused("a password has at least 5 different characters")


def hashed(password: str) -> str:
    """The argon2id hash, with its parameters and salt."""
    return _HASHER.hash(password)


@cache
def nobodys() -> str:
    """What the password of an unknown name is held against, so that it takes as long."""
    return hashed(one_time())


def matches(stored: str, password: str) -> bool:
    """Whether this is the password that was hashed."""
    try:
        return len(password) <= LENGTH_MAX and _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
