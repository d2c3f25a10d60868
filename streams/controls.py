"""The controls: a Faust app with tables. Balances and credit, on rated calls and call events."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.types import TP

from billing.balances import Key
from billing.credit.orders import Accepted
from billing.parties import Account
from clickhouse import credit
from clickhouse.client import ClickHouseDown, wait_ready
from clickhouse.migrate import migrate
from clickhouse.reference import load_accounts
from deploy.runtime import health, metrics
from deploy.runtime.settings import Settings
from streams import topics, wire
from streams.agents.credit import CreditAgent
from streams.balance_table import BalanceTable
from streams.connections import Connections
from streams.credit_http import CreditHttp
from streams.credit_money import Money
from streams.credit_owners import Owners, claim, own_url
from streams.credit_reconcile import PaidCheck
from streams.credit_states import states
from streams.credit_table import CreditTable, Message
from streams.decks import Reference
from streams.faust_app import add_agent, new_app
from streams.reconcile import Reconciliation
from streams.retry import stop_the_process, until_done
from streams.running import run_app
from streams.worker import WAIT_S

WRITE_S: Final = 3.0
TICK_S: Final = 0.25
RECOUNT_S: Final = 2.0
EVENTS_MAX: Final = 1_000
"""messages one batch may hold"""
LINGER_MS: Final = 20


def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    state = health.serve("controls", settings.controls_metrics, "TOLLWIRE_CONTROLS_METRICS")
    wait_ready(settings, WAIT_S)
    migrate(settings)
    log = asyncio.run(topics.ensure_topics(settings, WAIT_S))
    asyncio.run(_run(settings, log, state))


async def _run(settings: Settings, log: str, state: health.Health) -> None:
    reference, money, owners = Reference(settings), Money(settings, log), Owners(settings)
    await reference.start()
    await money.refresh()
    controls = Controls(settings, log, reference, money, owners)
    await controls.http.start()
    beside = (
        asyncio.create_task(reference.follow(), name="deck hand-over"),
        asyncio.create_task(owners.follow(), name="owners"),
    )

    async def stop() -> None:
        await controls.http.stop()
        await reference.stop()

    await run_app(settings, controls.app, state, metrics.CONTROLS_READY, beside, stop)


class Controls:
    """The Faust app of one worker, its tables and its endpoint."""

    def __init__(
        self, settings: Settings, log: str, reference: Reference, money: Money, owners: Owners
    ) -> None:
        self._settings, self._log, self._money = settings, log, money
        self.app = new_app(topics.CONTROLS, settings, table_standby_replicas=0)
        self._balances = self.app.tables.add(BalanceTable(self.app, settings.partitions))
        self._credit = self.app.tables.add(CreditTable(self.app, settings.partitions))
        self._clickhouse = Connections(settings)
        self._owners = owners
        self.agent = CreditAgent(
            reference,
            self._credit,
            self._charged,
            money,
            self._send,
            self._save_movement,
            self._find,
            settings.partitions,
        )
        self.http = CreditHttp(
            settings,
            self.agent,
            owners,
            self._ready,
            lambda account: reference.limits.get(("customer", account)),
        )
        self._listen()
        self.app.task(self._keep)
        self.app.task(self._tick)

    def _listen(self) -> None:
        app = self.app
        rated = app.topic(
            topics.RATED, value_type=bytes, value_serializer="raw", key_serializer="raw"
        )
        app.agent(rated, name="tollwire.balance", concurrency=1)(self._post)
        add_agent(app, topics.CALL_EVENTS, self.agent.events, EVENTS_MAX, LINGER_MS)
        add_agent(app, topics.CREDIT_ORDER, self.agent.orders, EVENTS_MAX, LINGER_MS)

    async def _post(self, stream: Any) -> None:
        async for event in stream.events():
            try:
                at, rated = event.message.partition, wire.decode_rated(event.value)
                changed = self._balances.post(at, rated)
                await self.agent.posted(at, rated, changed)
            except Exception:
                stop_the_process("post")
            metrics.MESSAGES.labels(topics.RATED).inc()

    async def _keep(self) -> None:
        """What is kept in ClickHouse, and what is read from there."""
        reconciliation = Reconciliation(self._settings, self._balances)
        paid = PaidCheck()
        while True:
            await asyncio.sleep(WRITE_S)
            if self.app.rebalancing:
                continue
            # one worker compares for all
            await reconciliation.run(TP(topics.RATED, 0) in self.app.consumer.assignment())
            await self._money.refresh()
            if self._known:
                paid.judge(self._credit.desks(), self.agent.stored_nanos, self.agent.payers())
                rows = await states(self._credit.desks(), self._log, int(time.time() * 1_000))
                await self._in_clickhouse("write credit", partial(self._write_states, rows))

    async def _tick(self) -> None:
        counted_s = 0.0
        while True:
            await asyncio.sleep(TICK_S)
            if not self._known:
                continue
            if time.monotonic() >= counted_s + RECOUNT_S:
                self.agent.recount()
                counted_s = time.monotonic()
            await self._claim(set(self._credit.mine))
            await self.agent.tick(self._credit.mine & self._credit.desks().keys())

    @property
    def _known(self) -> bool:
        """Whether all is known of the accounts of this worker's partitions."""
        return self._money.known and bool(self.app.tables.recovery.whole)

    def _ready(self, partition: int) -> bool:
        return self._known and partition in self._credit.mine

    async def _claim(self, mine: set[int]) -> None:
        own = own_url(self._settings)
        for partition in (p for p in mine if self._owners.url(p) != own):
            message = (topics.CONTROLS_OWNER, *claim(self._settings, partition))
            await until_done("claim", (KafkaError,), partial(self._send, 0, [message]))

    def _charged(self, partition: int, customer: str, currency: str) -> int:
        return int(self._balances.nanos(partition, Key("customer", customer, currency), self._log))

    async def _send(self, partition: int, messages: Sequence[Message]) -> None:
        send = self.app.producer.send
        try:
            sent = [
                await send(topic, key, value, partition, None, None)
                for topic, key, value in messages
            ]
            for acknowledged in sent:
                await acknowledged
        except ProducerSendError as error:  # what Faust makes of the client's KafkaError
            raise KafkaError(str(error)) from error
        for topic, _, _ in messages:
            metrics.SENT.labels(topic).inc()

    async def _save_movement(self, accepted: Accepted, offset: int, received_ms: int) -> bool:
        def run() -> bool:
            client = self._clickhouse.client()
            credit.save_movement(client, accepted, self._log, offset, received_ms)
            return credit.log_of(client, accepted) == self._log

        return bool(await self._in_clickhouse("store movement", run))

    async def _find(self, role: str, name: str) -> Account | None:
        def run() -> Account | None:
            accounts = load_accounts(self._clickhouse.client())
            return next((a for a in accounts if (a.role, a.account) == (role, name)), None)

        found: Account | None = await self._in_clickhouse("look for an account", run)
        return found

    def _write_states(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            credit.save_states(self._clickhouse.client(), rows)

    async def _in_clickhouse(self, what: str, run: Callable[[], Any]) -> Any:
        return await until_done(what, (ClickHouseDown,), lambda: asyncio.to_thread(run))
