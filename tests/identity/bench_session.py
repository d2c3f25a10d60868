"""What the look at the session costs a request: GET /v1/noc with and without it.

Run: pytest -m bench -s tests/identity/bench_session.py
"""

import http.client
import time
from pathlib import Path

import pytest

from dashboards.identity.keys import Asked
from dashboards.identity.roles import Role
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards import console_process
from tests.dashboards.console_process import ConsoleProcess
from tests.dashboards.people import entrance, opened
from tests.identity.requests import by_key, by_session

REQUESTS = 1_000
WARM = 100
WITHOUT = (
    "from dashboards import app; from dashboards.api.who import STAFF_ONLY;"
    " from deploy.runtime.settings import load_settings; build = app.build\n"
    "def unruled(settings):\n"
    "    built = build(settings)\n"
    "    built.dependency_overrides[STAFF_ONLY] = lambda: None\n"
    "    return built\n"
    "app.build = unruled; app.serve(load_settings())"
)


def measured(settings: Settings, headers: dict[str, str]) -> list[float]:
    """Milliseconds of each request, one after the other, sorted."""
    host, _, port = settings.console.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    spent = []
    for _ in range(REQUESTS + WARM):
        began = time.perf_counter()
        connection.request("GET", "/v1/noc", headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        spent.append((time.perf_counter() - began) * 1_000)
    connection.close()
    return sorted(spent[WARM:])


def said(name: str, spent: list[float]) -> None:
    """One line of the result."""
    p50, p99 = spent[len(spent) // 2], spent[len(spent) * 99 // 100]
    print(f"{name:16} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms", flush=True)


@pytest.mark.bench
def test_what_a_session_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("broker", "clickhouse", "console", "rater_metrics")
    address = {name: f"127.0.0.1:{free_port()}" for name in names}
    address["clickhouse"] = f"http://{address['clickhouse']}"
    settings = Settings.model_validate({**address, "data_dir": tmp_path})
    console = ConsoleProcess(settings, tmp_path / "log").wait_ready()
    own = opened(settings)
    session = by_session(entrance(own))
    key = by_key(own.keys.new(Asked("nora", "bench", (Role.NOC_VIEWER,), 1), own.by("nora")))
    print(f"\nGET /v1/noc, {REQUESTS:,} one after the other over loopback")
    said("with a session", measured(settings, session))
    said("with a key", measured(settings, key))
    console.stop()
    monkeypatch.setattr(console_process, "SERVE", WITHOUT)
    other = ConsoleProcess(settings, tmp_path / "log").wait_ready()
    said("without a rule", measured(settings, {}))
    other.stop()
