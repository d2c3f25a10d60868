"""A rater ends in bounded time on SIGTERM, and when its broker has begun another log."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.rater import EXIT_LOG
from tests.conftest import free_port
from tests.deploy.conftest import Platform, platform_on, until
from tests.kafka.embedded import Tansu

END_S_MAX = 30


def test_a_rater_that_waits_for_the_group_ends(platform: Platform) -> None:
    """The group forms late: a member that is stopped does not join again."""
    first = platform.processes["rater"]
    log = platform.folder / "second.log"
    os.kill(first.pid, signal.SIGSTOP)
    try:
        with log.open("wb") as out:
            second = subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "serve", "rater"],
                env=os.environ | {"TOLLWIRE_RATER_METRICS": f"127.0.0.1:{free_port()}"},
                stdout=out,
                stderr=out,
            )
        try:
            until("the second rater to join", lambda: b"joining the group" in log.read_bytes())
            second.terminate()
            assert second.wait(END_S_MAX) == 0
            assert b"worker ready" not in log.read_bytes()
        finally:
            second.kill()
    finally:
        os.kill(first.pid, signal.SIGCONT)


def test_a_rater_ends_without_its_broker(platform: Platform) -> None:
    platform.broker.kill()
    rater = platform.processes["rater"]
    rater.terminate()
    assert rater.wait(END_S_MAX) == 0


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Platform]:
    """A platform on a broker that forgets everything when it is started again."""
    broker = Tansu(tmp_path)
    broker.start()
    try:
        with platform_on(broker, tmp_path) as found:
            yield found
    finally:
        broker.stop()


def test_a_rater_ends_when_its_broker_began_a_new_log(embedded: Platform) -> None:
    embedded.broker.kill()
    embedded.broker.restart()
    assert embedded.processes["rater"].wait(END_S_MAX) == EXIT_LOG
