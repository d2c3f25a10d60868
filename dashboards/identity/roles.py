"""The six roles, and the person that a request comes from. Pure.

A person has one role or several; one of those that a rule names is enough. An admin may do all.
"""

from enum import StrEnum
from typing import Final, Literal, NamedTuple


class Role(StrEnum):
    """What somebody is allowed to be; the names are the design's."""

    NOC_VIEWER = "noc.viewer"
    NOC_OPERATOR = "noc.operator"
    FINANCE_ANALYST = "finance.analyst"
    FINANCE_APPROVER = "finance.approver"
    ADMIN = "admin"
    PARTNER = "partner"


STAFF: Final = tuple(role for role in Role if role is not Role.PARTNER)
"""everybody who works here"""
EVERYBODY: Final = tuple(Role)
"""everybody who has signed in"""


class Person(NamedTuple):
    """Who asks, and by what; `partner` is the account that a partner's data belong to."""

    name: str
    roles: frozenset[Role]
    partner: str
    must_change: bool
    """the password is a one-time one: nothing else is allowed before it is changed"""
    via: Literal["session", "key", "token"]
    token: str
    """the cookie, the key or the token as sent; never stored, never logged"""

    def may(self, roles: frozenset[Role]) -> bool:
        """Whether one of these roles is theirs, or they are an admin."""
        return Role.ADMIN in self.roles or bool(self.roles & roles)

    @property
    def works_here(self) -> bool:
        """Whether they are staff, not only a partner."""
        return self.may(frozenset(STAFF))
