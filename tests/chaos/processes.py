"""The processes of the campaign: each knows how it is started, whether it should be up, and what
became of it. Only what was started here is ever signalled.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.runtime.settings import Settings

STOP_S_MAX: Final = 20.0
READY_S_MAX: Final = 120.0
POLL_S: Final = 0.1
WATCH_S: Final = 0.25
QUICK_DEATHS_MAX: Final = 20
"""A process that ends by itself more often than this in a campaign is not started again."""

Ready = Callable[[], bool]


class NotReady(Exception):
    """A process did not become ready in time; the message says where its log is."""


def environment(settings: Settings) -> dict[str, str]:
    """The settings as TOLLWIRE_ variables."""
    return {f"TOLLWIRE_{k.upper()}": str(v) for k, v in settings.model_dump().items()}


class Process:
    """One process and its restarts. Whoever disturbs it holds `lock` meanwhile."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        more: Mapping[str, str],
        folder: Path,
        ready: Ready | None = None,
    ) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        self.lock = threading.Lock()
        self.wanted = False
        self.ended_by_itself: list[int] = []
        """Exit statuses that nobody asked for."""
        self.memory_mb_max = 0.0
        self.become(arguments, more)
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def become(self, arguments: list[str], more: Mapping[str, str]) -> None:
        """What it runs from its next start on: a module with its arguments, under variables."""
        self._command = [sys.executable, "-m", *arguments]
        self._environment = {**os.environ, **more}

    @property
    def pid(self) -> int:
        """Of the process started last."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    def start(self) -> None:
        """Start it; does not wait."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.wanted = True

    def wait_ready(self) -> None:
        """Wait until it answers. Raises NotReady."""
        until = time.monotonic() + READY_S_MAX
        while self._ready is not None and not self._ready():
            if not self.alive() or time.monotonic() > until:
                raise NotReady(f"{self.name} is not ready; its log is {self.log}")
            time.sleep(POLL_S)

    def is_ready(self) -> bool:
        """Whether it runs and answers now."""
        return self.alive() and (self._ready is None or self._ready())

    def alive(self) -> bool:
        """Whether it runs, be it stopped."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> int:
        """kill -9, and wait until it is gone; the exit status."""
        return self.end(signal.SIGKILL)

    def end(self, number: signal.Signals = signal.SIGTERM, limit_s: float = STOP_S_MAX) -> int:
        """Send a signal that ends it; kill -9 after limit_s. Returns the exit status."""
        self.wanted = False
        self.measure()
        assert self._process is not None
        self._process.send_signal(number)
        try:
            return self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(STOP_S_MAX)

    def send(self, number: signal.Signals) -> None:
        """Send a signal that does not end it."""
        assert self._process is not None
        self._process.send_signal(number)

    def measure(self) -> None:
        """Note the most memory it has held."""
        if self.alive():
            self.memory_mb_max = max(self.memory_mb_max, peak_mb(self.pid))

    def watch(self) -> None:
        """Start it again if it ended and should not have; whoever holds the lock is left alone."""
        if not self.lock.acquire(blocking=False):
            return
        try:
            if self.wanted and not self.alive():
                assert self._process is not None
                self.ended_by_itself.append(self._process.returncode)
                if len(self.ended_by_itself) <= QUICK_DEATHS_MAX:
                    self.start()
                else:
                    self.wanted = False
            self.measure()
        finally:
            self.lock.release()

    def said(self, *words: str, since: int = 0) -> int:
        """How many lines of its log, from byte `since` on, hold one of the words."""
        with suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(since)
            lines = log.read().decode(errors="replace").splitlines()
            return sum(any(word in line for word in words) for line in lines)
        return 0

    def log_bytes(self) -> int:
        """Length of its log now."""
        return self.log.stat().st_size if self.log.exists() else 0


def peak_mb(pid: int) -> float:
    """The most memory a process has held, in megabytes; 0 if it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1_000
    return 0.0


class Watch(threading.Thread):
    """Restarts what ends by itself, as a service manager would."""

    def __init__(self, processes: list[Process]) -> None:
        super().__init__(daemon=True, name="watch")
        self.processes = processes
        self.over = threading.Event()

    def run(self) -> None:
        """The thread."""
        while not self.over.wait(WATCH_S):
            for process in list(self.processes):
                process.watch()
