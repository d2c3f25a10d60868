"""Credit control of one partition: calls, people's orders, time.

Kept true by everything that grants: an account's charges and reservations together stay within
its limit. What can pass it nevertheless: a call that goes on after its grant has ended
(`session.overrun_nanos`), a call that began though it was refused, a limit that is lowered.

The desk asks no clock and writes nothing: whoever feeds it stores the changes and sends the
outcomes that `journal.taken()` gives out.
"""

from typing import Final

from billing.credit.account import AccountBook, Block, Warned
from billing.credit.calls import Calls
from billing.credit.journal import Change, Journal, Opened, opened_empty
from billing.credit.limits import Limit
from billing.credit.orders import Accepted
from billing.credit.outcomes import Notice
from billing.credit.session import Pace, Session

PACE: Final = Pace()
BLOCK_KEPT_MS: Final = 86_400_000
"""after its end, a block of an alert"""


class Desk:
    """All customers of a partition. Times in milliseconds."""

    def __init__(self, pace: Pace = PACE, opened: Opened = opened_empty) -> None:
        self.pace = pace
        self.journal = Journal(opened)
        self.calls = Calls(self.journal, pace)

    def limit(self, limit: Limit) -> None:
        """Set what an account may owe. Calls in progress keep what they were granted."""
        self.journal.book(limit.account).limit = limit

    def order(self, accepted: Accepted, offset: int, now_ms: int) -> None:
        """Book a payment or an adjustment of a customer, set or lift a block.

        offset: of the order in its topic. An order that comes again does nothing.
        """
        order, nanos = accepted
        assert order.role == "customer"
        book = self.journal.book(order.account)
        if order.kind in ("block", "unblock"):
            self._block(accepted, offset, now_ms)
        elif order.id not in book.orders:
            book.orders[order.id] = nanos
            book.paid_nanos += nanos
            self.journal.note(Change("order", order.account, order.id, nanos))
            book.paid()
            self.journal.note(Change("warned", order.account, "", book.warned))
            detail = f"{order.id} by {order.by}: {order.note}"
            self.journal.say(Notice(now_ms, order.account, order.kind, nanos, detail))
            self.journal.watch_use(book, now_ms)

    def refuse(self, account: str, kind: str, detail: str, now_ms: int) -> None:
        """Say that an order or an event was refused; nothing else has changed."""
        self.journal.say(Notice(now_ms, account, kind, 0, detail))

    def tick(self, now_ms: int) -> None:
        """Do what is due by now."""
        while found := self.journal.due(now_ms):
            self.calls.look(*found, now_ms)

    def restore(self, change: Change, now_ms: int) -> None:
        """Put back what the journal gave out. A closed call is known for as long from now on."""
        book, value = self.journal.book(change.account), change.value
        if change.kind == "session":
            session = value if isinstance(value, Session) else None
            if session is not None:
                session = self._found_again(session, now_ms)
            self.journal.set(change.account, change.name, session)
        elif change.kind == "block" and value is None:
            book.blocks.pop(change.name, None)
        elif isinstance(value, Block):
            book.blocks[change.name] = value
        elif isinstance(value, Warned):
            book.warned = value
        elif isinstance(value, int):
            book.paid_nanos += value - book.orders.get(change.name, 0)
            book.orders[change.name] = value

    def _found_again(self, session: Session, now_ms: int) -> Session:
        """A call after a time in which nobody listened: what waits for news of it waits anew."""
        if session.state == "closed":
            return session._replace(due_ms=now_ms + self.pace.forget_ms)
        if session.state == "held":
            return session._replace(due_ms=max(session.due_ms, now_ms + self.pace.hold_ms))
        return session._replace(heard_ms=max(session.heard_ms, now_ms))

    def _block(self, accepted: Accepted, offset: int, now_ms: int) -> None:
        order = accepted.order
        book = self.journal.book(order.account)
        on = order.kind == "block"
        what = (order.prefix, on, order.reason, order.by, order.until_ms, offset)
        block = Block(*what, order.source, order.calls_per_min)
        known = book.blocks.get(block.name)
        if known is not None and known.offset >= offset:
            return
        book.blocks[block.name] = block
        self.journal.note(Change("block", order.account, block.name, block))
        self._forget_blocks(book, now_ms)
        kind = ("throttled" if order.calls_per_min else "blocked") if on else "unblocked"
        detail = f"{order.prefix or 'every call'} by {order.by}: {order.reason or order.note}"
        self.journal.say(Notice(now_ms, order.account, kind, 0, detail))
        if on and order.disconnect:
            self.calls.end(book, lambda s: block.stops(s.called, now_ms), now_ms)

    def _forget_blocks(self, book: AccountBook, now_ms: int) -> None:
        """Drop what alerts have blocked and is long over: there is no end of alerts."""
        for name, block in list(book.blocks.items()):
            if block.source and 0 < block.until_ms < now_ms - BLOCK_KEPT_MS:
                del book.blocks[name]
                self.journal.note(Change("block", book.account, name, None))
