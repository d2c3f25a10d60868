"""The real CUDA kernels compiled to PTX and machine code for sm_90, as a process of its own.

Needs no device: numba is told that there is one of that kind, which is why no other process should
do this. Prints a JSON object: by kernel its PTX, and what the assembler says about it; or what is
missing to compile it.
"""

import json
import sys
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import cuda, from_dtype, types
from numba.cuda import dispatcher
from numba.cuda.cudadrv import nvvm

from kernels import empty_rated
from kernels.gpu.columns import charges_of, columns_of, tables_of
from tests.kernels.compiled import Call, book_of, calls_of
from tests.kernels.naive import Price, RateRow, Rule

SM_90 = (9, 0)
nvjitlink, nvrtc = (import_module(f"cuda.bindings.{name}") for name in ("nvjitlink", "nvrtc"))
dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=SM_90)

from kernels.gpu.kernel import rate_kernel  # noqa: E402
from kernels.gpu.what_if import change_kernel, sum_kernel  # noqa: E402


def array(kind: str) -> Any:
    """The type of a column."""
    return types.Array(from_dtype(np.dtype(kind)), 1, "C")


def typed(values: Any) -> Any:
    """The type that a named tuple of columns has on a device."""
    kinds = [types.int64 if isinstance(x, int) else array(x.dtype) for x in values]
    return types.NamedTuple(kinds, type(values))


def arguments() -> dict[Any, list[Any]]:
    """The types that launch.py gives to each kernel."""
    book = book_of([[RateRow("1", 0, 1, Price(1, 1, 1, 1, 1), Rule())]])
    calls = typed(columns_of(calls_of([Call("1", 0, 1)])))
    tables, charges = typed(tables_of(book)), typed(charges_of(empty_rated(1)))
    group = [array("i4"), array("i4"), *[types.int64] * 4]
    return {
        rate_kernel: [calls, tables, charges],
        sum_kernel: [calls, tables, *group, array("i8")],
        change_kernel: [calls, tables, array("i8"), array("i8"), array("u1")],
    }


def assembled(ptx: str) -> str:
    """What the assembler says about registers and spills."""
    linker = nvjitlink.create(3, ["-arch=sm_90", "-verbose", "-Xptxas=-v"])
    nvjitlink.add_data(linker, nvjitlink.InputType.PTX, ptx.encode(), len(ptx.encode()), "kernel")
    nvjitlink.complete(linker)
    log = bytearray(nvjitlink.get_info_log_size(linker))
    nvjitlink.get_info_log(linker, log)
    nvjitlink.destroy(linker)
    return log.decode()


def missing() -> str:
    """Which of the compiler's libraries is not there; "" if all are."""
    asks = {"libNVVM": nvvm.NVVM, "NVRTC": nvrtc.nvrtcVersion, "nvJitLink": nvjitlink.version}
    for name, ask in asks.items():
        try:
            ask()
        except Exception as error:  # each library has its own way to be absent
            return f"{name} is not installed: {type(error).__name__}"
    return ""


if __name__ == "__main__":
    if reason := missing():
        print(json.dumps({"missing": reason}))
        sys.exit()
    found = {}
    for kernel, kinds in arguments().items():
        ptx, _ = cuda.compile(
            kernel.py_func, types.void(*kinds), cc=SM_90, device=False, abi="numba", output="ptx"
        )
        found[kernel.__name__] = {"ptx": ptx, "log": assembled(ptx)}
    print(json.dumps(found))
