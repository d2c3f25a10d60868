"""The sender, a process of its own: an even stream of calls, each message sent until acknowledged.

`python -m tests.chaos.generator FOLDER RUN SEED CALLS_PER_S` with TOLLWIRE_BROKER in the
environment. SIGUSR1 asks for a burst of poison; SIGTERM ends it: what is under way is still
delivered, then the account is closed and the process exits with 0. `state.json` in the folder says
how far it is.
"""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Final

from aiokafka.errors import KafkaError

from deploy.runtime.settings import load_settings
from streams.collector import Collector
from tests.chaos.account import Account
from tests.chaos.calls import Draw
from tests.chaos.messages import Encoder, Message

BEAT_S_MIN: Final = 0.1
BEAT_S_MAX: Final = 1.0
CALLS_PER_BEAT: Final = 900
IN_FLIGHT_MAX: Final = 20_000
BURST_RECORDS: Final = 400
AGAIN_S: Final = 0.3


class Generator:
    """Draws, writes down, sends."""

    def __init__(self, folder: Path, run: str, seed: int, calls_per_s: float) -> None:
        self._folder, self._calls_per_s = folder, calls_per_s
        self._draw, self._encoder = Draw(seed), Encoder(run, seed)
        self._account = Account(folder)
        self._waiting: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop, self._bursts_asked, self._bursts = asyncio.Event(), 0, 0
        self._records = 0
        self._acked = 0

    async def run(self) -> None:
        """Send until told to stop, then until everything is acknowledged."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_signal_handler(signal.SIGINT, self._stop.set)
        loop.add_signal_handler(signal.SIGUSR1, self._ask_burst)
        begin_s, sent = time.monotonic(), 0
        beat_s = min(max(CALLS_PER_BEAT / self._calls_per_s, BEAT_S_MIN), BEAT_S_MAX)
        async with Collector(load_settings()) as collector:
            while not self._stop.is_set():
                due = int((time.monotonic() - begin_s + beat_s) * self._calls_per_s) - sent
                calls = min(max(due, 0), int(2 * self._calls_per_s * beat_s) + 1)
                if len(self._tasks) < IN_FLIGHT_MAX:
                    self._beat(collector, calls)
                    sent += calls
                self._say(begin_s)
                wait_s = begin_s + sent / self._calls_per_s - time.monotonic()
                await asyncio.sleep(max(wait_s, 0.01))
            while self._tasks:
                await asyncio.wait(self._tasks, timeout=1.0)
                self._say(begin_s)
        self._account.close()
        self._say(begin_s, done=True)

    def _ask_burst(self) -> None:
        self._bursts_asked += 1

    def _beat(self, collector: Collector, calls: int) -> None:
        now_s, now_ms = time.monotonic(), int(time.time() * 1_000)
        parts = [self._draw.fresh(calls, now_ms), self._draw.due(now_s, self._waiting)]
        if self._bursts < self._bursts_asked:
            self._bursts += 1
            parts.append(self._draw.poison(BURST_RECORDS, now_ms))
        for part in parts:
            for message in self._encoder.messages(part):
                self._account.about_to_send(message)
                self._draw.plan_copies(message.records, now_s)
                self._records += len(message.records)
                self._waiting.add(message.number)
                task = asyncio.create_task(self._deliver(collector, message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _deliver(self, collector: Collector, message: Message) -> None:
        tries = 0
        while True:
            tries += 1
            try:
                sent = await collector.send(message.customer, message.kind, message.payload)
                place = await sent
                break
            except KafkaError:
                await asyncio.sleep(AGAIN_S)
        self._account.acknowledged(message, place.partition, place.offset, tries)
        self._waiting.discard(message.number)
        self._acked += len(message.records)

    def _say(self, begin_s: float, done: bool = False) -> None:
        state = {
            "seconds": round(time.monotonic() - begin_s, 1),
            "calls": self._draw.calls,
            "records": self._records,
            "acknowledged": self._acked,
            "in_flight": len(self._tasks),
            "bursts": self._bursts,
            "done": done,
        }
        fresh = self._folder / "state.new"
        fresh.write_text(json.dumps(state))
        fresh.replace(self._folder / "state.json")


def main() -> None:
    """The command line of the module's docstring."""
    folder, run, seed, calls_per_s = sys.argv[1:]
    asyncio.run(Generator(Path(folder), run, int(seed), float(calls_per_s)).run())


if __name__ == "__main__":
    main()
