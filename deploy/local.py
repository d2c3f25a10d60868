"""The processes of one machine: start what is not running, know when it is ready, stop it again."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.error import URLError

from honcho.manager import Manager

from billing.errors import TollwireError
from deploy.broker import check_port
from deploy.runtime.settings import Settings, host_port
from deploy.traffic.burst import FRAUD_RULES

PROCFILE: Final = Path(__file__).parent.parent / "Procfile"
READY_S_MAX: Final = 90.0
STOP_S_MAX: Final = 15.0
_POLL_S: Final = 0.1

Stage = Callable[[str], None]


class NotReady(TollwireError):
    """A process ended or did not become ready in time; the message says where its log is."""


def listens(settings: Settings) -> dict[str, tuple[str, str]]:
    """process -> (address, setting) of everything that listens; webhooks where there are some."""
    webhooks = {"webhooks": (settings.webhooks_metrics, "TOLLWIRE_WEBHOOKS_METRICS")}
    return {
        **(webhooks if settings.webhooks else {}),
        "broker": (settings.broker, "TOLLWIRE_BROKER"),
        "clickhouse": (settings.clickhouse, "TOLLWIRE_CLICKHOUSE"),
        "rater": (settings.rater_metrics, "TOLLWIRE_RATER_METRICS"),
        "controls": (settings.controls_metrics, "TOLLWIRE_CONTROLS_METRICS"),
        "fraud": (settings.fraud_metrics, "TOLLWIRE_FRAUD_METRICS"),
        "rerate": (settings.rerate_metrics, "TOLLWIRE_RERATE_METRICS"),
        "console": (settings.console, "TOLLWIRE_CONSOLE"),
    }


def is_up(address: str, setting: str) -> bool:
    """Whether something accepts connections at HOST:PORT, or at one of several."""
    for one in address.split(","):
        with suppress(OSError), socket.create_connection(host_port(one, setting), timeout=1):
            return True
    return False


def rater_metric(settings: Settings, name: str) -> float | None:
    """The sum of a metric of the rater over its labels, or None if it does not answer."""
    try:
        url = f"http://{settings.rater_metrics}/metrics"
        with urllib.request.urlopen(url, timeout=2) as answer:
            lines = answer.read().decode().splitlines()
    except (URLError, OSError):
        return None
    values = [
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith((f"{name} ", f"{name}{{" if "{" not in name else f"{name} "))
    ]
    return sum(values) if values else None


def run(settings: Settings) -> int:
    """Run every process of the Procfile until one ends or Ctrl-C; returns the exit status.

    Also webhooks, if TOLLWIRE_WEBHOOKS names a file of them.
    """
    for address, setting in listens(settings).values():
        check_port(address, setting)
    manager = Manager()
    rules = settings.fraud_rules or str(_demo_rules(settings.data_dir / "seed"))
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TOLLWIRE_FRAUD_RULES": rules}
    more = ["webhooks: tollwire serve webhooks"] if settings.webhooks else []
    for line in [*PROCFILE.read_text().splitlines(), *more]:
        name, _, command = line.partition(":")
        if command.strip() and not name.startswith("#"):
            command = command.strip().replace("tollwire", f"{sys.executable} -m deploy.cli", 1)
            manager.add_process(name, command, env=environment)
    manager.loop()
    return 0 if manager.returncode in (None, 0, 130, -signal.SIGINT) else int(manager.returncode)


def _demo_rules(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fraud.toml"
    path.write_text(FRAUD_RULES)
    return path


@contextmanager
def running(
    settings: Settings, names: tuple[str, ...], stage: Stage
) -> Iterator["dict[str, subprocess.Popen[bytes]]"]:
    """Have the named processes up; yields those it started, which it stops at the end.

    Raises NotReady.
    """
    logs = settings.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    started: dict[str, subprocess.Popen[bytes]] = {}
    addresses = listens(settings)
    try:
        for name in names:
            if is_up(*addresses[name]):
                stage(f"{name} is running at {addresses[name][0]}")
            else:
                started[name] = start(name, logs)
        for name in names:
            _wait(settings, name, started.get(name), logs, stage)
        yield started
    finally:
        _stop(list(started.values())[::-1])


def start(name: str, logs: Path) -> "subprocess.Popen[bytes]":
    """Start one process in a session of its own; its output goes to logs/NAME.log."""
    with (logs / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "serve", name],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _ready(settings: Settings, name: str) -> bool:
    if name == "rater":
        return rater_metric(settings, "tollwire_rater_ready") == 1
    return is_up(*listens(settings)[name])


def _wait(
    settings: Settings,
    name: str,
    process: "subprocess.Popen[bytes] | None",
    logs: Path,
    stage: Stage,
) -> None:
    begin = time.monotonic()
    while not _ready(settings, name):
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() - begin > READY_S_MAX:
            what = "ended" if ended else f"is not ready after {READY_S_MAX:.0f} s"
            log = logs / f"{name}.log"
            tail = log.read_text(errors="replace")[-1_500:] if process else ""
            raise NotReady(f"{name} {what}; its log is {log}\n{tail}")
        time.sleep(_POLL_S)
    if process is not None:
        stage(f"{name} ready at {listens(settings)[name][0]}")


def _stop(processes: "list[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_S_MAX
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
