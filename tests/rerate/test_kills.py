"""Runs through kill -9 of worker, ClickHouse and command: the end is row for row the same."""

import json
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from clickhouse.client import ClickHouseDown, asking
from deploy.local import running, start
from tests.deploy.conftest import Platform, platform_on, until
from tests.kafka.embedded import Tansu

DAY_MS = 86_400_000
FROM_MS = 20_400 * DAY_MS
CALLS = 4_000
PERIOD = ("--from", "2025-11-08T00:00:00Z", "--to", "2025-11-12T00:00:00Z")
PAUSE_S = (0.5, 5.0)
"""between two kills"""
COMMAND_S_MAX = 600
ROWS = """SELECT cdr_id, leg, reason, duration_ms, billed_s, nanos, currency, deck_version,
    rate_row, received_at, run FROM charge FINAL ORDER BY cdr_id, leg"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tansu]:
    """The embedded one: it is not what is killed here."""
    found = Tansu(tmp_path_factory.mktemp("broker"))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def platform(broker: Tansu, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Calls of four days at 0.06, the sell deck corrected to 0.03, small chunks, a worker."""
    folder = tmp_path_factory.mktemp("kills")
    with platform_on(broker, folder, rerate_chunk_calls=100) as found:
        found.load("gold", "sell", "49,Germany,0.06,0,1,1\n", 0)
        found.load("vend", "buy", "49,Germany,0.01,0,1,1\n", 0)
        found.send(
            *(
                {
                    "call_id": f"call-{i}",
                    "customer": "acme",
                    "vendor": "vend",
                    "called": "4930123456",
                    "answered_at": FROM_MS + i % 4 * DAY_MS + i * 20_000,
                    "duration_ms": 60_000,
                }
                for i in range(CALLS)
            )
        )
        until("the charges", lambda: len(found.rows(ROWS)) == 2 * CALLS)
        found.load("gold", "sell", "49,Germany,0.03,0,1,1\n", 0)
        with running(found.settings, ("rerate",), print) as processes:
            found.processes["rerate"] = processes["rerate"]
            yield found
            found.processes["rerate"].kill()
            found.processes["rerate"].wait()


class Driver(threading.Thread):
    """Takes a run through its life by commands, again and again; one that died is called again."""

    def __init__(self, platform: Platform, before: list[tuple[object, ...]]) -> None:
        super().__init__()
        self.platform, self.before = platform, before
        self.command: subprocess.Popen[str] | None = None
        self.enough = threading.Event()
        self.doing = ""
        self.rounds, self.wrong = 0, list[str]()

    def run(self) -> None:
        """Whole rounds, until there were enough kills."""
        try:
            while not self.enough.is_set() or not self.rounds:
                self._round()
                self.rounds += 1
        except BaseException as error:  # also a pytest.fail: this is a thread of its own
            self.wrong.append(repr(error))

    def _round(self) -> None:
        run = self._made()
        preview = self._said(("preview", run, "--json"), lambda: self._state(run, "previewed"))
        delta = json.loads(preview or self._said(("show", run, "--json"), lambda: ""))["delta"]
        self._expect(delta == "sell -120 USD", f"delta {delta}")
        self._said(("submit", run, "--by", "ann"), lambda: self._state(run, "submitted"))
        self._said(
            ("approve", run, "--by", "bob", "--delta", delta), lambda: self._state(run, "approved")
        )
        self._said(("apply", run), lambda: self._state(run, "applied"))
        after = self._rows()
        changed = [row for row in after if row[-1] == int(run)]
        self._expect(len(changed) == CALLS, f"{len(changed)} legs changed by run {run}")
        self._expect({row[5] for row in changed} == {30_000_000}, "an odd price")
        self._said(("rollback", run), lambda: self._state(run, "rolled_back"))
        self._expect(self._rows() == self.before, "not what it was")

    def _said(self, words: tuple[str, ...], done: Callable[[], str]) -> str:
        """Call a command until it succeeds, or until what it is for is done."""
        while True:
            code, out, err = self._call(words)
            if code == 0:
                return out
            self._expect(code < 0 or "error: " in err, f"{words}: {err[-500:]}")
            if done():
                return ""

    def _call(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        self.doing = words[0]
        self.command = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "rerate", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        out, err = self.command.communicate(timeout=COMMAND_S_MAX)
        return self.command.returncode, out, err

    def _made(self) -> str:
        """A new run; one that was made without a word is left behind."""
        while True:
            _, _, err = self._call(("preview", *PERIOD, "--json"))
            if found := re.search(r"^run (\d+)$", err, re.MULTILINE):
                return found[1]

    def _state(self, run: str, state: str) -> str:
        code, out, _ = self._call(("show", run, "--json"))
        return state if code == 0 and json.loads(out)["state"] == state else ""

    def _rows(self) -> list[tuple[object, ...]]:
        return self._patiently(ROWS)

    def _patiently(self, query: str) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []

        def answered() -> bool:
            try:
                with asking():
                    found[:] = self.platform.rows(query)
            except ClickHouseDown:
                return False
            return True

        until("ClickHouse to answer", answered)
        return found

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            raise AssertionError(what)


def killed(platform: Platform, kills: int, seed: int) -> dict[str, int]:
    """Kill at random moments while a driver works; returns how often what was killed."""
    draw = random.Random(seed)
    driver = Driver(platform, platform.rows(ROWS))
    driver.start()
    count = {"rerate": 0, "clickhouse": 0, "command": 0}
    during: Counter[str] = Counter()
    while sum(count.values()) < kills and driver.is_alive():
        time.sleep(draw.uniform(*PAUSE_S))
        victim = draw.choice(("rerate", "clickhouse", "command", "command"))
        if victim == "command":
            if driver.command is None or driver.command.poll() is not None:
                continue
            driver.command.kill()
        else:
            platform.processes[victim].kill()
            platform.processes[victim].wait()
            platform.processes[victim] = start(victim, platform.settings.data_dir / "logs")
        count[victim] += 1
        during[driver.doing] += 1
    driver.enough.set()
    driver.join()
    assert driver.wrong == []
    assert driver.rounds > 0
    assert sum(count.values()) == kills
    print(f"{count} during {dict(during)}, {driver.rounds} whole runs")
    return count | during


def test_a_few_kills_change_nothing(platform: Platform) -> None:
    killed(platform, 4, 1)


@pytest.mark.slow
def test_fifty_kills_change_nothing(platform: Platform) -> None:
    count = killed(platform, 70, 2)
    kinds = ("rerate", "clickhouse", "command", "preview", "apply", "rollback")
    assert min(count.get(kind, 0) for kind in kinds) > 3
