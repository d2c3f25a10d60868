"""The real kernels compile for sm_90, and to what they should: integers alone, nothing spilled."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KERNELS = ("rate_kernel", "sum_kernel", "change_kernel")
REGISTERS_MAX = 96
"""more would leave fewer than 5 blocks of 128 threads to a multiprocessor"""

pytestmark = pytest.mark.skipif(
    find_spec("numba_cuda") is None, reason="numba-cuda, which compiles to PTX, is not installed"
)


@pytest.fixture(scope="module")
def compiled() -> dict[str, dict[str, str]]:
    """By kernel: its instructions (`ptx`) and what the assembler said (`log`)."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.kernels.gpu_ptx"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "0", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    if "missing" in found:
        pytest.skip(found["missing"])
    return dict(found)


@pytest.fixture(params=KERNELS)
def ptx(request: pytest.FixtureRequest, compiled: dict[str, dict[str, str]]) -> str:
    return compiled[request.param]["ptx"]


def test_for_the_right_device(ptx: str) -> None:
    assert ".target sm_90" in ptx
    assert ".address_size 64" in ptx
    assert ptx.count(".entry") == 1


def test_no_floating_point(ptx: str) -> None:
    """Numba makes float64 of a signed and an unsigned operand; money would lose its last digits."""
    assert not re.findall(r".*\.(?:f16|bf16|f32|f64)\b.*", ptx)


def test_nothing_is_left_to_call_or_in_local_memory(ptx: str) -> None:
    assert not re.findall(r"^\s*call\b.*|.*\.local\b.*", ptx, re.MULTILINE)


def test_columns_are_read_once_and_tables_are_kept(compiled: dict[str, dict[str, str]]) -> None:
    """The sums' atomics might be additions to a table for all the compiler knows: no `nc` there."""
    for name, said in compiled.items():
        kept = "ld.global." if name == "sum_kernel" else "ld.global.nc."
        loads = set(re.findall(r"ld\.global\S*", said["ptx"]))
        columns = {load for load in loads if ".cs." in load}
        assert columns >= {"ld.global.cs.b64", "ld.global.cs.b32", "ld.global.cs.b8"}
        assert loads > columns
        assert all(load.startswith(kept) for load in loads - columns), loads


def test_what_is_written(compiled: dict[str, dict[str, str]]) -> None:
    stores = {name: re.findall(r"st\.global\S*", said["ptx"]) for name, said in compiled.items()}
    adds = {name: re.findall(r"atom\.\S+", said["ptx"]) for name, said in compiled.items()}
    assert stores["rate_kernel"] == ["st.global.cs.b32"] * 3 + ["st.global.cs.b64"] + [
        "st.global.cs.b32"
    ] * 2 + ["st.global.cs.b64"]
    assert stores["change_kernel"] == ["st.global.cs.b8"]
    assert not stores["sum_kernel"], "no call's charge is kept"
    assert set(adds["sum_kernel"]) == {"atom.global.add.u64"}
    assert not adds["rate_kernel"] + adds["change_kernel"]


@pytest.mark.parametrize("name", KERNELS)
def test_it_assembles_and_fits(name: str, compiled: dict[str, dict[str, str]]) -> None:
    log = compiled[name]["log"]
    assert "0 bytes spill stores, 0 bytes spill loads" in log
    registers = int(re.findall(r"Used (\d+) registers", log)[0])
    assert 0 < registers <= REGISTERS_MAX
