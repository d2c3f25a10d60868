"""Rating on a CUDA device: resident, streamed from the host, and what-ifs over all that fits.

`python -m tests.bench.bench_gpu`; needs numpy, pyarrow, numba, cupy, numba-cuda and a device. Every
way's results are held to the CPU's before its time is printed. The last line is JSON.

"Touched" bytes are the columns a call reads and writes, and a 32-byte sector for each of the table
entries that every call reads (by number: top table and code length; both sides: closure word, price
class): what must move if no cache helps. Pieces and deeper branches come on top for some calls.
"""

import argparse
import json
import sys
from typing import Any, NamedTuple

import numpy as np

from kernels import Book, Calls, Nodes, empty_rated, gpu, rate
from kernels.aggregate import DAY_MS, Grouping, aggregate
from kernels.layout import Leg, Numbers, read_only
from tests.bench.gpu_rates import Figures, copy_rates, device_ms, device_name, wall_s
from tests.bench.kernel_ours import CORES, bytes_per_call, compile_all
from tests.bench.kernel_world import BEGIN_MS, WINDOW_MS, Size, as_calls, make_traffic, make_world
from tests.kernels.gpu_worlds import same

SECTOR = 32
TABLE_READS = {"numbers": 2 + 2 + 2, "nodes": 2 + 2}
ACCOUNT_BYTES = 4
TINY_RUNS = 200
MEMORY_SHARE = 0.8
DESTINATIONS = 50
CHANGES_CALLS_MAX = 1 << 30


class Job(NamedTuple):
    """One batch in two orders, as numbers and as nodes."""

    book: Book
    batches: dict[tuple[str, str], Calls]
    """by (random | deck order, numbers | nodes)"""
    calls: int


def reordered(calls: Calls, order: Any) -> Calls:
    """The same calls in another order."""
    called = calls.called
    return Calls(
        Nodes(called.node[order], called.epoch)
        if isinstance(called, Nodes)
        else Numbers(called.digits[order], called.digit_count[order]),
        calls.answered_ms[order],
        calls.duration_ms[order],
        Leg(calls.sell.deck[order], calls.sell.fx),
        Leg(calls.buy.deck[order], calls.buy.fx),
    )


def make_job(options: argparse.Namespace) -> Job:
    """The world of the CPU's benchmark, compiled, and its traffic."""
    size = Size(options.decks, options.codes, options.union, seed=options.seed)
    world = make_world(size)
    book = compile_all(world).book
    traffic = make_traffic(world, options.calls, options.seed)
    numbers = as_calls(traffic)
    nodes = as_calls(traffic, Nodes(rate(numbers, book, CORES).node, book.codes.epoch))
    order = np.lexsort((traffic.buy_deck, traffic.sell_deck))
    batches = {}
    for name, calls in (("numbers", numbers), ("nodes", nodes)):
        batches["random order", name] = calls
        batches["deck order", name] = reordered(calls, order)
    return Job(book, batches, options.calls)


def resident(job: Job, copy_gb_s: float) -> Figures:
    """The kernel alone: columns, tables and results on the device."""
    import cupy

    from kernels.gpu import launch
    from kernels.gpu.columns import Charges, columns_of, each
    from kernels.gpu.memory import books, upload
    from kernels.gpu.resident import Resident
    from kernels.gpu.stream import OUT

    tables, figures = books.tables(job.book), {}
    out = launch.views(Charges(*(cupy.zeros(job.calls, kind) for kind in OUT)))
    for (order, kind), calls in job.batches.items():
        assert same(Resident(calls).rate(job.book), rate(calls, job.book, CORES)), (order, kind)
        columns = launch.views(each(upload, columns_of(calls)))
        ns = device_ms(lambda c=columns: launch.rate(c, tables, out)) * 1e6 / job.calls  # type: ignore[misc]
        columns_bytes = bytes_per_call(kind == "nodes")
        touched = columns_bytes + SECTOR * TABLE_READS[kind]
        print(
            f"resident, {order}, {kind}: {ns * 1e3:.1f} ps/CDR, {1 / ns:.1f} G/s; "
            f"{touched} B touched at {touched / ns:,.0f} GB/s = {touched / ns / copy_gb_s:.0%} of "
            f"a copy; columns alone {columns_bytes} B, {columns_bytes / ns / copy_gb_s:.0%}"
        )
        figures[f"resident_ns_{kind}_{order.split()[0]}"] = round(ns, 4)
    tiny = launch.views(each(lambda column: upload(column[:1]), columns_of(calls)))
    enqueued = wall_s(lambda: launch.rate(tiny, tables, out), TINY_RUNS)
    print(f"one launch takes the host {enqueued * 1e6:.0f} us")
    return {**figures, "launch_us": round(enqueued * 1e6, 1)}


def streamed(job: Job, rates: Figures) -> Figures:
    """From host columns to host columns, page-locked or not."""
    from kernels.gpu.pinned import pinned_calls, pinned_rated

    figures = {}
    for kind in ("numbers", "nodes"):
        calls = job.batches["random order", kind]
        up = bytes_per_call(kind == "nodes") - (down := 32 + 4 * (kind == "numbers"))
        floor = max(
            up / rates["pinned_to_device_gb_s"],
            down / rates["device_to_pinned_gb_s"],
            max(up, down) / rates["pinned_both_ways_gb_s"],
        )
        expected = rate(calls, job.book, CORES)
        for where in ("pinned", "pageable"):
            pinned = where == "pinned"
            given = pinned_calls(calls) if pinned else calls
            out = pinned_rated(job.calls) if pinned else empty_rated(job.calls)
            ns = wall_s(lambda g=given, o=out: gpu.rate(g, job.book, o)) * 1e9 / job.calls  # type: ignore[misc]
            assert same(out, expected), (where, kind)
            print(
                f"streamed, {kind}, {where}: {ns:.3f} ns/CDR, {1e3 / ns:,.0f} M/s; {up} B up, "
                f"{down} B down; {floor / ns:.0%} of the page-locked copy rate"
            )
            figures[f"streamed_ns_{kind}_{where}"] = round(ns, 4)
            figures[f"streamed_share_{kind}_{where}"] = round(floor / ns, 3)
    ns = wall_s(lambda: rate(calls, job.book, 0, out)) * 1e9 / job.calls
    print(f"through the door, which looks through a batch before it is rated: {ns:.3f} ns/CDR")
    return {**figures, "door_ns_nodes_pageable": round(ns, 4)}


def grouping(job: Job, calls: Calls) -> Grouping:
    """By customer (its deck), day and one of a few destinations."""
    nodes, decks = len(job.book.codes.parent), len(job.book.closure)
    destination = (np.arange(nodes) % DESTINATIONS).astype(np.int32)
    days = (WINDOW_MS[1] - WINDOW_MS[0]) // DAY_MS
    return Grouping(calls.sell.deck, decks, BEGIN_MS, days, destination, DESTINATIONS)


def tiled(column: Any, times: int) -> Any:
    """A column many times over, on the device."""
    import cupy

    long = cupy.empty((times, len(column)), column.dtype)
    long[...] = cupy.asarray(column)
    return long.reshape(-1)


def tiled_calls(calls: Calls, times: int) -> Calls:
    """A batch of nodes many times over, on the device."""
    assert isinstance(calls.called, Nodes)
    return Calls(
        Nodes(tiled(calls.called.node, times), calls.called.epoch),
        tiled(calls.answered_ms, times),
        tiled(calls.duration_ms, times),
        Leg(tiled(calls.sell.deck, times), calls.sell.fx),
        Leg(tiled(calls.buy.deck, times), calls.buy.fx),
    )


def fitting(job: Job, bytes_a_call: int) -> int:
    """How many times the batch fits into what is free on the device."""
    import cupy

    cupy.get_default_memory_pool().free_all_blocks()
    free = int(cupy.cuda.runtime.memGetInfo()[0] * MEMORY_SHARE)
    return max(1, free // (bytes_a_call * job.calls))


def what_if_sums(job: Job, dearer: Book) -> Figures:
    """All the calls that fit, priced and summed again and again."""
    from kernels.gpu.resident import Resident

    calls = job.batches["random order", "nodes"]
    by = grouping(job, calls)
    times = fitting(job, bytes_per_call(True) - 32 + ACCOUNT_BYTES)
    held = Resident(tiled_calls(calls, times))
    held.group(by._replace(account=tiled(by.account, times)))
    for book in (job.book, dearer):
        sums = zip(held.aggregate(book), aggregate(calls, book, by, CORES), strict=True)
        assert all(np.array_equal(a, b * times) for a, b in sums)
    seconds, n = wall_s(lambda: held.aggregate(dearer)), len(held)
    print(f"what-if, sums: {n / 1e9:.2f} G calls in {seconds * 1e3:.1f} ms")
    return {"what_if_calls": n, "what_if_s": round(seconds, 4)}


def what_if_changes(job: Job, dearer: Book) -> Figures:
    """Which of up to CHANGES_CALLS_MAX calls would cost something else."""
    from kernels.gpu.resident import Resident

    calls = job.batches["random order", "nodes"]
    stored, after = rate(calls, job.book, CORES), rate(calls, dearer, CORES)
    times = min(fitting(job, 128), max(1, CHANGES_CALLS_MAX // job.calls))
    held = Resident(tiled_calls(calls, times))
    held.store(tiled(stored.sell.nanos, times), tiled(stored.buy.nanos, times))
    differs = (after.sell.nanos != stored.sell.nanos) | (after.buy.nanos != stored.buy.nanos)
    found = held.changes(dearer)
    assert len(found.row) == int(differs.sum()) * times
    assert np.array_equal(found.row[: int(differs.sum())], np.flatnonzero(differs))
    seconds, n = wall_s(lambda: held.changes(dearer)), len(held)
    share = len(found.row) / n
    print(f"what-if, changes: {n / 1e9:.2f} G calls, {share:.1%} change, {seconds * 1e3:.1f} ms")
    return {"changes_calls": n, "changes_share": round(share, 4), "changes_s": round(seconds, 4)}


def main() -> None:
    """Print the figures; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("calls", 20_000_000), ("decks", 200), ("codes", 50_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--union", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not gpu.available():
        sys.exit(f"no CUDA device to measure on: {gpu.why_not()}")
    print(device_name())
    rates = copy_rates()
    print(", ".join(f"{name} {value:,}" for name, value in rates.items()))
    job = make_job(options)
    prices = job.book.prices.copy()
    prices[::50, 1] += 1
    dearer = job.book._replace(prices=read_only(prices))
    figures = {"calls": job.calls, "device": device_name(), **rates}
    figures |= resident(job, rates["device_copy_gb_s"]) | streamed(job, rates)
    figures |= what_if_sums(job, dearer) | what_if_changes(job, dearer)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
