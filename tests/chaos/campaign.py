"""The campaign: faults one after another and some at once, then the end: mend, drain, stop."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from tests.chaos.faults import KINDS
from tests.chaos.plant import Plant
from tests.chaos.processes import NotReady
from tests.chaos.scene import Busy, Scene

BETWEEN_S: Final = (2.0, 4.5)
AT_ONCE_MAX: Final = 3
TRIED_MAX: Final = 8
BUSY_S_MAX: Final = 0.5
CALM_S_MAX: Final = 150.0
AHEAD_S: Final = 90.0
"""How long before its date a new version of the decks is published."""
DECK_CHANGES: Final = (0.25, 0.5, 0.75)
"""After which parts of the faults."""
SENT_S_MAX: Final = 240.0

Say = Callable[[str], None]


class Done(NamedTuple):
    """One fault that was."""

    kind: str
    target: str
    began_s: float
    ended_s: float
    """wall clock"""
    evidence: str


def draw_kinds(faults: int, rng: random.Random, kinds: list[str]) -> list[str]:
    """So many kinds in random order, each about as often as its weight says, none left out."""
    drawn: list[str] = []
    while len(drawn) < faults:
        part = [kind for kind in kinds for _ in range(KINDS[kind].weight)]
        rng.shuffle(part)
        first = rng.sample(kinds, len(kinds))
        for kind in first:
            part.remove(kind)
        drawn += first + part
    chosen = drawn[:faults]
    rng.shuffle(chosen)
    return chosen


class Campaign:
    """Runs the faults against a plant that is running."""

    def __init__(self, plant: Plant, seed: int, say: Say) -> None:
        self.plant, self._say = plant, say
        self._rng = random.Random(seed)
        self.done: list[Done] = []
        self.trouble: list[str] = []
        """What went wrong with the campaign itself."""
        self._over = threading.Event()
        self._begin_s = 0.0
        self._left: list[str] = []
        self._running: list[threading.Thread] = []

    def run(self, faults: int, kinds: list[str], until_s: float) -> None:
        """Inflict so many faults, or as many as there is time for (until_s: monotonic)."""
        self._begin_s = time.monotonic()
        self._left = draw_kinds(faults, self._rng, kinds)
        changes = [int(part * faults) for part in DECK_CHANGES]
        while (self._left or self._running) and time.monotonic() < until_s:
            if changes and len(self.done) >= changes[0]:
                changes.pop(0)
                self._change_decks()
            self._running = [thread for thread in self._running if thread.is_alive()]
            if len(self._running) < AT_ONCE_MAX:
                self._begin()
            self._over.wait(self._rng.uniform(*BETWEEN_S))
        self._join()

    def _begin(self) -> None:
        """Start the first fault that nothing seems to stand in the way of."""
        for kind in self._left[:TRIED_MAX]:
            self._left.remove(kind)
            busy = threading.Event()
            arguments = (kind, self._rng.randrange(1 << 30), busy)
            thread = threading.Thread(target=self._inflict, args=arguments, name=kind, daemon=True)
            thread.start()
            if not busy.wait(BUSY_S_MAX):
                self._running.append(thread)
                return

    def _inflict(self, kind: str, seed: int, busy: threading.Event) -> None:
        """One fault, in a thread of its own; one that is in another's way comes again later."""
        scene = Scene(self.plant, random.Random(seed), self._over)
        began_s = time.time()
        target, evidence = "", ""
        try:
            target, evidence = KINDS[kind].run(scene)
        except Busy:
            self._left.append(kind)
            busy.set()
            return
        except Exception as error:
            self.trouble.append(f"{kind}: {error!r}")
        done = Done(kind, target, began_s, time.time(), evidence)
        self.done.append(done)
        state = self.plant.sent_so_far()
        self._say(
            f"{len(self.done):>4}  {time.monotonic() - self._begin_s:>5.0f} s  {kind}: {target}, "
            f"{done.ended_s - began_s:.1f} s; {evidence or 'NO EVIDENCE'} "
            f"({state.get('records', 0):,} sent)"
        )

    def _change_decks(self) -> None:
        """Publish new versions while nothing is broken; they hold from some time later on."""
        self._join()
        with suppress(NotReady):
            self.plant.mend()
        valid_from_s = time.time() + AHEAD_S
        try:
            self.plant.publish(int(valid_from_s * 1_000))
        except Exception as error:
            self.trouble.append(f"deck change: {error!r}")
        if time.time() > valid_from_s:
            self.trouble.append("a deck change came after its date")
        self._say(
            f"      new versions of all decks, from {AHEAD_S:.0f} s after they were asked for"
        )

    def _join(self) -> None:
        until = time.monotonic() + CALM_S_MAX
        for thread in self._running:
            thread.join(max(0.1, until - time.monotonic()))
            if thread.is_alive():
                self.trouble.append(f"{thread.name}: does not end")

    def finish(self) -> None:
        """Mend everything, and let the generator deliver what it has."""
        self._over.set()
        try:
            self.plant.mend()
        except NotReady as error:
            self.trouble.append(str(error))
        generator = self.plant.generator
        generator.lock.acquire()
        status = generator.end(limit_s=SENT_S_MAX)
        if status != 0 or not self.plant.sent_so_far().get("done"):
            self.trouble.append(f"the generator ended with {status}, not everything was delivered")
        self.plant.end_jumps()
