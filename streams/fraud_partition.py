"""The watch over one partition: messages in their order in; alerts, orders and records out.

All of it is a function of the topics and of the rules, so that it does not matter when its process
dies: what is read again gives what it gave before, and of that nothing is said twice.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec
import pyarrow as pa

from billing.errors import BadField
from billing.fraud.actions import Order, credit_order, lifting
from billing.fraud.answers import Action, Answers, done, parse_action
from billing.fraud.incidents import Alert
from billing.fraud.rules import Rules
from billing.fraud.watch import Watch
from billing.tariff import Tariff
from deploy.runtime import metrics
from streams import topics
from streams.credit_table import Message
from streams.fraud_messages import action_message, alert_message, facts_of, order_message
from streams.fraud_state import Snapshot
from streams.merging import Merge, Taken

SOURCES: Final = (topics.CALL_EVENTS, topics.FRAUD_ACTIONS, topics.RATED)
WATCH: Final = "watch"
"""who says that an action was refused"""


class _Kept(msgspec.Struct, array_like=True):
    watch: bytes
    answers: bytes


class Partition:
    """One partition. told: alerts (id, revision) that were told by who had it before."""

    def __init__(
        self,
        number: int,
        partitions: int,
        rules: Rules,
        tariff: Callable[[], Tariff],
        snapshot: Snapshot | None = None,
        told: Iterable[tuple[str, int]] = (),
    ) -> None:
        """Raises ValueError where the state is of another version."""
        self.number, self._partitions = number, partitions
        self._rules, self._tariff = rules, tariff
        self.merge = Merge(SOURCES)
        self._watch, self._answers = Watch(rules), Answers()
        self._told = set(told)
        self._alerts_next = self._alerts_end = 0
        self.asked = False
        """whether people have said something since the last snapshot"""
        self._snapshots = 0
        if snapshot is not None:
            kept = msgspec.msgpack.decode(snapshot.watch, type=_Kept)
            self._watch = Watch.load(kept.watch, rules)
            self._answers = Answers.load(kept.answers)
            self._alerts_next = self._alerts_end = snapshot.alerts_next
            self._snapshots = snapshot.number
            for topic, position in snapshot.positions.items():
                self.merge.seek(topic, position)

    def take(self, until_ms: int, behind: Collection[str], now_ms: int) -> list[Message]:
        """What is to be sent, in this order. until_ms, behind: as of Merge.take."""
        out: list[Message] = []
        facts: list[pa.Table] = []
        for taken in self.merge.take(until_ms, behind):
            if taken.topic == topics.FRAUD_ACTIONS:
                out += self._looked_at(facts, now_ms)
                facts = []
                out += self._said(taken, now_ms)
            else:
                facts.append(self._facts(taken))
            metrics.MESSAGES.labels(taken.topic).inc()
        out += self._looked_at(facts, now_ms)
        if not behind:
            out += self._tell(self._watch.pass_arrivals(until_ms), now_ms)
        return out

    def alert_sent(self, offset: int) -> None:
        """An alert stands at this offset of fraud.alerts."""
        self._alerts_end = max(self._alerts_end, offset + 1)

    def snapshot(self) -> Snapshot:
        """The state, with how far the topics were read for it."""
        self._answers.forget(max(position.at_ms for position in self.merge.positions.values()))
        self.asked = False
        self._snapshots += 1
        if not self._told:  # all that was told before has been come upon again
            self._alerts_next = self._alerts_end
        kept = msgspec.msgpack.encode(_Kept(self._watch.dump(), self._answers.dump()))
        return Snapshot(self._snapshots, dict(self.merge.positions), self._alerts_next, kept)

    def _facts(self, taken: Taken) -> pa.Table:
        value, own = taken.message.value or b"", (self.number, self._partitions)
        return facts_of(taken.topic, value, taken.at_ms, self._tariff(), *own)

    def _looked_at(self, facts: list[pa.Table], now_ms: int) -> list[Message]:
        if not facts:
            return []
        return self._tell(self._watch.take(pa.concat_tables(facts)), now_ms)

    def _tell(self, alerts: Iterable[Alert], now_ms: int) -> list[Message]:
        """Orders first, then the alert: once it is told, they have been given."""
        out: list[Message] = []
        for alert in alerts:
            orders = self._answers.to_alert(alert, self._rules, now_ms)
            name = (alert.id, alert.revision)
            if name in self._told:
                self._told.discard(name)
                continue
            metrics.FRAUD_ALERTS.labels(alert.family, alert.severity).inc()
            out += self._ordered(alert, orders, "")
            account = self._tariff().parties.customers.get(alert.account)
            out.append(alert_message(alert, account.currency if account else ""))
        return out

    def _ordered(self, alert: Alert, orders: Iterable[Order], by: str) -> list[Message]:
        out: list[Message] = []
        for order in orders:
            record, reason = done(order, by), f"{alert.family} {alert.id}"
            out += [order_message(credit_order(order, record.by, reason)), action_message(record)]
            metrics.FRAUD_ORDERS.labels(order.kind).inc()
        return out

    def _said(self, taken: Taken, now_ms: int) -> list[Message]:
        """What follows from what a person says of an alert."""
        try:
            action = parse_action(taken.message.value or b"")
        except BadField as flaw:
            at = f"{taken.topic}/{self.number}/{taken.message.offset}"
            refused = Action("refused", at, "", WATCH, taken.at_ms, note=str(flaw)[:200])
            return [action_message(refused)]
        if action.kind not in ("confirm", "undo"):
            return []
        self.asked = True
        at_ms = taken.at_ms
        if action.kind == "undo":
            orders = self._answers.undone(action, at_ms)
            lifts = [order_message(lifting(order, action.by, at_ms)) for order in orders]
            records = [done(order, action.by, "lifted", at_ms) for order in orders]
            return [*lifts, *(action_message(record) for record in records)]
        alert = self._watch.incidents.find(action.alert)
        if alert is None:
            return [self._refused(action, "no incident that is open has this id")]
        given = self._answers.confirmed(alert, action, self._rules, at_ms)
        if not given:
            said = "nothing to do: say what, such as block_account, or set a policy in the rules"
            return [self._refused(action, said)]
        return self._ordered(alert, [o for o in given if o.until_ms > now_ms], action.by)

    def _refused(self, action: Action, why: str) -> Message:
        record = Action("refused", action.alert, action.account, WATCH, action.at_ms, note=why)
        return action_message(record)
