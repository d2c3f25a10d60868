"""Alive, ready, and stuck: the endpoints that every process has."""

import asyncio
import json
import socket
import time
import urllib.error
import urllib.request

import pytest

from deploy.runtime import health
from deploy.runtime.health import STUCK_S_MAX, Health
from deploy.runtime.settings import SettingsError
from tests.conftest import free_port


def get(url: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_process_says_that_it_lives_whether_it_is_ready_and_how_it_fares() -> None:
    address = f"127.0.0.1:{free_port()}"
    state = health.serve("rater", address, "TOLLWIRE_RATER_METRICS")
    url = f"http://{address}"
    assert get(f"{url}/healthz") == (200, '{"status": "ok", "process": "rater"}')
    status, body = get(f"{url}/readyz")
    assert status == 503
    assert json.loads(body) == {"status": "not ready", "process": "rater", "reasons": ["starting"]}
    state.ready_when(list)
    assert get(f"{url}/readyz") == (200, '{"status": "ready", "process": "rater"}')
    state.ready_when(lambda: ["stopping"])
    assert get(f"{url}/readyz")[0] == 503
    status, body = get(f"{url}/metrics?name=x")
    assert status == 200
    assert "process_resident_memory_bytes" in body
    assert get(f"{url}/other")[0] == 404


def test_a_loop_that_turns_no_more_fails_the_liveness_check() -> None:
    now_s = 100.0
    state = Health("rater", lambda: now_s)
    assert state.alive().status == 200, "no loop yet: still starting"

    async def turn_once() -> None:
        beating = asyncio.create_task(state.beat())
        await asyncio.sleep(0)
        beating.cancel()

    asyncio.run(turn_once())
    now_s += STUCK_S_MAX
    assert state.alive().status == 200
    now_s += 1
    assert state.alive() == (
        503,
        {
            "status": "stuck",
            "process": "rater",
            "reasons": [f"the event loop has not turned for {STUCK_S_MAX + 1:.0f} s"],
        },
    )


def test_a_loop_that_turns_keeps_the_process_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "BEAT_S", 0.01)
    monkeypatch.setattr(health, "STUCK_S_MAX", 0.5)
    state = Health("rater")

    async def test() -> None:
        beating = asyncio.create_task(state.beat())
        await asyncio.sleep(1)
        assert state.alive().status == 200
        time.sleep(0.6)  # noqa: ASYNC251 - the loop that stands still is what is tested
        assert state.alive().status == 503
        beating.cancel()

    asyncio.run(test())


def test_a_taken_port_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SettingsError, match=f"TOLLWIRE_X={address}: port"):
            health.serve("x", address, "TOLLWIRE_X")


def test_nothing_that_listens_is_a_reason_with_the_setting() -> None:
    closed = f"127.0.0.1:{free_port()}"
    with socket.create_server(("127.0.0.1", 0)) as open_one:
        address = f"127.0.0.1:{open_one.getsockname()[1]}"
        assert health.unreachable(f"{closed},{address}", "TOLLWIRE_BROKER") == []
    assert health.unreachable(closed, "TOLLWIRE_BROKER") == [
        f"nothing listens at {closed} (TOLLWIRE_BROKER)"
    ]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_the_embedded_clickhouse_answers_checks(clickhouse_url: str, path: str) -> None:
    status, body = get(clickhouse_url + path)
    assert status == 200
    said = {"/healthz": "ok", "/readyz": "ready"}[path]
    assert json.loads(body) == {"status": said, "process": "clickhouse"}
