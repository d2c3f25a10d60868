"""What credit control says to the outside: decisions, orders to switches, notices."""

from typing import NamedTuple


class Decision(NamedTuple):
    """The answer to one call that asked, or that began without asking."""

    at_ms: int
    account: str
    switch: str
    call_id: str
    leg: str
    trunk: str
    called: str
    destination: str
    allowed: bool
    reason: str
    """"" = allowed; else a word of REFUSALS or of billing.rating.REASONS"""
    max_s: int
    """what all the free money would last for, by the rate that will be charged"""
    granted_s: int
    """of talk; more is granted as the call goes on, or by an update"""
    reserved_nanos: int
    free_nanos: int
    """after it"""
    vendors: tuple[str, ...]
    """candidates that are left, in the order in which they were given"""


REFUSALS = (
    "blocked",
    "throttled",
    "no_credit",
    "calls",
    "calls_per_s",
    "trunk_calls",
    "trunk_calls_per_s",
    "no_vendor",
    "ended",
    "recovering",
)
"""Why a call is refused that has a price: block in force, or one that lets no more calls a minute
pass; money; caps; no vendor is left; the call is over; the account's partition is being
recovered."""


class Disconnect(NamedTuple):
    """An order to a switch: end this call now."""

    at_ms: int
    account: str
    switch: str
    call_id: str
    leg: str
    vendor: str
    called: str
    reason: str
    """no_credit, silent, blocked"""
    order: int
    """1, and more where the call did not end"""


class Notice(NamedTuple):
    """Something people should know of an account."""

    at_ms: int
    account: str
    kind: str
    """threshold, payment, adjustment, opening, blocked, throttled, unblocked, cdr_missing,
    never_began, disconnect, order_refused, event_refused"""
    nanos: int
    detail: str


Outcome = Decision | Disconnect | Notice
