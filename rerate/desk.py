"""What people do with runs: make, preview, submit, approve, apply, roll back, cancel, pause."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from clickhouse import rerate_read, rerate_write
from clickhouse.rerate_write import Posted
from rerate import life, prices
from rerate.figures import Figures
from rerate.life import Action, Refused, Run, State, TakesBack
from rerate.records import Record
from rerate.sample import explained
from rerate.scope import Scope
from rerate.steps import RUNNING, Progress, Steps
from rerate.task import Phase
from rerate.work import wanted


class Desk:
    """Everything that can be done with runs. Raises Refused, ClickHouseDown, BrokerDown."""

    def __init__(self, steps: Steps) -> None:
        self._steps, self._client, self._records = steps, steps.client, steps.records

    def make(
        self,
        scope: Scope,
        by: str,
        instead: Mapping[tuple[str, str], str] | None = None,
        note: str = "",
    ) -> Record:
        """A new run. instead: (side, deck) -> the deck that prices its accounts in this run."""
        now_ms = rerate_read.now_ms(self._client)
        if scope.to_ms > now_ms:
            raise Refused(
                "scope: to lies in the future: calls that are still to come are rated by the decks "
                "of the day; end the period at the latest now"
            )
        priced = prices.gather(self._client, instead or {})
        decks = {account.deck for account in priced.accounts}
        if unknown := sorted(set(scope.decks) - decks):
            raise Refused(f"scope: decks: no account has the deck {unknown[0]!r}")
        if not rerate_read.slots(self._client, wanted(scope, priced)):
            raise Refused(f"the scope matches no calls: {scope.canonical()}")
        return self._records.create(
            rerate_write.last_step(self._client)[1] + 1,
            lambda number: Record(
                number, Run(str(number)), scope, priced.instead, by, now_ms, note
            ),
        )

    def preview(self, number: int, by: str) -> Progress:
        """Have what the run would change computed, or go on with it."""
        record = self._records.get(number)
        if record.run.state is State.PREVIEWING:
            return self.go_on(number, send_again=True)
        run = life.step(record.run, Action.PREVIEW)
        priced = self._gathered(record)
        after = record._replace(
            digest=prices.save(self._client, priced), as_of_ms=rerate_read.now_ms(self._client)
        )
        record = after._replace(mark=self._steps.mark(after, priced))
        return self._steps.begin(record, run, Phase.PREVIEW, by)

    def submit(self, number: int, by: str, suspending: bool = False) -> Record:
        """Hand the run to another person. suspending: also if calls lose their price by it."""
        record = self._records.get(number)
        lines = self._steps.figures(record).lines().values()
        lost = sum(line.no_longer_rated for line in lines)
        meant = suspending or record.scope.withdraw
        if record.run.state is State.PREVIEWED and lost and not meant:
            raise Refused(
                f"run {number} would leave {lost:,} legs without a price that have one: do the "
                "decks cover the period? --allow-suspending if that is meant"
            )
        run = self._holding(record, lambda now: life.submit(record.run, by, now))
        return self._steps.write(record, record._replace(run=run), by)

    def approve(self, number: int, by: str, delta: str) -> Record:
        """Approve the run as another person, who types its delta."""
        record = self._records.get(number)
        if by == record.made_by:
            raise Refused(f"run {number} was made by {by}: another person must approve it")
        run = self._holding(record, lambda now: life.approve(record.run, by, delta, now))
        return self._steps.write(record, record._replace(run=run), by)

    def reject(self, number: int, by: str) -> Record:
        """Send the run back for good."""
        return self._stepped(self._records.get(number), Action.REJECT, by)

    def apply(self, number: int, by: str) -> Progress:
        """Change the charges, or go on with it."""
        record = self._records.get(number)
        if record.run.state is State.APPLYING:
            return self.go_on(number, send_again=True)
        self.all()
        run = self._holding(record, lambda now: life.apply(record.run, now))
        return self._steps.begin(record, run, Phase.APPLY, by)

    def roll_back(self, number: int, by: str) -> Progress:
        """Make the charges what they were, or go on with it."""
        record = self._records.get(number)
        if record.run.state is State.ROLLING_BACK:
            return self.go_on(number, send_again=True)
        run = life.step(record.run, Action.ROLL_BACK)
        if touched := self._steps.touched_by(record):
            raise Refused(
                f"run {touched} has changed calls of run {number} since: roll run {touched} back "
                "first"
            )
        return self._steps.begin(record, run, Phase.ROLL_BACK, by)

    def cancel(self, number: int, by: str, may_take_back: bool = True) -> Progress:
        """End the run; what was applied of it is taken back, if whoever asks may order that.

        Raises TakesBack.
        """
        record = self._records.get(number)
        if record.run.state is State.ROLLING_BACK:
            return self.go_on(number, send_again=True)
        run = life.step(record.run, Action.CANCEL)
        if run.state is State.ROLLING_BACK and not may_take_back:
            raise TakesBack(f"run {number} is being applied: cancelling takes that back")
        if run.state is State.ROLLING_BACK:
            return self._steps.begin(record._replace(paused=False), run, Phase.ROLL_BACK, by)
        if record.run.state is State.PREVIEWING:
            self._steps.set_step(record, "closed")
        return self._steps.progress(self._steps.write(record, record._replace(run=run), by))

    def pause(self, number: int, paused: bool) -> Progress:
        """Have the workers leave the run alone, or go on with it."""
        record = self._records.get(number)
        if record.run.state not in RUNNING:
            raise Refused(f"run {number} is {record.run.state}: there is nothing to pause")
        after = self._steps.write(record, record._replace(paused=paused))
        self._steps.set_step(after, "paused" if paused else "open")
        return self.go_on(number, send_again=not paused)

    def go_on(self, number: int, send_again: bool = False) -> Progress:
        """How far the run is; `Steps.go_on`."""
        return self._steps.go_on(number, send_again)

    def look(self, number: int) -> Progress:
        """How far the run is; nothing is done about it."""
        return self._steps.progress(self._records.get(number))

    def figures(self, record: Record) -> Figures:
        """What the run's last preview found."""
        return self._steps.figures(record)

    def explained(self, number: int, call: str) -> list[str]:
        """Why a call costs what it does, and what the run's prices make of it."""
        record = self._records.get(number)
        if not record.digest:
            raise Refused(f"run {number} has no prices yet: preview it first")
        return explained(self._client, prices.load(self._client, record.digest), call)

    def posted(self, record: Record) -> list[Posted]:
        """What the run has changed, by its ledger; nothing before it is applied."""
        return rerate_write.posted(self._client, record.apply_step) if record.apply_step else []

    def all(self) -> list[Record]:
        """Every run; one whose workers are done is brought to its next state if it may be."""
        for record in self._records.all():
            if record.run.state in RUNNING:
                with suppress(Refused):
                    self._steps.go_on(record.number)
        return self._records.all()

    def _stepped(self, record: Record, action: Action, by: str) -> Record:
        run = life.step(record.run, action)
        return self._steps.write(record, record._replace(run=run), by)

    def _holding(self, record: Record, act: Callable[[str], Run]) -> Run:
        """The run after an act that its preview must still hold for; else it has expired."""
        hash_now = self._hash_now(record)
        try:
            return act(hash_now)
        except Refused:
            self._expire(record, hash_now)
            raise

    def _hash_now(self, record: Record) -> str:
        """What the preview's hash would be now; "" before there is a preview."""
        if not record.run.preview_hash:
            return ""
        priced = self._gathered(record)
        return self._steps.hash_now(record, priced)

    def _expire(self, record: Record, hash_now: str) -> None:
        may = (record.run.state, Action.EXPIRE) in life.NEXT
        if may and record.run.preview_hash != hash_now:
            self._stepped(record, Action.EXPIRE, "")

    def _gathered(self, record: Record) -> prices.Prices:
        instead = {(side, deck): other for side, deck, other in record.instead}
        return prices.gather(self._client, instead)
