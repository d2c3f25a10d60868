"""Rules about a source's numbers and accounts, as values; `numbers` and `accounts` apply them.

A rule holds for a call when all of its conditions do; a condition that is not given always does.
"""

from ipaddress import IPv4Network, IPv6Network
from typing import Final, NamedTuple

RULES_MAX: Final = 10_000
PREFIXES_MAX: Final = 1_000
"""of one rule"""

Network = IPv4Network | IPv6Network


class When(NamedTuple):
    """Conditions; () and "" are none."""

    trunks: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    prefixes: tuple[str, ...] = ()
    """of the number the rule is about; for an account the called number as it was sent"""
    account: str = ""
    """what the record itself calls its account"""


class NumberRule(NamedTuple):
    """What to do with a number the conditions hold for; the side of `when` is the calling side."""

    field: str
    """called or calling"""
    when: When = When()
    digits_min: int = 0
    digits_max: int = 256
    strip: int = 0
    """leading characters to drop"""
    strip_prefix: bool = False
    """drop the prefix that the condition found"""
    add: str = ""
    national: str = ""
    """country code: what begins with the international prefix or "+" loses it, what begins with
    the trunk prefix has it replaced by the country code; without one that is every other number"""
    trunk_prefix: str = "0"
    international_prefix: str = "00"
    replace: str | None = None
    """the number as a whole becomes this"""


class AccountRule(NamedTuple):
    """The account of a call the conditions hold for."""

    account: str
    when: When


class Rules(NamedTuple):
    """All rules of a source, each kind in its order; accounts: the first that holds."""

    numbers: tuple[NumberRule, ...] = ()
    customers: tuple[AccountRule, ...] = ()
    vendors: tuple[AccountRule, ...] = ()
    default_customer: str = ""
    default_vendor: str = ""


NO_RULES: Final = Rules()
