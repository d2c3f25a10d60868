"""What surrounds the processes: what was asked for, ClickHouse's disk, one rater's wall clock."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

DISK_MB: Final = 6_000
"""Size of ClickHouse's disk while it is not full."""
ROOM_MB: Final = 800
"""Left free of a full disk: less than ClickHouse keeps for its merges (clickhouse/embedded.xml)."""
_FAKETIME: Final = "faketime/libfaketimeMT.so.1"
_LIBRARIES: Final = tuple(Path("/usr/lib").glob("*-linux-gnu*"))


class Asked(NamedTuple):
    """What the command line asked for."""

    folder: Path
    seed: int
    calls_per_s: float
    broker: str
    nodes: int

    @property
    def run(self) -> str:
        """What every call id begins with."""
        return f"chaos{self.seed}"


class Disk:
    """ClickHouse's disk: a small tmpfs where one may be mounted, a plain folder otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.why_not = ""
        folder.mkdir(parents=True)
        done = self._mount("-t", "tmpfs", "-o", f"size={DISK_MB}m", "chaos-disk", str(folder))
        if done.returncode:
            self.why_not = f"no tmpfs can be mounted here: {done.stderr.strip()}"

    @staticmethod
    def _mount(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = shutil.which("mount") or "mount"
        try:
            return subprocess.run(
                [command, *arguments], capture_output=True, text=True, check=False
            )
        except OSError as error:
            return subprocess.CompletedProcess(command, 1, "", str(error))

    def fill(self) -> None:
        """Leave no room for inserts."""
        usage = os.statvfs(self.folder)
        used_mb = (usage.f_blocks - usage.f_bfree) * usage.f_frsize // 1_048_576
        if not self._resize(f"{used_mb + ROOM_MB}m"):
            raise OSError(f"{self.folder} cannot be made smaller")

    def free(self) -> None:
        """Room again."""
        if not self.why_not and not self._resize(f"{DISK_MB}m"):
            raise OSError(f"{self.folder} cannot be made as large as it was")

    def _resize(self, size: str) -> bool:
        done = self._mount("-o", f"remount,size={size}", str(self.folder))
        return done.returncode == 0

    def close(self) -> None:
        """Unmount it; what is on it is gone."""
        if not self.why_not:
            subprocess.run(["umount", str(self.folder)], check=False)


class Clock:
    """The wall clock of one rater, which can jump; the monotonic one runs on. Needs libfaketime."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.library = next((p for d in _LIBRARIES if (p := d / _FAKETIME).exists()), None)
        self.why_not = "" if self.library else "libfaketime is not installed"
        self.jump("+0")

    def jump(self, offset: str) -> None:
        """Show the time so much ahead ("+3600") or behind."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(offset)
        fresh.replace(self._file)

    def environment(self) -> dict[str, str]:
        """What a process needs to see this clock."""
        if self.library is None:
            return {}
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }
