"""kernels/gpu under the CUDA simulator: the real kernels, on a stand-in for device memory."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKS = (
    "the_oracle",
    "the_kernel",
    "streamed",
    "nothing",
    "sums",
    "sums_past_int64",
    "resident",
    "refusals",
    "tables_are_uploaded_once",
    "out_of_memory_is_no_reason_to_give_up",
    "a_failure_is_told_and_remembered",
)

pytestmark = pytest.mark.skipif(
    find_spec("numba_cuda") is None,
    reason="numba-cuda, and with it the simulator, is not installed",
)


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the checks, run one after the other in a process of their own, said."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.kernels.gpu_simulated"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return [*ran.stdout.splitlines(), ran.stderr[-4_000:]]


@pytest.mark.parametrize("check", CHECKS)
def test_under_the_simulator(check: str, said: list[str]) -> None:
    assert f"ok {check}" in said, "\n".join(said)


def test_every_check_is_listed(said: list[str]) -> None:
    assert [f"ok {check}" for check in CHECKS] == said[:-1]
