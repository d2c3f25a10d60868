"""Finished files out of the way: kept, deleted, or moved, as their source says."""

import os
from pathlib import Path
from typing import Final

import structlog

from streams.collect.file_row import FileRow
from streams.collect.options import Folder

NAMES_MAX: Final = 1_000
"""tries for a name that is free where files are moved to"""
_log = structlog.get_logger()


def tidy(folder: Folder, row: FileRow) -> None:
    """Do with a finished file what its source says, if it is still the one that was read."""
    if folder.done == "keep":
        return
    path = Path(folder.directory) / row.name
    try:
        own = path.stat()
        as_read = (row.device, row.inode, row.size, row.mtime_ns)
        if (own.st_dev, own.st_ino, own.st_size, own.st_mtime_ns) != as_read:
            return  # another look finds what it is
        if folder.done == "delete":
            path.unlink()
        else:
            os.rename(path, _free(Path(folder.done_directory), row.name))
    except FileNotFoundError:
        _log.warning("a finished file was away already, or its place is", file=row.name)
    except OSError as error:
        _log.error("a finished file stays where it is", file=row.name, why=str(error))


def _free(directory: Path, name: str) -> Path:
    """A path that no file has: what is there is never overwritten."""
    path = directory / name
    for number in range(1, NAMES_MAX):
        if not path.exists():
            return path
        path = directory / f"{name}.{number}"
    raise FileExistsError(f"{directory} has {NAMES_MAX} files named {name}")
