"""What is done when a switch asks for a call or tells of one, and when time passes for it.

Every event may come twice and in any order: what it does is decided by the state of its call, not
by how often it was told. The CDR has the last word: it closes a call whose stop got lost.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from billing.credit.account import AccountBook
from billing.credit.call_events import CallEvent
from billing.credit.grants import SESSIONS_MAX, Grants, opened
from billing.credit.journal import Journal
from billing.credit.outcomes import Decision, Notice
from billing.credit.quote import Quotes
from billing.credit.session import ORDERS_MAX, Pace, Session

POSTED_MAX: Final = 50_000
SWITCHES_MAX: Final = 10_000
"""that are known to send events"""
Ask = Callable[[], Quotes]
"""The price of a call, worked out only where it matters."""


class Calls:
    """The calls of a partition's accounts. key: a call's cdr_id."""

    def __init__(self, journal: Journal, pace: Pace) -> None:
        self._journal, self.pace = journal, pace
        self._grants = Grants(journal, pace)
        self._posted: dict[str, int] = {}
        """calls whose CDR came before anything else of them, the last POSTED_MAX"""
        self._telling: set[str] = set()
        """switches that have sent an event"""

    def authorize(self, call: CallEvent, key: str, quotes: Quotes, now_ms: int) -> Decision:
        """May this call begin? If so money is set aside for its first seconds.

        quotes.vendors: the candidates that may carry it. Asked again it answers the same.
        """
        if key in self._posted:
            return self._say(AccountBook(call.customer), call, quotes, "ended", None, now_ms)
        known_account = quotes.reason != "customer_unknown"
        book = self._journal.book(call.customer) if known_account else AccountBook(call.customer)
        known = book.sessions.get(key)
        if known is not None:
            reason = "" if known.state == "talking" and known.granted_s else "ended"
            return self._say(book, call, quotes, reason, known, now_ms)
        reason, session = quotes.reason, None
        if quotes.sell is not None:
            reason = "" if call.event != "start" else self._refusal(book, call, quotes, now_ms)
            if not reason:
                session = self._grants.first(book, call, quotes.sell, now_ms)
                reason = "" if session else "no_credit"
        if session is not None:
            self._journal.put(book.account, key, session)
            self._journal.watch_use(book, now_ms)
        return self._say(book, call, quotes, reason, session, now_ms)

    def hear(self, event: CallEvent, key: str, ask: Ask, now_ms: int) -> None:
        """Take an event of a call."""
        if len(self._telling) < SWITCHES_MAX:
            self._telling.add(event.switch)
        if key in self._posted:
            return
        book = self._journal.books.get(event.customer)
        known = book.sessions.get(key) if book else None
        if book is None or known is None:
            self._of_unknown(event, key, ask(), now_ms)
        elif event.event == "stop":
            self._stopped(book, event, key, known, now_ms)
        elif known.active:
            self._alive(book, event, key, known, ask, now_ms)

    def update(self, event: CallEvent, key: str, now_ms: int) -> Session | None:
        """A switch asks for more time: the call as it is then; None if nobody knows it."""
        book = self._journal.books.get(event.customer)
        known = book.sessions.get(key) if book else None
        if book is None or known is None:
            return None
        if known.state == "talking" and event.request_no > known.request_no:
            known = known._replace(heard_ms=now_ms, request_no=event.request_no, told=True)
            self._grants.more(book, key, known, now_ms)
        return book.sessions[key]

    def posted(self, account: str, spent_nanos: int, keys: Iterable[str], now_ms: int) -> None:
        """Charges were posted to an account: spent_nanos in all; keys: the calls charged."""
        book = self._journal.book(account)
        book.spent_nanos = spent_nanos
        keys = list(keys)
        for key in [key for key in keys if key in book.sessions]:
            known = book.sessions[key]
            if known.state != "closed":
                self._close(book, key, known, now_ms)
        self._posted.update((key, now_ms) for key in keys if key not in book.sessions)
        for key in list(islice(self._posted, max(0, len(self._posted) - POSTED_MAX))):
            del self._posted[key]
        self._journal.watch_use(book, now_ms)

    def look(self, book: AccountBook, key: str, session: Session, now_ms: int) -> None:
        """Time has come for one call."""
        if session.state == "talking":
            silent_ms = now_ms - session.heard_ms
            never = not session.told and session.switch in self._telling
            if never and silent_ms >= self.pace.unheard_ms:
                nanos = session.reserved_nanos
                detail = f"call {session.call_id} of switch {session.switch} never began"
                self._journal.say(Notice(now_ms, book.account, "never_began", nanos, detail))
                self._close(book, key, session, now_ms)
            elif silent_ms >= self.pace.validity_ms:
                self._grants.end(book, key, session, "silent", now_ms)
            else:
                self._grants.more(book, key, session, now_ms)
        elif session.state == "ending" and session.orders < ORDERS_MAX:
            self._grants.end(book, key, session, session.why, now_ms)
        elif session.state == "ending":
            due_ms = now_ms + self.pace.hold_ms
            held = session._replace(state="held", since_ms=now_ms, due_ms=due_ms)
            self._journal.put(book.account, key, held)
        elif session.state == "held":
            detail = f"call {session.call_id} of switch {session.switch}: no CDR came"
            nanos = session.reserved_nanos
            if nanos:  # not of attempts that cost nothing: not every switch sends their CDRs
                self._journal.say(Notice(now_ms, book.account, "cdr_missing", nanos, detail))
            self._close(book, key, session, now_ms)
        else:
            self._journal.put(book.account, key, None)

    def end(self, book: AccountBook, called_by: Callable[[Session], bool], now_ms: int) -> None:
        """Order the calls to end that a block has stopped."""
        for key, session in list(book.sessions.items()):
            if session.state == "talking" and called_by(session):
                self._grants.end(book, key, session, "blocked", now_ms)

    def _of_unknown(self, event: CallEvent, key: str, quotes: Quotes, now_ms: int) -> None:
        """A call that began without asking, or whose start is still on its way or lost."""
        if quotes.reason == "customer_unknown":
            detail = f"{event.event} of call {event.call_id}: no such customer"
            notice = Notice(now_ms, event.customer, "event_refused", 0, detail)
            self._journal.say(notice)
        elif event.event == "stop":
            if quotes.sell is not None and self._journal.sessions < SESSIONS_MAX:
                book = self._journal.book(event.customer)
                known = opened(event, quotes.sell, now_ms)
                self._stopped(book, event, key, known, now_ms)
        else:
            decision = self.authorize(event, key, quotes, now_ms)
            book = self._journal.book(event.customer)
            if decision.allowed:
                session = book.sessions[key]
                self._alive(book, event, key, session, lambda: quotes, now_ms)
            elif quotes.sell is not None and self._journal.sessions < SESSIONS_MAX:
                session = opened(event, quotes.sell, now_ms)
                self._grants.end(book, key, session, decision.reason, now_ms)

    def _alive(
        self,
        book: AccountBook,
        event: CallEvent,
        key: str,
        known: Session,
        ask: Ask,
        now_ms: int,
    ) -> None:
        vendor = event.vendor or known.vendor
        heard_ms = max(now_ms, known.heard_ms)
        session = known._replace(heard_ms=heard_ms, vendor=vendor, told=True)
        if event.event == "answer" and not known.answered:
            # By its own clock, so that an answer told late gives no free talk.
            since_ms = min(now_ms, max(known.since_ms, event.at_ms))
            session = session._replace(answered=True, since_ms=since_ms)
            sell = ask().sell
            if sell is not None and sell.terms != known.terms:
                session = self._grants.repriced(book, session, sell)
        if session.state == "talking":
            self._grants.more(book, key, session, now_ms)
        elif session != known:
            self._journal.put(book.account, key, session)

    def _stopped(
        self, book: AccountBook, event: CallEvent, key: str, known: Session, now_ms: int
    ) -> None:
        """The call is over; its charge is held until its CDR is posted."""
        if known.state == "closed":
            return
        nanos = known.terms.charge(event.duration_ms)
        held = known._replace(
            state="held",
            since_ms=now_ms,
            reserved_nanos=nanos if nanos >= 0 else known.reserved_nanos,
            due_ms=known.due_ms if known.state == "held" else now_ms + self.pace.hold_ms,
        )
        self._journal.put(book.account, key, held)
        self._journal.watch_use(book, now_ms)

    def _close(self, book: AccountBook, key: str, known: Session, now_ms: int) -> None:
        due_ms = now_ms + self.pace.forget_ms
        closed = known._replace(state="closed", reserved_nanos=0, due_ms=due_ms)
        self._journal.put(book.account, key, closed)

    def _refusal(self, book: AccountBook, call: CallEvent, quotes: Quotes, now_ms: int) -> str:
        """Why a new call is refused though it has a price; one that is going on is not new."""
        usable = [side for side in quotes.vendors.values() if not isinstance(side, str)]
        if quotes.vendors and not usable:
            return "no_vendor"
        return book.refusal(call.called, call.trunk, now_ms)

    def _say(
        self,
        book: AccountBook,
        call: CallEvent,
        quotes: Quotes,
        reason: str,
        session: Session | None,
        now_ms: int,
    ) -> Decision:
        granted_s, nanos = (session.granted_s, session.reserved_nanos) if session else (0, 0)
        sell, free = quotes.sell, book.free_nanos
        decision = Decision(
            at_ms=now_ms,
            account=book.account,
            switch=call.switch,
            call_id=call.call_id,
            leg=call.leg,
            trunk=call.trunk,
            called=call.called,
            destination=sell.destination if sell else "",
            allowed=not reason,
            reason=reason,
            max_s=sell.terms.longest(max(free, 0) + nanos) if sell else 0,
            granted_s=granted_s,
            reserved_nanos=nanos,
            free_nanos=free,
            vendors=tuple(
                name
                for name, side in quotes.vendors.items()
                if not reason and not isinstance(side, str)
            ),
        )
        self._journal.say(decision)
        return decision
