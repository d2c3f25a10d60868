"""Starting and stopping as a person does it: `tollwire run`, Ctrl-C, a port that is taken."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from clickhouse.client import ClickHouseDown, ClickHouseRefused, connect
from deploy.runtime.settings import Settings
from tests.deploy.conftest import environment, until

CLI = [sys.executable, "-m", "deploy.cli"]


def run(*arguments: str, settings: Settings) -> "subprocess.CompletedProcess[str]":
    """The command line, to its end."""
    return subprocess.run(
        [*CLI, *arguments],
        env={**os.environ, **environment(settings)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("process", "field", "setting"),
    [
        ("broker", "broker", "TOLLWIRE_BROKER"),
        ("clickhouse", "clickhouse", "TOLLWIRE_CLICKHOUSE"),
        ("rater", "rater_metrics", "TOLLWIRE_RATER_METRICS"),
        ("controls", "controls_metrics", "TOLLWIRE_CONTROLS_METRICS"),
        ("fraud", "fraud_metrics", "TOLLWIRE_FRAUD_METRICS"),
        ("console", "console", "TOLLWIRE_CONSOLE"),
    ],
)
def test_a_taken_port_is_named_with_its_setting(
    process: str, field: str, setting: str, platform_settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        prefix = "http://" if field == "clickhouse" else ""
        settings = platform_settings.model_copy(update={field: f"{prefix}127.0.0.1:{port}"})
        done = run("serve", process, settings=settings)
    assert done.returncode == 1
    assert setting in done.stderr
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named(platform_settings: Settings) -> None:
    environ = {**os.environ, **environment(platform_settings), "TOLLWIRE_PARTITIONS": "0"}
    done = subprocess.run(
        [*CLI, "migrate"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "TOLLWIRE_PARTITIONS" in done.stderr
    assert "Traceback" not in done.stderr


def test_run_rates_calls_and_ctrl_c_leaves_nothing(
    platform_settings: Settings, tmp_path: Path
) -> None:
    log = (tmp_path / "run.log").open("wb")
    process = subprocess.Popen(
        [*CLI, "run"],
        env={**os.environ, **environment(platform_settings)},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        until("the first rated call", lambda: _rated(platform_settings) > 0)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        status = process.wait(30)
        log.close()
    assert status in (0, 130), (tmp_path / "run.log").read_text()
    assert _left(platform_settings) == []


def _rated(settings: Settings) -> int:
    """Charges stored; 0 as long as ClickHouse, the database or the table is not there yet."""
    try:
        client = connect(settings)
    except (ClickHouseDown, ClickHouseRefused):
        return 0
    with closing(client), suppress(DatabaseError):
        return int(client.query("SELECT count() FROM charge").result_rows[0][0])
    return 0


def _left(settings: Settings) -> list[str]:
    """Processes that still carry the settings of the run in their environment."""
    mark = f"TOLLWIRE_BROKER={settings.broker}".encode()
    left = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                left.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return left
