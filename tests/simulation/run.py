"""One run: a world, a plan, the real code over simulated parts, until everything is quiet again."""

import asyncio
import itertools
from random import Random
from typing import Any

import pyarrow as pa
from aiokafka import TopicPartition

from clickhouse.client import ClickHouseDown
from deploy.runtime.settings import Settings
from streams import topics
from tests.simulation.broker import Group, Logs
from tests.simulation.chance import Chance
from tests.simulation.checks import Ledger, Violation
from tests.simulation.faust_app import App
from tests.simulation.installed import installed
from tests.simulation.loop import PROCESS, Loop, Stuck
from tests.simulation.plan import NONE, Fault, Plan
from tests.simulation.poster import Posted, Poster
from tests.simulation.process import Ended, Process, Worker
from tests.simulation.store import Store
from tests.simulation.world import World

DRAIN_S_MAX = 3_000.0
STEPS_MAX = 300_000


class Simulation:
    """The state of one run, and what the parts of it ask of each other."""

    def __init__(self, world: World, plan: Plan, seed: int, trace: bool = False) -> None:
        self.world, self.plan = world, plan
        random = Random(f"run {seed}")
        self.loop = Loop(random, world.messages[-1].at_s + DRAIN_S_MAX, STEPS_MAX)
        self.chance = Chance(random, plan.odds)
        self.logs = Logs(self.now_ms, world.partitions)
        self.group = Group(self.loop, self.chance, world.partitions)
        self.store = Store(plan.other_logs)
        self.posted = Posted()
        self.tariff = world.market.tariffs[0]
        # not validated: a memory of a dozen ids is less than the settings allow
        self.settings = Settings.model_construct(
            dedupe_calls=plan.dedupe_calls,
            dedupe_window_h=plan.dedupe_window_h,
            kernel_threads=1,
        )
        self.clickhouse_down = self.broker_down = self.disk_full = False
        self.in_flight = 0
        self.exits: list[tuple[str, int]] = []
        self.starting: Process | None = None
        self.workers: list[Process] = []
        self.posters: list[Poster] = []
        self.buggy: list[Worker] = []
        self.faults_seen: dict[str, int] = {}
        self._bug, self._stall_s = False, 0.0
        self._numbers = itertools.count(1)
        self._trace: list[str] | None = [] if trace else None
        self._over: asyncio.Future[None]
        self.ledger = Ledger(self)
        self.loop.set_exception_handler(self._failed)

    def now_ms(self) -> int:
        """The broker's clock, and everybody's."""
        return self.world.start_ms + round(self.loop.time() * 1_000)

    def note(self, who: str, what: str) -> None:
        """A line of the trace."""
        if self._trace is not None:
            self._trace.append(f"{self.loop.time():10.3f} s  {who:<11} {what}")

    @property
    def trace(self) -> list[str]:
        """What happened, if it was asked for."""
        return self._trace or []

    def take_bug(self, where: str) -> bool:
        """Whether the planted bug shows in this request; then the process has to end."""
        process = PROCESS.get()
        if not self._bug or not isinstance(process, Process) or process.dead:
            return False
        self._bug = False
        self.buggy.append(process)
        self.note(process.name, f"meets a bug in {where}")
        return True

    def stalled_s(self) -> float:
        """How long a request of this process waits in it, because it freezes before it is sent."""
        process = PROCESS.get()
        if not self._stall_s or not isinstance(process, Process) or process.dead:
            return 0.0
        stall_s, self._stall_s = self._stall_s, 0.0
        process.freeze(stall_s)
        return stall_s

    def lost(self, error: BaseException) -> None:
        """A task or a callback has ended with an error: the run ends with the first one."""
        if not isinstance(error, Ended) and not self._over.done():
            self._over.set_exception(error)

    def _failed(self, _loop: Any, context: dict[str, Any]) -> None:
        if "handle" in context:  # a callback; tasks tell of their errors themselves
            self.lost(context["exception"])

    def start_worker(self) -> None:
        """One more rater."""
        process = Process(self, f"worker-{next(self._numbers)}")
        self.workers.append(process)
        process.start()

    def insert(self, client: Store, table: str, rows: pa.Table) -> int:
        """An insert; a full disk can still be read."""
        if self.disk_full:
            self.note("clickhouse", f"no space for {table}")
            raise ClickHouseDown("no space")
        return client.insert(table, rows)

    def app(self) -> App:
        """The Faust app of the rater that is starting."""
        assert self.starting is not None
        return App(self.starting)

    def start_poster(self) -> None:
        """The next keeper of balances."""
        poster = Poster(self, f"poster-{next(self._numbers)}")
        self.posters.append(poster)
        poster.start()

    def alive(self) -> list[Process]:
        """Raters that have not died."""
        return [w for w in self.workers if not w.dead]

    def dies(self) -> None:
        """A rater has died: another one is started, at once or later."""
        self.loop.outside(self.chance.up_to(10.0), self.start_worker)

    def run(self) -> None:
        """Everything, to the end. Raises Violation."""
        self.logs.watchers.append(self._wake)
        with installed(self):
            try:
                self.loop.run_until_complete(self._ends())
            except Stuck as error:
                raise Violation("progress", str(error)) from None
            finally:
                self._clear()
        self.ledger.finish()

    async def _ends(self) -> None:
        """All done, or a task of the simulation failed."""
        main = self.loop.create_task(self._main())
        self._over = self.loop.create_future()
        done, _ = await asyncio.wait({main, self._over}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _main(self) -> None:
        for _ in range(self.plan.workers):
            self.start_worker()
        self.start_poster()
        for message in self.world.messages:
            at = TopicPartition(topics.RAW, message.partition)
            kind = message.content_type.encode()
            headers = (("content-type", kind),) if kind else ()
            self.loop.outside(message.at_s, self.logs.append, at, message.payload, headers)
        for fault in self.plan.faults:
            self.loop.outside(fault.at_s, self._happen, fault)
        if self.world.published_s is not None:
            self.loop.outside(self.world.published_s, self._publish)
        ends = [f.at_s + (0 if "crash" in f.kind else f.size) for f in self.plan.faults]
        await asyncio.sleep(max([self.world.messages[-1].at_s, *ends]) + 1.0)
        self._calm()
        self.loop.limit(self.loop.time() + DRAIN_S_MAX)
        while not self._quiet():  # noqa: ASYNC110 (virtual time costs nothing)
            await asyncio.sleep(0.5)

    def _calm(self) -> None:
        self.note("-", "nothing goes wrong from here on")
        self.clickhouse_down = self.broker_down = self.disk_full = self._bug = False
        self._stall_s = 0.0
        self.chance.odds = NONE._replace(slow_s=min(0.05, self.plan.odds.slow_s))
        for worker in (*self.workers, *self.posters):
            worker.light(-1)
            worker.thaw()

    def _quiet(self) -> bool:
        ends = {at: len(log) for at, log in self.logs.records.items()}
        stored = all(self.group.committed.get(at, 0) == end for at, end in ends.items())
        posted = all(
            self.posted.committed.get(at.partition, 0) == end
            for at, end in ends.items()
            if at.topic == topics.RATED
        )
        return stored and posted and not self.in_flight

    def _publish(self) -> None:
        self.note("decks", "one more version is published")
        self.tariff = self.world.market.tariffs[1]
        for worker in self.alive():
            worker.later(self.chance.up_to(5.0), setattr, worker, "tariff", self.tariff)

    def _happen(self, fault: Fault) -> None:
        self.faults_seen[fault.kind] = self.faults_seen.get(fault.kind, 0) + 1
        alive = self.alive()
        worker = alive[fault.which % len(alive)] if alive else None
        match fault.kind:
            case "clickhouse down" | "broker down" | "disk full":
                part = fault.kind.replace(" ", "_")
                self.note("fault", f"{fault.kind} for {fault.size:.1f} s")
                setattr(self, part, True)
                self.loop.outside(fault.size, setattr, self, part, False)
            case "bug":
                self._bug = True
            case "stall":
                self._stall_s = fault.size
            case "join":
                self.start_worker()
            case "poster crash":
                self.posters[-1].light(int(fault.size))
            case "poster freeze":
                self.posters[-1].freeze(fault.size)
                self.start_poster()
            case "crash" if worker:
                worker.light(int(fault.size))
            case "freeze" if worker:
                worker.freeze(fault.size)
            case "replace" if worker:
                self.note(worker.name, "is asked to stop")
                worker.later(0.0, worker.app.consumer.stop)
                self.start_worker()

    def _wake(self, at: TopicPartition, _record: Any) -> None:
        for worker in self.workers:
            if not worker.dead:
                worker.app.consumer.wake.set()
        if at.topic == topics.RATED:
            self.posters[-1].wake.set()

    def _clear(self) -> None:
        """Let nothing of the tasks that never ended run after this."""
        for worker in (*self.workers, *self.posters):
            worker.dead = True
        for task in asyncio.all_tasks(self.loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            task.get_coro().close()
        self.loop._ready.clear()  # type: ignore[attr-defined]
        self.loop._scheduled.clear()  # type: ignore[attr-defined]
        self.loop.close()
