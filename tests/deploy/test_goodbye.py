"""SIGTERM ends a rater in bounded time, also when the parts it would say goodbye to are away."""

from tests.deploy.conftest import Platform

END_S_MAX = 30


def test_a_rater_ends_without_its_broker(platform: Platform) -> None:
    platform.broker.kill()
    rater = platform.processes["rater"]
    rater.terminate()
    assert rater.wait(END_S_MAX) == 0
