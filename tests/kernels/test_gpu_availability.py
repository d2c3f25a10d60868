"""kernels.gpu says on any machine whether there is a device, and why not; it always imports."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = "from kernels import gpu; print(gpu.available(), gpu.takes(10**9), gpu.why_not(), sep='|')"
with_packages = pytest.mark.skipif(
    find_spec("numba_cuda") is None or find_spec("cupy") is None,
    reason="cupy or numba-cuda is not installed",
)


def answer(before: str = "", **environment: str) -> list[str]:
    """What a fresh process says: available, whether it takes a large batch, why not."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import sys\n{before}\n{ASK}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_ENABLE_CUDASIM": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("\n") == 1
    return ran.stdout.strip().split("|")


def hidden(*names: str) -> str:
    return "".join(f"sys.modules[{name!r}] = None\n" for name in names)


def test_without_packages() -> None:
    said = answer(hidden("cupy", "cupyx", "numba_cuda", "numba.cuda"))
    assert said == ["False", "False", "not installed: cupy, numba_cuda"]


@with_packages
@pytest.mark.parametrize("name", ["cupy", "numba_cuda"])
def test_without_one_package(name: str) -> None:
    assert answer(hidden(name)) == ["False", "False", f"not installed: {name}"]


@with_packages
def test_the_simulator_is_no_device() -> None:
    said = answer(NUMBA_ENABLE_CUDASIM="1")
    assert said == [
        "False",
        "False",
        "NUMBA_ENABLE_CUDASIM is set, and the simulator is no device",
    ]


@with_packages
def test_without_a_device() -> None:
    available, takes, why_not = answer(CUDA_VISIBLE_DEVICES="-1")
    assert (available, takes) == ("False", "False")
    assert why_not.startswith(("numba finds no device", "CudaSupportError", "CUDARuntimeError"))


@with_packages
def test_with_broken_packages() -> None:
    """A package that is there and does not work is a reason like any other."""
    broken = (
        "from importlib.machinery import ModuleSpec",
        "from types import ModuleType",
        "from numba import cuda",
        "cuda.is_available = lambda: True",
        "sys.modules['cupy'] = ModuleType('cupy')",
        "sys.modules['cupy'].__spec__ = ModuleSpec('cupy', None)",
    )
    available, _, why_not = answer("\n".join(broken))
    assert available == "False"
    assert why_not == "AttributeError: module 'cupy' has no attribute 'cuda'"


def test_importing_kernels_imports_nothing_of_cuda() -> None:
    seen = "import kernels; print(*(m in sys.modules for m in ('cupy', 'numba.cuda')), sep='|')"
    code = f"import sys; {seen}"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "False|False"


@with_packages
def test_where_numba_cuda_does_not_take_the_place_of_numbas_own() -> None:
    said = answer("from numba import cuda\ncuda.implementation = 'Built-in'")
    assert said[0] == "False"
    assert said[2].startswith("numba.cuda is numba's own")
