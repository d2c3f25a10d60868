"""What tests share: a real ClickHouse, embedded, in a process of its own; a fresh database a test.

chDB is never loaded into the pytest process, and nothing of ours before a fixture needs it:
tests/kernels also run where there is nothing but kernels/.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from deploy.runtime.settings import Settings
    from tests.documents.postgres import Postgres
    from tests.kafka.broker import Broker

START_S_MAX = 60
STOP_S_MAX = 20
TRIES_MAX = 3
POLL_S = 0.05
_NUMBERS = count(1)


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Server:
    """One embedded ClickHouse process on a folder; `start` again after `kill` for a crash."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 0
        self.log = folder.parent / f"{folder.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Server":
        """Start and wait until it answers; another port if somebody took the first."""
        for left in reversed(range(TRIES_MAX)):
            self.port = free_port()
            process = launch(self.port, self.folder, self.log)
            self._process = process
            until = time.monotonic() + START_S_MAX
            while self._runs(process) and time.monotonic() < until:
                if self._answers():
                    return self
            self.kill()
            said = self.log.read_text(errors="replace")
            if "cannot be used" not in said or not left:
                break
        pytest.fail(f"the embedded ClickHouse did not start:\n{said[-2_000:]}", pytrace=False)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self._process:
            self._process.kill()
            self._process.wait(STOP_S_MAX)

    def stop(self) -> int:
        """SIGTERM; returns the exit status, after kill -9 if it does not go."""
        assert self._process is not None
        self._process.terminate()
        try:
            return self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    @staticmethod
    def _runs(process: "subprocess.Popen[bytes]") -> bool:
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
        return process.poll() is None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=START_S_MAX) as answer:
                return answer.status == 200  # type: ignore[no-any-return]
        except (urllib.error.URLError, OSError):
            return False


def launch(port: int, folder: Path, log: Path) -> "subprocess.Popen[bytes]":
    """Start the server's command line; its output goes to the file `log`."""
    command = [sys.executable, "-m", "clickhouse.embedded"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--path", str(folder)]
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with log.open("wb") as out:
        return subprocess.Popen(command, cwd=root, env=environment, stdout=out, stderr=out)


def settings_for(url: str, data_dir: Path, database: str = "tollwire") -> "Settings":
    """Settings of the server at `url`; everything else as by default."""
    from deploy.runtime.settings import Settings

    return Settings.model_validate({"clickhouse": url, "data_dir": data_dir, "database": database})


@pytest.fixture(scope="module", params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Broker]":
    """A new broker, running: each test that uses it runs on the embedded one and on Kafka."""
    from tests.kafka.cluster import Kafka
    from tests.kafka.embedded import Tansu
    from tests.kafka.fetch import missing

    if request.param == "kafka" and missing():
        pytest.skip(missing())
    folder = tmp_path_factory.mktemp(request.param)
    found = Kafka(folder) if request.param == "kafka" else Tansu(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a ClickHouse that all tests of the session share; use a `database` of your own."""
    server = Server(tmp_path_factory.mktemp("clickhouse") / "data").start()
    yield server.url
    server.stop()


@pytest.fixture
def database(clickhouse_url: str) -> Iterator[str]:
    """Name of a database that no other test uses; it does not exist yet, and goes afterwards."""
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    yield name
    drop = f"DROP DATABASE IF EXISTS {name} SYNC".encode()
    urllib.request.urlopen(clickhouse_url, data=drop, timeout=30).close()


@pytest.fixture
def settings(clickhouse_url: str, database: str, tmp_path: Path) -> "Settings":
    """Settings of the shared server and the test's own database, not migrated."""
    return settings_for(clickhouse_url, tmp_path, database)


@pytest.fixture(scope="session")
def whole_database(
    clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[tuple[Settings, set[str]]]":
    """The one database that holds every table, and their names; migrating takes seconds."""
    from clickhouse.migrate import migrate

    name = f"test_{os.getpid()}_whole"
    found = settings_for(clickhouse_url, tmp_path_factory.mktemp("whole"), name)
    migrate(found)
    yield found, {table for table, _ in _tables(found)}
    drop = f"DROP DATABASE IF EXISTS {name} SYNC".encode()
    urllib.request.urlopen(clickhouse_url, data=drop, timeout=30).close()


@pytest.fixture
def migrated(whole_database: "tuple[Settings, set[str]]", tmp_path: Path) -> "Settings":
    """Settings of a database that holds every table, empty; what a test added has gone."""
    from clickhouse.client import connect

    settings, own = whole_database
    with closing(connect(settings)) as client:
        for name, rows in _tables(settings):
            if name not in own:
                client.command(f"DROP TABLE `{name}` SYNC")
            elif rows and name != "schema_migration":
                client.command(f"TRUNCATE TABLE `{name}` SYNC")
    return settings.model_copy(update={"data_dir": tmp_path})


def _tables(settings: "Settings") -> list[tuple[str, int]]:
    """(name, rows) of all tables that hold rows."""
    from clickhouse.client import connect

    query = """SELECT name, total_rows FROM system.tables
        WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"""
    with closing(connect(settings)) as client:
        return [(str(name), int(rows or 0)) for name, rows in client.query(query).result_rows]


@pytest.fixture(scope="session")
def broker_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An embedded broker with empty topics, for consoles that only look."""
    import asyncio

    from deploy.runtime.settings import Settings
    from streams.topics import ensure_topics
    from tests.kafka.embedded import Tansu

    broker = Tansu(tmp_path_factory.mktemp("broker"))
    broker.start()
    asyncio.run(ensure_topics(Settings(broker=broker.address)))
    yield broker.address
    broker.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Postgres]":
    """A PostgreSQL that all tests of the session share."""
    from tests.documents.postgres import Postgres

    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server.start()
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def documents_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of documents, on SQLite and, where there is one, on PostgreSQL."""
    from tests.documents.postgres import missing

    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/documents.db"
    if missing():
        pytest.skip(missing())
    fresh: str = request.getfixturevalue("postgres").fresh()
    return fresh
