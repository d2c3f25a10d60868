"""A console in a process of its own, as an operator runs it."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from deploy.runtime.settings import Settings

START_S_MAX = 30
STOP_S_MAX = 20
POLL_S = 0.1
PASSED = (
    *("broker", "clickhouse", "database", "console", "rater_metrics", "raters"),
    *("data_dir", "documents"),
)
SERVE = (
    "from dashboards.app import serve; from deploy.runtime.settings import load_settings;"
    " serve(load_settings())"
)


class ConsoleProcess:
    """Runs `serve` with settings; its output goes to a file."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.url = f"http://{settings.console}"
        self.log = log
        root = Path(__file__).parents[2]
        named = {f"TOLLWIRE_{name.upper()}": str(getattr(settings, name)) for name in PASSED}
        environment = {**os.environ, **named, "PYTHONPATH": str(root)}
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE], cwd=root, env=environment, stdout=out, stderr=out
            )

    def wait_ready(self) -> "ConsoleProcess":
        """Wait until it answers; fails with its log if it ends or takes too long."""
        until = time.monotonic() + START_S_MAX
        while self.process.poll() is None and time.monotonic() < until:
            with suppress(urllib.error.URLError, OSError), self._get("/healthz") as answer:
                if answer.status == 200:
                    return self
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(POLL_S)
        self.stop()
        raise AssertionError(f"the console did not start:\n{self.log.read_text()[-2_000:]}")

    def _get(self, path: str) -> "urllib.request._UrlopenRet":
        return urllib.request.urlopen(self.url + path, timeout=START_S_MAX)

    def stop(self) -> tuple[int, float]:
        """SIGTERM; the exit status and the seconds it took."""
        began = time.monotonic()
        self.process.terminate()
        try:
            return self.process.wait(STOP_S_MAX), time.monotonic() - began
        finally:
            self.process.kill()
            self.process.wait()
