"""What passes between the benchmark and a peer's process: tables as columns in a folder, totals.

Imports nothing of ours, so that a peer's process holds nothing but the peer.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

DECK_KEY: Final = 16 * 10**15
"""deck * DECK_KEY + number is one key for deck and number"""
SIDES: Final = ("sell", "buy")

Columns = dict[str, npt.NDArray[Any]]
Totals = list[int]
"""rated calls, billed seconds and nanos of the sell side, then of the buy side"""
Ways = dict[str, Callable[[], Totals]]


def write_table(folder: Path, name: str, columns: Columns) -> None:
    """Store one table."""
    np.savez(folder / f"{name}.npz", allow_pickle=False, **columns)


def read_table(folder: Path, name: str) -> Columns:
    """One table's columns."""
    with np.load(folder / f"{name}.npz") as stored:
        return {column: np.ascontiguousarray(stored[column]) for column in stored}


def rss_mb_max() -> int:
    """The most memory this process has held since it began, or since `forget_rss_max`."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1_024


def forget_rss_max() -> None:
    """Let rss_mb_max begin anew."""
    Path("/proc/self/clear_refs").write_text("5")
