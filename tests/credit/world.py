"""A simulated exchange: switches, calls that cost money, events that are late, lost and doubled, a
worker that dies. The truth about every call is known here, and held against what the desk promised.
"""

import heapq
import random
from collections.abc import Callable
from typing import Any

from billing.credit.call_events import CallEvent
from billing.credit.desk import Desk
from billing.credit.journal import Change
from billing.credit.limits import Caps, Limit
from billing.credit.orders import Accepted, Order
from billing.credit.outcomes import Disconnect, Outcome
from billing.credit.quote import Quote, Quotes
from billing.credit.session import Pace, overrun_nanos
from kernels.terms import Terms
from tests.credit.truth import ACCOUNTS, INCREMENTS, NANOS, RULE, Call, Found, Overrun, Trouble


class World:
    """One run: `run()` plays it to the end."""

    def __init__(
        self, seed: int, calls: int, minutes: int, trouble: Trouble, pace: Pace, money: int = 1
    ) -> None:
        self.chance = random.Random(seed)
        self.trouble, self.pace = trouble, pace
        self.now_ms = 1_700_000_000_000
        self.found = Found()
        self.calls: dict[str, Call] = {}
        """not posted"""
        self.gone: dict[str, Call] = {}
        """posted"""
        self.limits = {
            name: Limit(
                name, name, "USD", self.chance.randint(5, 40) * money * NANOS, Caps(), "refuse"
            )
            for name in ACCOUNTS
        }
        self.spent = dict.fromkeys(ACCOUNTS, 0)
        self.desk: Desk | None = self._new_desk()
        self.stored: list[Change] = []
        self.safe = 0
        """changes before this one cannot be lost any more"""
        self.uncommitted: list[tuple[int, CallEvent]] = []
        self.waiting: list[tuple[int, CallEvent]] = []
        self._over: dict[str, dict[str, int]] = {name: {} for name in ACCOUNTS}
        """what calls may cost beyond their grants: of all that were open since money was free"""
        self._todo: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._n = 0
        span_ms = minutes * 60_000
        for i in range(calls):
            self._at(self.now_ms + self.chance.randrange(span_ms), self._invite, i)
        for _ in range(trouble.deaths):
            self._at(self.now_ms + self.chance.randrange(span_ms), self._die)
        self._end_ms = self.now_ms + span_ms + 3_600_000
        self._at(self.now_ms, self._tick)

    def run(self) -> Found:
        """Play until every call is over and posted."""
        while self._todo:
            self.now_ms, _, do, arguments = heapq.heappop(self._todo)
            do(*arguments)
        return self.found

    def _at(self, at_ms: int, do: Callable[..., None], *arguments: Any) -> None:
        self._n += 1
        heapq.heappush(self._todo, (at_ms, self._n, do, arguments))

    def _new_desk(self) -> Desk:
        desk = Desk(self.pace)
        for limit in self.limits.values():
            desk.limit(limit)
        return desk

    # a call

    def _invite(self, i: int) -> None:
        chance = self.chance
        first, following = chance.choice(INCREMENTS)
        price = chance.randint(1, 50) * NANOS // 100
        terms = Terms((price, price, chance.choice((0, 0, 10**7)), first, following), RULE, (1, 1))
        ring_ms = chance.randint(500, 20_000)
        answered_ms = self.now_ms + ring_ms if chance.random() < 0.8 else 0
        talk_ms = min(int(chance.expovariate(1 / 180_000)) + 1, 3_000_000) if answered_ms else 0
        account = chance.choice(ACCOUNTS)
        end_ms = self.now_ms + ring_ms + talk_ms
        call = Call(f"{i:08x}", account, terms, self.now_ms, answered_ms, end_ms)
        if self.trouble.asks and not self._allowed(call):
            self.found.refused += 1
            return
        self.found.calls += 1
        self.calls[call.key] = call
        self._tell("start", call, 0)
        if answered_ms:
            self._at(answered_ms, self._tell, "answer", call, 0)
        self._at(end_ms, self._hang_up, call, end_ms)

    def _allowed(self, call: Call) -> bool:
        if self.desk is None:
            return False
        event = _event("start", call, 0, self.now_ms)
        decision = self.desk.calls.authorize(event, call.key, _quotes(call), self.now_ms)
        self._flush()
        self.safe = len(self.stored)  # the answer waits for the changelog
        return decision.allowed

    def _hang_up(self, call: Call, planned_ms: int) -> None:
        if call.ended or call.end_ms != planned_ms:
            return
        call.ended = True
        talked_ms = call.end_ms - call.answered_ms if call.answered_ms else 0
        self._tell("stop", call, max(talked_ms, 0))
        late_ms = self.chance.randint(500, self.trouble.cdr_late_ms)
        self._at(self.now_ms + late_ms, self._post, call)

    def _cut(self, call: Call) -> None:
        if call.ended or call.end_ms <= self.now_ms:
            return
        self.found.cut += 1
        call.end_ms = self.now_ms
        if call.answered_ms > self.now_ms:
            call.answered_ms = 0
        self._hang_up(call, call.end_ms)

    def _tell(self, kind: Any, call: Call, talked_ms: int) -> None:
        if not self.trouble.tells or (kind == "answer" and call.ended):
            return
        if self.chance.random() < self.trouble.lost:
            return
        event = _event(kind, call, talked_ms, self.now_ms)
        for _ in range(1 + (self.chance.random() < self.trouble.doubled)):
            late_ms = self.chance.randint(0, self.trouble.event_late_ms)
            self._at(self.now_ms + late_ms, self._arrives, event)

    # the worker

    def _arrives(self, event: CallEvent) -> None:
        if self.desk is None:
            self.waiting.append((self.now_ms, event))
            return
        self.uncommitted.append((self.now_ms, event))
        self._hear(self.now_ms, event)
        self._flush()

    def _hear(self, came_ms: int, event: CallEvent) -> None:
        assert self.desk is not None
        call = self.calls.get(event.call_id) or self.gone[event.call_id]
        self.desk.calls.hear(event, call.key, lambda: _quotes(call), came_ms)

    def _post(self, call: Call) -> None:
        """Its CDR has been rated and is posted; balances never lose a call (tests/billing)."""
        if self.desk is None:
            self._at(self.now_ms + 500, self._post, call)
            return
        del self.calls[call.key]
        self.gone[call.key] = call
        self.spent[call.account] += call.cost_nanos(self.now_ms)
        self.desk.calls.posted(call.account, self.spent[call.account], [call.key], self.now_ms)
        self._flush()

    def _tick(self) -> None:
        if self.desk is not None:
            self.desk.tick(self.now_ms)
            self._flush()
            if self.chance.random() < 0.2:  # a commit: everything so far is on the broker
                self.safe = len(self.stored)
                self.uncommitted.clear()
        self._check()
        if (self._todo or self.calls) and self.now_ms < self._end_ms:
            self._at(self.now_ms + self.trouble.tick_ms, self._tick)

    def _flush(self) -> None:
        assert self.desk is not None
        changes, outcomes = self.desk.journal.taken()
        self._obey(outcomes)
        self.stored += changes

    def _obey(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Disconnect) and (call := self.calls.get(outcome.call_id)):
                late_ms = self.chance.randint(0, self.trouble.disconnect_late_ms)
                self._at(self.now_ms + late_ms, self._cut, call)

    def _die(self) -> None:
        """The worker and its memory are gone; of what was not acknowledged some is lost."""
        if self.desk is None:
            return
        self.found.deaths += 1
        del self.stored[self.chance.randint(self.safe, len(self.stored)) :]
        self.desk = None
        self._at(self.now_ms + self.trouble.dead_ms, self._recover)

    def _recover(self) -> None:
        self.desk = self._new_desk()
        for change in self.stored:
            self.desk.restore(change, self.now_ms)
        for name in ACCOUNTS:
            keys = [key for key, call in self.gone.items() if call.account == name]
            self.desk.calls.posted(name, self.spent[name], keys, self.now_ms)
        again, self.waiting = [*self.uncommitted, *self.waiting], []
        self.uncommitted = again
        for came_ms, event in again:
            self._hear(came_ms, event)
        self._flush()

    # the truth

    def _check(self) -> None:
        """Hold what calls have cost against the limits, and against the bound that is promised."""
        open_calls: dict[str, list[Call]] = {name: [] for name in ACCOUNTS}
        for call in self.calls.values():
            open_calls[call.account].append(call)
        at_once = sum(not call.ended for call in self.calls.values())
        self.found.most_at_once = max(self.found.most_at_once, at_once)
        for name, calls in open_calls.items():
            limit = self.limits[name].limit_nanos
            exposure = self.spent[name] + sum(call.cost_nanos(self.now_ms) for call in calls)
            if self.desk is not None and self.desk.journal.books[name].free_nanos >= 0:
                self._over[name] = {}
            over = self._over[name]
            for call in calls:
                over[call.key] = max(over.get(call.key, 0), self._allowance(call))
            seen = Overrun(name, self.now_ms, limit, exposure, limit + sum(over.values()))
            worst = self.found.worst.get(name)
            if worst is None or seen.over_nanos > worst.over_nanos:
                self.found.worst[name] = seen
            if seen.exposure_nanos > seen.bound_nanos:
                self.found.beyond.append(seen)

    def _allowance(self, call: Call) -> int:
        """What a call may cost beyond what was set aside for it."""
        late_ms = self.trouble.late_ms
        session = None
        if self.desk is not None:
            session = self.desk.journal.books[call.account].sessions.get(call.key)
        if session is not None and session.state != "closed":
            return overrun_nanos(session, late_ms)
        if self.trouble.asks or not self.trouble.tells:
            return 0
        return call.terms.charge(late_ms)  # its start is still on its way


def _event(kind: Any, call: Call, talked_ms: int, at_ms: int) -> CallEvent:
    who = (call.account, "vend", "", "4420", "4930")
    return CallEvent(kind, "sw1", call.key, "", *who, at_ms, talked_ms, 0)


def _quotes(call: Call) -> Quotes:
    return Quotes(Quote(call.terms, "USD", "Germany"), "", {})


def pay(desk: Desk, account: str, number: str, nanos: int, offset: int, now_ms: int) -> None:
    """A payment of an account."""
    order = Order("payment", number, "customer", account, "finance", now_ms)
    desk.order(Accepted(order, nanos), offset, now_ms)
