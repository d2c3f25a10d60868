"""Call events, orders and rated calls -> the desks; what these say -> topics and tables.

Nothing is acknowledged before it is on the broker: what a desk orders and announces first, then
what it has become, so that after a death an order is given twice rather than never.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

import pyarrow as pa
from aiokafka.errors import KafkaError

from billing.balances import Key
from billing.cdr import TEXT_MAX
from billing.credit.account import AccountBook
from billing.credit.call_events import CallEvent, parse_events
from billing.credit.desk import Desk
from billing.credit.orders import MONEY, Accepted, accept, parse_order
from billing.credit.outcomes import Decision, Notice
from billing.credit.quote import Quote, Quotes, quote
from billing.credit.state import state_of
from billing.errors import BadField
from billing.parties import Account
from deploy.runtime import metrics
from streams.credit_messages import came, key_of, messages_of, now_ms
from streams.credit_money import Money
from streams.credit_owners import partition_of
from streams.credit_table import CreditTable, Message
from streams.decks import Reference
from streams.retry import stop_the_process, until_done

Send = Callable[[int, Sequence[Message]], Awaitable[None]]
"""(partition, messages): in this order; returns when the broker has all. Raises KafkaError."""
Charged = Callable[[int, str, str], int]
"""(partition, customer, currency) -> nanos posted through this log"""
SaveMovement = Callable[[Accepted, int, int], Awaitable[bool]]
"""(order, offset, received_ms); when ClickHouse has it, whether it is this log's to count"""
Find = Callable[[str, str], Awaitable[Account | None]]
"""(role, name): an account that the topics do not know yet"""
EVENTS_AT_ONCE: Final = 20
PAID_NANOS_MAX: Final = 2**62
OVER_LIMIT: Final = "limit"


class CreditAgent:
    """The desks of one worker, and their way to the outside."""

    def __init__(
        self,
        reference: Reference,
        table: CreditTable,
        charged: Charged,
        money: Money,
        send: Send,
        save_movement: SaveMovement,
        find: Find,
        partitions: int,
    ) -> None:
        self._reference, self._table, self._money = reference, table, money
        self._charged, self._send, self._save_movement = charged, send, save_movement
        self._find, self._partitions = find, partitions
        self._locks: dict[int, asyncio.Lock] = {}
        self._sent_to: dict[int, tuple[Desk, int]] = {}
        """of each partition the desk and how much of what it noted is on the broker"""
        table.opened, table.recovered = self._opened, self.recount

    # what comes in

    async def events(self, events: Sequence[Any]) -> None:
        """Take a batch of messages of call.events."""
        try:
            for message in (event.message for event in events):
                await self._events(message)
            for partition in {event.message.partition for event in events} & self._table.mine:
                self._desk(partition).tick(now_ms())
                await self.flush(partition)
        except Exception:
            stop_the_process("call events")

    async def _events(self, message: Any) -> None:
        """Take a message; others may go on after every few events."""
        came_ms = came(message)
        for i, found in enumerate(parse_events(message.value or b"", came_ms)):
            if i % EVENTS_AT_ONCE == 0:
                await asyncio.sleep(0)
            if message.partition not in self._table.mine:
                return
            desk = self._desk(message.partition)
            flaw = found if isinstance(found, BadField) else None
            if isinstance(found, CallEvent):
                flaw = self._misplaced(found.customer, message.partition)
                if flaw is None:
                    desk.calls.hear(found, key_of(found), self._asking(found), came_ms)
            if flaw is not None:
                self._refuse(desk, message, "event_refused", flaw)

    def _misplaced(self, account: str, partition: int) -> BadField | None:
        right = partition_of(account, self._partitions)
        if right == partition:
            return None
        return BadField(
            "invalid", "key", account, f"belongs to partition {right}: key it by account"
        )

    def _refuse(self, desk: Desk, message: Any, kind: str, flaw: Any) -> None:
        where = f"{message.topic}/{message.partition}/{message.offset}: {flaw}"
        name = (message.key or b"").decode(errors="replace")[:TEXT_MAX]
        desk.refuse(name, kind, where, came(message))

    async def orders(self, events: Sequence[Any]) -> None:
        """Take a batch of messages of credit.order."""
        try:
            for message in (event.message for event in events):
                if message.partition not in self._table.mine:
                    continue
                desk = self._desk(message.partition)
                try:
                    await self._order(desk, message, came(message))
                except BadField as flaw:
                    self._refuse(desk, message, "order_refused", flaw)
                await self.flush(message.partition)
        except Exception:
            stop_the_process("credit orders")

    async def _order(self, desk: Desk, message: Any, came_ms: int) -> None:
        order = parse_order(message.value or b"")
        if flaw := self._misplaced(order.account, message.partition):
            raise flaw
        accounts = self._reference.tariff.parties
        named = accounts.customers if order.role == "customer" else accounts.vendors
        known = named.get(order.account) or await self._find(order.role, order.account)
        accepted = accept(order, known)
        if order.kind in MONEY:
            if order.role == "customer":
                paid_nanos = desk.journal.book(order.account).paid_nanos + accepted.nanos
                if abs(paid_nanos) > PAID_NANOS_MAX:
                    said = "more than an account can hold"
                    raise BadField("invalid", "amount", order.amount, said)
            if not await self._save_movement(accepted, message.offset, came_ms):
                raise BadField("invalid", "id", order.id, "was booked through an earlier broker")
        if order.role == "customer":
            desk.order(accepted, message.offset, came_ms)
        else:
            notice = Notice(came_ms, order.account, order.kind, accepted.nanos, order.note)
            desk.journal.say(notice)

    async def posted(self, partition: int, rated: pa.Table, changed: Iterable[Key]) -> None:
        """Take what rows of cdr.rated have posted; changed: the balances that they changed."""
        if partition not in self._table.mine:
            return
        desk = self._desk(partition)
        ids: dict[str, list[str]] = {key.account: [] for key in changed if key.role == "customer"}
        names, keys = rated.column("customer").to_pylist(), rated.column("cdr_id").to_pylist()
        for name, key in zip(names, keys, strict=True):
            ids.setdefault(name, []).append(key.hex())
        for name, keys in ids.items():
            desk.calls.posted(name, self._spent(partition, name), keys, now_ms())
        await self.flush(partition)

    # what is asked

    async def authorize(
        self, call: CallEvent, vendors: tuple[str, ...], partition: int
    ) -> Decision | None:
        """The answer to a call that wants to begin; its reservation is on the broker.

        None: meanwhile the partition has become another worker's.
        """
        desk, at_ms = self._desk(partition), now_ms()
        with metrics.AUTHORIZE_SECONDS.time():
            quotes = self._quotes(call, vendors, at_ms)
            decision = desk.calls.authorize(call, key_of(call), quotes, at_ms)
            await self.flush(partition)
        metrics.AUTHORIZED.labels(decision.reason or "allowed").inc()
        return decision if self._table.desks().get(partition) is desk else None

    async def update(self, call: CallEvent, partition: int) -> int | None:
        """Seconds of talk a call has in all after it asked for more; None: nobody knows it."""
        session = self._desk(partition).calls.update(call, key_of(call), now_ms())
        await self.flush(partition)
        return session.granted_s if session is not None and session.active else None

    def state(self, account: str, partition: int) -> dict[str, Any]:
        """What an account may spend just now, money as decimal texts."""
        book = self._desk(partition).journal.books.get(account)
        if book is None:
            book = AccountBook(account)
            self._opened(partition, book)
        return state_of(book)

    # time

    async def tick(self, partitions: Iterable[int]) -> None:
        """Do what is due."""
        try:
            for partition in partitions:
                self._desk(partition).tick(now_ms())
                await self.flush(partition)
        except Exception:
            stop_the_process("credit ticks")

    def recount(self) -> None:
        """Give every book its limit and what it has spent, as they are known now."""
        for partition, desk in self._table.desks().items():
            for book in list(desk.journal.books.values()):
                self._opened(partition, book)
                desk.journal.watch_use(book, now_ms())

    def stored_nanos(self, account: str) -> int:
        """What a customer has paid through this log, as ClickHouse has it."""
        return self._money.paid_nanos(account, self._currency(account))

    def payers(self) -> list[str]:
        """Customers of this worker's partitions that have stored movements of this log."""
        mine, names = self._table.mine, self._money.payers()
        return [name for name in names if partition_of(name, self._partitions) in mine]

    # parts

    def _desk(self, partition: int) -> Desk:
        return self._table.desk(partition)

    def _currency(self, account: str) -> str:
        known = self._reference.tariff.parties.customers.get(account)
        return known.currency if known else ""

    def _spent(self, partition: int, account: str) -> int:
        currency = self._currency(account)
        before = self._money.before_nanos(account, currency)
        return self._charged(partition, account, currency) + before

    def _opened(self, partition: int, book: AccountBook) -> None:
        limit = self._reference.limits.get(("customer", book.account))
        if limit is not None and limit.currency != self._currency(book.account):
            limit = limit._replace(limit_nanos=0)  # of another currency: nobody said how much
        book.limit = limit
        book.spent_nanos = self._spent(partition, book.account)

    def _asking(self, call: CallEvent) -> Callable[[], Quotes]:
        vendors = (call.vendor,) if call.vendor else ()
        return lambda: self._quotes(call, vendors, call.at_ms)

    def _quotes(self, call: CallEvent, vendors: tuple[str, ...], at_ms: int) -> Quotes:
        """A call's price; vendors that we owe too much are left out."""
        tariff = self._reference.tariff
        numbers = (call.calling, call.called)
        found = quote(tariff, call.customer, vendors, *numbers, at_ms, call.lrn)
        for name, side in found.vendors.items():
            if isinstance(side, Quote) and self._over_limit(name, side.currency):
                found.vendors[name] = OVER_LIMIT
        return found

    def _over_limit(self, vendor: str, currency: str) -> bool:
        limit = self._reference.limits.get(("vendor", vendor))
        return limit is not None and self._money.owed_nanos(vendor, currency) >= limit.limit_nanos

    async def flush(self, partition: int) -> None:
        """Send what a desk has said and what it has become; returns when the broker has it.

        Who comes while others wait for the broker is sent together with all who came meanwhile,
        and waits for no later sending than that.
        """
        desk = self._desk(partition)
        noted = desk.journal.noted
        async with self._locks.setdefault(partition, asyncio.Lock()):
            sent_desk, sent_to = self._sent_to.get(partition, (None, 0))
            if sent_desk is desk and sent_to >= noted:
                return
            noted = desk.journal.noted
            changes, outcomes = desk.journal.taken()
            decisions = [o for o in outcomes if isinstance(o, Decision)]
            first = [o for o in outcomes if not isinstance(o, Decision)]
            await self._sent(partition, messages_of(first))
            changed = self._table.messages(partition, desk, changes)
            await self._sent(partition, [*changed, *messages_of(decisions)])
            self._sent_to[partition] = desk, noted

    async def _sent(self, partition: int, messages: Sequence[Message]) -> None:
        if messages:
            run = partial(self._send, partition, messages)
            await until_done("send credit", (KafkaError,), run)
