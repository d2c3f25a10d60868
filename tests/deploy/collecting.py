"""A collector as a process beside the platform, and what its files came to."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from clickhouse import collected
from tests.deploy.conftest import WAIT_S_MAX, Platform, until

TOKEN = "a token of the switch"
TOKEN_SHA256 = "8c0da4133d3910e112b6237359c9007280569787194957eceb9adea411f59766"
STOP_S_MAX = 30


class Collector:
    """One collector; `start` again after `kill`."""

    def __init__(self, platform: Platform, text: str) -> None:
        self._platform, self._toml = platform, platform.folder / "switches.toml"
        self._toml.write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; does not wait."""
        command = [sys.executable, "-m", "deploy.cli", "collect", "--source", str(self._toml)]
        with (self._platform.folder / "collect.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def ready(self) -> None:
        """Wait until it takes records."""
        until("the collector", self.is_ready)

    def is_ready(self) -> bool:
        """Whether it takes records now."""
        try:
            url = f"http://{self._platform.settings.collect_metrics}/readyz"
            with urllib.request.urlopen(url, timeout=2) as answer:
                status: int = answer.status
        except OSError:
            return False
        return status == 200

    def wait_taken(self) -> None:
        """Wait until it has kept something new, no longer: most likely it is not sent yet."""
        path = self._platform.settings.data_dir / "collect" / "collect.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
            taken = "SELECT sum(position) FROM file"
            before, end_s = ledger.execute(taken).fetchone()[0], time.monotonic() + WAIT_S_MAX
            while ledger.execute(taken).fetchone()[0] == before and time.monotonic() < end_s:
                pass

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(STOP_S_MAX)

    def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STOP_S_MAX)

    def log(self) -> str:
        """What it has said."""
        return (self._platform.folder / "collect.log").read_text(errors="replace")

    def post(
        self, path: str, body: bytes, kind: str = "application/json", auth: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of a POST."""
        url = f"http://{self._platform.settings.collect}{path}"
        headers = {"Content-Type": kind, **({"Authorization": auth} if auth else {})}
        request = urllib.request.Request(url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            said = error.read()
            return error.code, json.loads(said) if said.startswith(b"{") else {}


def files(platform: Platform) -> dict[str, dict[str, Any]]:
    """name -> a collected file, as `tollwire collect files` has it."""
    return {row["name"]: row for row in collected.files(platform.client)}


def settled(platform: Platform, records: int) -> dict[str, dict[str, Any]]:
    """The files, once so many records were sent and each message has its receipt."""

    def reached() -> bool:
        rows = files(platform).values()
        sent = sum(row["sent"] for row in rows)
        return bool(sent >= records and sent == sum(row["received"] for row in rows))

    until(f"{records} records in the account of files", reached)
    return files(platform)


def write(path: Path, data: bytes) -> None:
    """Append as a switch does: to the file, at once."""
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
