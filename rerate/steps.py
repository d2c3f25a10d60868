"""The steps of a run: begun, looked after, and ended when every chunk is done.

The record of a step is written first; what follows from it is done again after a crash, by whoever
looks next. Only `rerate_chunk` says what is done.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple

import structlog
from clickhouse_connect.driver.client import Client

from billing.money import format_nanos
from clickhouse import rerate_read, rerate_write
from clickhouse.rerate_read import Slots
from clickhouse.rerate_scope import Wanted
from rerate import life, prices
from rerate.figures import Figures
from rerate.life import Action, Refused, Run, State
from rerate.plan import Chunk, Slot, plan
from rerate.records import Record, Records, Step
from rerate.scope import preview_hash
from rerate.sending import Event
from rerate.task import Phase, Task
from rerate.work import wanted
from streams.topics import BrokerDown

LATE_MS: Final = 10_000
"""how long an insert may take from its clock to its rows being seen"""
RUNNING: Final = (State.PREVIEWING, State.APPLYING, State.ROLLING_BACK)

_log = structlog.get_logger()
Send = Callable[[Sequence[Task], Sequence[Event]], None]


class Progress(NamedTuple):
    """How far a run's step is."""

    record: Record
    chunks: int
    chunks_done: int
    calls: int
    """as planned"""
    calls_done: int

    @property
    def running(self) -> bool:
        """Whether workers have something to do."""
        return self.record.run.state in RUNNING


class Steps:
    """Begins, sends and ends steps. Raises Refused, ClickHouseDown, BrokerDown."""

    def __init__(self, client: Client, records: Records, send: Send, chunk_calls: int) -> None:
        """chunk_calls: what a worker is to hold at once."""
        self.client, self.records, self._send = client, records, send
        self._chunk_calls = chunk_calls

    def begin(self, record: Record, run: Run, phase: Phase, by: str) -> Progress:
        """Begin a step of a run that is in `run`'s state by it."""
        now_ms = rerate_read.now_ms(self.client)
        number = self.records.next_step(rerate_write.last_step(self.client)[0] + 1)
        if phase is Phase.ROLL_BACK:
            slots = rerate_read.ledger_slots(self.client, record.apply_step)
        else:
            slots = rerate_read.slots(self.client, self.wanted(record))
        # Every day, also those without slots: a worker may still be at the step before this one.
        chunks = self._planned(number, slots, record.scope.days)
        begun = record._replace(
            run=run,
            step=Step(number, phase, 0, now_ms, now_ms, plan=tuple(chunks)),
            preview_step=number if phase is Phase.PREVIEW else record.preview_step,
            apply_step=number if phase is Phase.APPLY else record.apply_step,
        )
        self.write(record, begun, by)
        return self.go_on(record.number, send_again=True)

    def go_on(self, number: int, send_again: bool = False) -> Progress:
        """Look how far a run is, and take it to its next state where all is done.

        send_again: send what is not done once more, in case its tasks were lost.
        """
        record = self.records.get(number)
        if record.run.state not in RUNNING:
            return self.progress(record)
        if send_again and not record.paused:
            sent_ms = rerate_read.now_ms(self.client)
            record = self.records.write(
                record, record._replace(step=record.step._replace(sent_ms=sent_ms))
            )
            if not rerate_write.state_of(self.client, record.step.number):
                self._still_holds(record)
            self.set_step(record, "open")
            done = self._done(record)
            self._send_tasks(record, [c for c in record.step.plan if c.id not in done])
        self._refused(record)
        progress = self.progress(record)
        return self._finish(record) if progress.chunks_done == progress.chunks else progress

    def _refused(self, record: Record) -> None:
        """Raises Refused if a worker has refused a chunk; a preview has failed then."""
        step = record.step
        if refused := rerate_write.refusals(self.client, step.number, step.sent_ms):
            if record.run.state is State.PREVIEWING:
                self.set_step(record, "closed")
                self.write(record, record._replace(run=life.step(record.run, Action.FAIL)))
            raise Refused(f"run {record.number}: a worker refused it: {refused[0]}")

    def progress(self, record: Record) -> Progress:
        """How far the run's last step is."""
        chunks = record.step.plan
        done = self._done(record) if record.run.state in RUNNING else {c.id: 0 for c in chunks}
        return Progress(
            record,
            len(chunks),
            sum(chunk.id in done for chunk in chunks),
            sum(chunk.calls for chunk in chunks),
            sum(chunk.calls for chunk in chunks if chunk.id in done),
        )

    def _still_holds(self, record: Record) -> None:
        """Look again whether a step may be, before it does anything; no other run can begin now.

        Raises Refused, with the run where it was or expired.
        """
        step, run = record.step, record.run
        if step.phase is Phase.APPLY:
            priced = prices.gather(self.client, {(s, d): o for s, d, o in record.instead})
            if self.hash_now(record, priced) != run.preview_hash:
                gone = record._replace(run=run._replace(state=State.EXPIRED))
                self.write(record, gone)
                raise Refused(f"the preview of run {run.id} has expired: preview it again")
        if step.phase is Phase.ROLL_BACK and (later := self.touched_by(record)):
            self.write(record, record._replace(run=run._replace(state=State.APPLIED)))
            raise Refused(
                f"run {later} has changed calls of run {run.id} since: roll run {later} back first"
            )

    def touched_by(self, record: Record) -> int | None:
        """A run in force that was applied after this one and has changed calls of it."""
        later = [
            other.apply_step
            for other in self.records.all()
            if other.apply_step > record.apply_step
            and other.run.state in (State.APPLIED, State.APPLYING)
        ]
        return rerate_write.later_run(self.client, record.apply_step, later)

    def write(self, before: Record, after: Record, by: str = "") -> Record:
        """Keep a record, and say that it is in another state now if the broker listens."""
        kept = self.records.write(before, after)
        at_ms, step = rerate_read.now_ms(self.client), kept.step
        said = Event(
            kept.number, kept.run.state, at_ms, step.number, step.phase, len(step.plan), by=by
        )
        try:
            self._send([], [said])
        except BrokerDown as error:
            _log.warning("an event of a run was not sent", run=kept.number, error=str(error))
        return kept

    def set_step(self, record: Record, state: str) -> None:
        """Say what workers may do for the run's step."""
        step = record.step
        undoes = record.apply_step if step.phase is Phase.ROLL_BACK else 0
        rerate_write.set_step(self.client, step.number, record.number, step.phase, state, undoes)

    def wanted(self, record: Record, priced: prices.Prices | None = None) -> Wanted:
        """The calls of a run, by the prices it was previewed with."""
        own = priced or prices.load(self.client, record.digest)
        return wanted(record.scope, own)

    def hash_now(self, record: Record, priced: prices.Prices) -> str:
        """What the hash of a preview by these prices would be now."""
        return preview_hash(record.scope, priced.digest, self.mark(record, priced))

    def mark(self, record: Record, priced: prices.Prices) -> str:
        """What the calls of a run are now, as far as its preview is to hold for them.

        Calls that came in after the preview began are rated by the decks of the day already, but
        for those of a rater that lags: they change nothing for a run that prices by these decks.
        For one that does not, they do.
        """
        before_ms = None if record.instead else record.as_of_ms
        return rerate_read.watermark(self.client, self.wanted(record, priced), before_ms)

    def figures(self, record: Record) -> Figures:
        """What the run's last preview found."""
        whole = Figures()
        for text in rerate_write.figures_of(self.client, record.preview_step):
            whole.merge(Figures.decode(text))
        return whole

    def _done(self, record: Record) -> Collection[str]:
        return rerate_write.done_chunks(self.client, record.step.number, record.step.turn)

    def _send_tasks(self, record: Record, chunks: Sequence[Chunk]) -> None:
        step = record.step
        undoes = record.apply_step if step.phase is Phase.ROLL_BACK else 0
        self._send(
            [
                Task(
                    record.number,
                    step.number,
                    step.turn,
                    step.phase,
                    record.scope,
                    record.digest,
                    undoes,
                    chunk,
                )
                for chunk in chunks
            ],
            [],
        )

    def _finish(self, record: Record) -> Progress:
        step = record.step
        if step.phase is Phase.APPLY:
            mark = self._late_mark(record)
            if mark not in ("", step.late_mark):
                return self._sweep(record, mark)
        if step.phase is Phase.PREVIEW:
            # As of before the first chunk was read: what changed meanwhile makes it expire.
            found = preview_hash(record.scope, record.digest, record.mark)
            run = life.previewed(record.run, found, delta_of(self.figures(record)))
        else:
            run = life.step(record.run, Action.FINISH)
        done = self.write(record, record._replace(run=run, paused=False))
        self.set_step(done, "closed")
        return self.progress(done)

    def _late_mark(self, record: Record) -> str:
        """What came in since the step began, and a little before: an insert takes its time."""
        since_ms = record.step.began_ms - LATE_MS
        wanted = self.wanted(record)
        return rerate_read.late_mark(self.client, wanted, since_ms, record.step.number)

    def _sweep(self, record: Record, mark: str) -> Progress:
        """Do the chunks again in which calls came in, until nothing else comes in."""
        step, wanted = record.step, self.wanted(record)
        late = rerate_read.late_slots(self.client, wanted, step.began_ms - LATE_MS, step.number)
        days = sorted({day for day, *_ in late})
        slots = [slot for slot in rerate_read.slots(self.client, wanted) if slot[0] in days]
        own = [Slot(*slot) for slot in late]
        chunks = [
            chunk
            for chunk in self._planned(step.number, slots, days)
            if any(chunk.holds(slot) for slot in own)
        ]
        swept = step._replace(turn=step.turn + 1, late_mark=mark, plan=tuple(chunks))
        self.write(record, record._replace(step=swept))
        return self.go_on(record.number, send_again=True)

    def _planned(self, step: int, slots: Slots, days: Iterable[int]) -> list[Chunk]:
        return plan(str(step), days, [Slot(*slot) for slot in slots], self._chunk_calls)


def delta_of(figures: Figures) -> str:
    """What a preview changes, as the approver types it: "sell -1.5 USD, buy 0.2 EUR", or "0"."""
    lines = sorted(figures.lines().items(), key=lambda own: (own[0][0] != "sell", own[0][1]))
    parts = [
        f"{leg} {format_nanos(line.delta_nanos)} {currency}"
        for (leg, currency, _), line in lines
        if line.delta_nanos
    ]
    return ", ".join(parts) or "0"
