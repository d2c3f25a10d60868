"""A PostgreSQL of the tests' own, where its programs and a driver are installed.

Debian: `apt-get install postgresql`, and `pip install 'psycopg[binary]'`. Without them the tests of
the documents run on SQLite only.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from tests.conftest import free_port

PLACES = "/usr/lib/postgresql"
USER = "postgres"
START_S_MAX = 60
POLL_S = 0.05
_NUMBERS = count(1)


@cache
def missing() -> str:
    """Why no PostgreSQL can be started here; empty if one can."""
    if _program("initdb") is None:
        return "no PostgreSQL here: Debian's package is postgresql"
    if importlib.util.find_spec("psycopg") is None:
        return "no driver for PostgreSQL: pip install 'psycopg[binary]'"
    return ""


def _program(name: str) -> str | None:
    found = sorted(Path(PLACES).glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


class Postgres:
    """A server on a folder and a free port of loopback; as root it runs as its own user."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder / "data", free_port()
        self._log = folder / "postgres.log"
        for made in (folder, *folder.parents[:2]):
            made.chmod(0o755)
        self._folder.mkdir()
        root = os.geteuid() == 0
        self._as: dict[str, Any] = {"user": USER, "group": USER} if root else {}
        if root:
            entry = pwd.getpwnam(USER)
            os.chown(self._folder, entry.pw_uid, entry.pw_gid)

    def start(self) -> "Postgres":
        """Make the cluster and wait until it answers."""
        init, server = _program("initdb"), _program("postgres")
        assert init is not None
        assert server is not None
        made = [init, "-D", str(self._folder), "-U", USER, "-A", "trust", "-N", "-E", "UTF8"]
        with self._log.open("wb") as log:
            subprocess.run(made, check=True, stdout=log, stderr=log, cwd="/", **self._as)
            places = ["-h", "127.0.0.1", "-p", str(self._port), "-k", "", "-F"]
            self._process = subprocess.Popen(
                [server, "-D", str(self._folder), *places],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._as,
            )
        until = time.monotonic() + START_S_MAX
        while time.monotonic() < until and self._process.poll() is None:
            if self._answers():
                return self
            time.sleep(POLL_S)
        raise AssertionError(self._log.read_text())

    def _answers(self) -> bool:
        try:
            with self._admin().connect() as connection:
                connection.execute(text("SELECT 1"))
        except Exception:
            return False
        return True

    def url(self, database: str) -> str:
        """Of a database on it."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self._port}/{database}"

    def fresh(self) -> str:
        """The address of a new database."""
        name = f"documents_{next(_NUMBERS)}"
        with self._admin().connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        return self.url(name)

    def _admin(self) -> Engine:
        return create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")

    def stop(self) -> None:
        """At once."""
        self._process.kill()
        self._process.wait(START_S_MAX)
