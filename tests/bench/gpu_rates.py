"""What a CUDA device is, how its time is taken, and how fast it and the host can copy at best."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

RUNS = 7
LAUNCHES = 10
COPY_BYTES = 1 << 32
PINNED_BYTES = 1 << 30
Figures = dict[str, Any]


def device_ms(work: Callable[[], object]) -> float:
    """Median milliseconds on the device, of RUNS after one that warms up.

    A run is LAUNCHES in a row, so that the device does not wait for the host to enqueue the next.
    """
    import cupy

    taken = []
    for _ in range(RUNS + 1):
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record()
        for _ in range(LAUNCHES):
            work()
        end.record()
        end.synchronize()
        taken.append(float(cupy.cuda.get_elapsed_time(begin, end)) / LAUNCHES)
    return statistics.median(taken[1:])


def wall_s(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median seconds, of `runs` after one that warms up."""
    taken = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken[1:])


def device_name() -> str:
    """Device, its memory, driver and runtime."""
    import cupy

    runtime = cupy.cuda.runtime
    found = runtime.getDeviceProperties(0)
    memory = found["totalGlobalMem"] / 2**30
    versions = (
        f"driver for CUDA {runtime.driverGetVersion()}, runtime {runtime.runtimeGetVersion()}"
    )
    return f"{found['name'].decode()}, {memory:.0f} GiB, {driver()}, {versions}"


def driver() -> str:
    """The kernel driver's version, as Linux tells it."""
    try:
        with open("/proc/driver/nvidia/version", encoding="utf-8") as file:
            return " ".join(file.readline().split())
    except OSError:
        return "driver version not told"


def copy_rates() -> Figures:
    """Bytes a nanosecond: device to device (read and written), and page-locked host memory."""
    import cupy
    import cupyx

    one, other = cupy.ones(COPY_BYTES, np.uint8), cupy.ones(COPY_BYTES, np.uint8)
    on_device = 2 * COPY_BYTES / device_ms(lambda: cupy.copyto(other, one)) / 1e6
    up, down = (cupyx.empty_pinned(PINNED_BYTES, np.uint8) for _ in "ab")
    up.fill(1)
    streams = [cupy.cuda.Stream(non_blocking=True) for _ in "ab"]

    def to_device() -> None:
        one[:PINNED_BYTES].set(up, stream=streams[0])

    def to_host() -> None:
        other[:PINNED_BYTES].get(stream=streams[1], out=down, blocking=False)

    def timed(*copies: Callable[[], None]) -> float:
        def run() -> None:
            for copy in copies:
                copy()
            for stream in streams:
                stream.synchronize()

        return PINNED_BYTES / wall_s(run) / 1e9

    return {
        "device_copy_gb_s": round(on_device, 1),
        "pinned_to_device_gb_s": round(timed(to_device), 1),
        "device_to_pinned_gb_s": round(timed(to_host), 1),
        "pinned_both_ways_gb_s": round(timed(to_device, to_host), 1),
    }
