"""A call in progress and the money set aside for it: values and what time does to them.

Money is granted by the second of talk, for what `Terms.charge` will really charge. The clock of a
call runs from its start until its answer is heard, and from then on from the answer: an answer
that got lost makes the reservation too large, never too small.
"""

from typing import Final, Literal, NamedTuple

from kernels.terms import SECONDS_MAX, Terms

State = Literal["talking", "ending", "held", "closed"]
ACTIVE: Final = ("talking", "ending")
ORDERS_MAX: Final = 5
"""How often a call is told to end before only its CDR is waited for."""


class Pace(NamedTuple):
    """How calls are granted time."""

    quota_s: int = 60
    """of talk granted at once"""
    quota_s_min: int = 30
    """where an account's calls cannot have that much each; less only for the last money"""
    lead_ms: int = 10_000
    """how long before a grant ends the next one is made"""
    validity_ms: int = 7_200_000
    """after so long without a word of a call it is told to end"""
    unheard_ms: int = 180_000
    """a call that asked, and of which its switch, which tells of others, has not said a word for so
    long, has never begun"""
    grace_ms: int = 30_000
    """how long the end of a call is waited for before it is told again"""
    hold_ms: int = 600_000
    """how long the money of an ended call is held for its CDR"""
    forget_ms: int = 900_000
    """how long a closed call is known, for events that come late"""


class Session(NamedTuple):
    """One call; reserved_nanos is what of its account's money is set aside for it."""

    switch: str
    call_id: str
    leg: str
    account: str
    vendor: str
    trunk: str
    called: str
    terms: Terms
    state: State
    since_ms: int
    """when its talk began, as far as is known; of one that is over, when it ended"""
    answered: bool
    granted_s: int
    reserved_nanos: int
    heard_ms: int
    request_no: int
    due_ms: int
    """when it must be looked at"""
    orders: int = 0
    """how often it was told to end"""
    why: str = ""
    """it was told to end"""
    told: bool = False
    """whether an event of it has come"""

    @property
    def active(self) -> bool:
        """Whether the call may still be going on."""
        return self.state in ACTIVE

    @property
    def until_ms(self) -> int:
        """When the talk that was granted is over."""
        return self.since_ms + self.granted_s * 1_000


def granted(
    session: Session, free_nanos: int, calls: int, now_ms: int, pace: Pace
) -> tuple[int, int]:
    """(seconds, nanos) a call has when it is granted more; what it has where there is no more.

    free_nanos: of the account; calls: those that share it. What is reserved is the charge of the
    seconds, so that together they never pass reserved_nanos + free_nanos.
    """
    terms, free_nanos = session.terms, max(free_nanos, 0)
    had_s = max(session.granted_s, (now_ms - session.since_ms) // 1_000)
    least_s = had_s + pace.quota_s_min
    fair_s = terms.longest(session.reserved_nanos + free_nanos // max(calls, 1))
    if fair_s < least_s:
        fair_s = min(terms.longest(session.reserved_nanos + free_nanos), least_s)
    new_s = min(fair_s, had_s + pace.quota_s, SECONDS_MAX)
    if new_s <= session.granted_s:
        return session.granted_s, session.reserved_nanos
    nanos = max(terms.charge(new_s * 1_000), session.reserved_nanos)
    return max(terms.longest(nanos), new_s), nanos


def next_look_ms(session: Session, pace: Pace) -> int:
    """When a call in progress must be looked at: before its grant ends, or when it was silent."""
    silent_ms = pace.validity_ms if session.told else pace.unheard_ms
    return min(session.until_ms - pace.lead_ms, session.heard_ms + silent_ms)


def overrun_nanos(session: Session, late_ms: int) -> int:
    """What a call costs beyond its reservation if it goes on so long after its grant has ended.

    The bound of what an account can exceed its limit by is the sum over its calls; late_ms: from
    the end of a grant to the end of the call (report, decision and disconnect delay together).
    """
    nanos = session.terms.charge(min(session.granted_s, SECONDS_MAX) * 1_000 + late_ms)
    return max(nanos - session.reserved_nanos, 0)
