"""The console as a process: a taken port, and an end that does not wait for open pages."""

import http.client
import socket
from pathlib import Path

import pytest

from dashboards.identity.cookie import PLAIN
from deploy.runtime.settings import Settings
from tests.conftest import free_port
from tests.dashboards.console_process import STOP_S_MAX, ConsoleProcess
from tests.dashboards.people import entrance, opened

END_S_MAX = 2


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    """Settings of a console for whom everybody else is away."""
    names = ("broker", "clickhouse", "console", "rater_metrics")
    address = {name: f"127.0.0.1:{free_port()}" for name in names}
    address["clickhouse"] = f"http://{address['clickhouse']}"
    return Settings.model_validate({**address, "data_dir": tmp_path})


def test_a_taken_port_is_one_line_that_says_what_to_set(alone: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = alone.model_copy(update={"console": f"127.0.0.1:{port}"})
        console = ConsoleProcess(settings, tmp_path / "log")
        assert console.process.wait(STOP_S_MAX) == 1
    said = console.log.read_text().splitlines()
    assert len(said) == 1
    assert str(port) in said[0]
    assert "TOLLWIRE_CONSOLE" in said[0]


def test_open_streams_do_not_hold_the_end(alone: Settings, tmp_path: Path) -> None:
    console = ConsoleProcess(alone, tmp_path / "log").wait_ready()
    signed_in = {"cookie": f"{PLAIN}={entrance(opened(alone))}"}
    host, _, port = alone.console.rpartition(":")
    streams = [http.client.HTTPConnection(host, int(port), timeout=STOP_S_MAX) for _ in range(5)]
    try:
        for stream in streams:
            stream.request("GET", "/v1/noc/stream", headers=signed_in)
        answers = [stream.getresponse() for stream in streams]
        for answer in answers:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.readline() == b"retry: 2000\n"
        status, spent_s = console.stop()
        assert status == 0, console.log.read_text()
        assert spent_s < END_S_MAX
        for answer in answers:
            assert b"event: snapshot" in answer.read()
    finally:
        for stream in streams:
            stream.close()
