"""What a fault is, what it works with, and how it shows that it happened.

A fault takes the locks of what it disturbs; it is Busy where another one holds them, and the
campaign then takes another. `over` ends a long one early. Evidence "" means that none was seen.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tests.chaos.plant import Plant
from tests.chaos.processes import Process

SEEN_S_MAX: Final = 20.0
SEEN_POLL_S: Final = 0.3


class Busy(Exception):
    """What the fault would disturb is disturbed already."""


class Scene(NamedTuple):
    """What a fault works with."""

    plant: Plant
    rng: random.Random
    over: threading.Event

    def wait(self, low_s: float, high_s: float) -> None:
        """Wait so long, or until the campaign ends."""
        self.over.wait(self.rng.uniform(low_s, high_s))

    def wait_seen(self, seen: Callable[[], bool], low_s: float, high_s: float) -> None:
        """Wait so long, then until it is seen, SEEN_S_MAX more at most."""
        self.wait(low_s, high_s)
        until = time.monotonic() + SEEN_S_MAX
        while not seen() and time.monotonic() < until and not self.over.wait(SEEN_POLL_S):
            pass


Fault = Callable[[Scene], tuple[str, str]]
"""(target, evidence)"""


@contextmanager
def held(*locks: "threading.Lock") -> Iterator[None]:
    """Hold all locks; Busy if one is taken."""
    with ExitStack() as stack:
        for lock in locks:
            if not lock.acquire(blocking=False):
                raise Busy
            stack.callback(lock.release)
        yield


def restarted(process: Process, status: int, before: int) -> str:
    """The evidence of kill -9 and a new process, "" if it was not so."""
    if status != -signal.SIGKILL or process.pid == before or not process.alive():
        return ""
    return f"exit status {status}, process {before} -> {process.pid}"


def stopped(pid: int) -> bool:
    """Whether the kernel has stopped a process."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


def pause(scene: Scene, pid: int, name: str, low_s: float, high_s: float) -> tuple[str, str]:
    """SIGSTOP for some seconds."""
    os.kill(pid, signal.SIGSTOP)
    try:
        scene.wait(low_s, high_s)
        return name, "stopped, as /proc says" if stopped(pid) else ""
    finally:
        os.kill(pid, signal.SIGCONT)
