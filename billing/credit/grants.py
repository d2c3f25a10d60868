"""Time granted to calls, and their end where there is no money for more."""

from typing import Final

from billing.credit.account import AccountBook
from billing.credit.call_events import CallEvent
from billing.credit.journal import Journal
from billing.credit.outcomes import Disconnect
from billing.credit.quote import Quote
from billing.credit.session import Pace, Session, granted, next_look_ms
from kernels.terms import SECONDS_MAX

SESSIONS_MAX: Final = 500_000
"""of a partition; more calls are refused"""


class Grants:
    """What is granted and taken away; an account's charges and reservations stay in its limit."""

    def __init__(self, journal: Journal, pace: Pace) -> None:
        self._journal, self.pace = journal, pace

    def first(self, book: AccountBook, call: CallEvent, sell: Quote, now_ms: int) -> Session | None:
        """A new call with its first grant; None where there is no money for a second of it."""
        if self._journal.sessions >= SESSIONS_MAX:
            return None
        session, free = opened(call, sell, now_ms), book.free_nanos
        seconds, nanos = granted(session, free, book.active + 1, now_ms, self.pace)
        nanos = max(nanos, sell.terms.charge(0))
        if not seconds or nanos > max(free, 0):
            return None
        session = session._replace(granted_s=seconds, reserved_nanos=nanos)
        return session._replace(due_ms=next_look_ms(session, self.pace))

    def more(self, book: AccountBook, key: str, session: Session, now_ms: int) -> None:
        """Grant a call its next seconds if they are due, and end it where there is no money."""
        if session.until_ms - now_ms <= self.pace.lead_ms:
            free = book.free_nanos
            seconds, nanos = granted(session, free, book.active, now_ms, self.pace)
            session = session._replace(granted_s=seconds, reserved_nanos=nanos)
        if session.until_ms <= now_ms:
            self.end(book, key, session, "no_credit", now_ms)
            return
        due_ms = next_look_ms(session, self.pace)
        session = session._replace(due_ms=due_ms if due_ms > now_ms else session.until_ms)
        self._journal.put(book.account, key, session)
        self._journal.watch_use(book, now_ms)

    def repriced(self, book: AccountBook, session: Session, sell: Quote) -> Session:
        """The price at the answer differs from that at the start: what the grant is worth now."""
        money = session.reserved_nanos + max(book.free_nanos, 0)
        seconds = min(session.granted_s, sell.terms.longest(money))
        nanos = sell.terms.charge(seconds * 1_000) if seconds else 0
        return session._replace(terms=sell.terms, granted_s=seconds, reserved_nanos=nanos)

    def end(self, book: AccountBook, key: str, session: Session, why: str, now_ms: int) -> None:
        """Order a call to end. As long as it goes on it costs: this is reserved, free or not."""
        so_far = session.terms.charge(min(now_ms - session.since_ms, SECONDS_MAX * 1_000))
        session = session._replace(
            state="ending",
            orders=session.orders + 1,
            why=why,
            reserved_nanos=max(session.reserved_nanos, so_far),
            due_ms=now_ms + self.pace.grace_ms,
        )
        self._journal.put(book.account, key, session)
        names = (session.switch, session.call_id, session.leg, session.vendor, session.called)
        self._journal.say(Disconnect(now_ms, book.account, *names, why, session.orders))
        self._journal.watch_use(book, now_ms)


def opened(call: CallEvent, sell: Quote, now_ms: int) -> Session:
    """A call to which nothing has been granted."""
    return Session(
        switch=call.switch,
        call_id=call.call_id,
        leg=call.leg,
        account=call.customer,
        vendor=call.vendor,
        trunk=call.trunk,
        called=call.called,
        terms=sell.terms,
        state="talking",
        since_ms=now_ms,
        answered=False,
        granted_s=0,
        reserved_nanos=0,
        heard_ms=now_ms,
        request_no=0,
        due_ms=now_ms,
    )
