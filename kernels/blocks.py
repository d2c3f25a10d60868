"""Work on many calls cut into blocks over the threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from os import cpu_count
from typing import TypeVar

Found = TypeVar("Found")

BLOCK_CALLS = 65_536
"""Calls a thread takes at a time; a batch of one block runs on the caller's thread."""


def threads_of(threads: int) -> int:
    """How many threads are meant: 0 takes every core."""
    return threads or cpu_count() or 1


@cache
def pool(threads: int) -> ThreadPoolExecutor:
    """The threads that work is done on, as many as asked for; kept."""
    return ThreadPoolExecutor(threads, thread_name_prefix="kernels")


def in_blocks(n: int, threads: int, work: Callable[[int, int], Found]) -> Iterator[Found]:
    """work(start, stop) over every block of n calls, in order."""
    if n <= BLOCK_CALLS or threads == 1:
        return iter([work(0, n)])
    starts = range(0, n, BLOCK_CALLS)
    return pool(threads).map(work, starts, (min(at + BLOCK_CALLS, n) for at in starts))
